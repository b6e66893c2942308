import { expect, it } from "vitest";
import { linesIn } from "../../src/core/files.js";

async function linesOfPieces(pieces: readonly Buffer[]): Promise<readonly (readonly [string, boolean])[]> {
  async function* stream(): AsyncGenerator<Buffer> {
    for (const piece of pieces) yield await Promise.resolve(piece);
  }
  const lines: [string, boolean][] = [];
  for await (const { bytes, whole } of linesIn(stream())) lines.push([bytes.toString(), whole]);
  return lines;
}

it("lines are the same wherever the stream of bytes is cut, twice", async () => {
  const bytes = Buffer.from("one\n\ntw\u00f6\nthree");
  const wanted = [
    ["one", true],
    ["", true],
    ["tw\u00f6", true],
    ["three", false],
  ];
  for (let first = 0; first <= bytes.length; first++)
    for (let second = first; second <= bytes.length; second++) {
      const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      expect(await linesOfPieces(pieces), `cut at ${first} and ${second}`).toEqual(wanted);
    }
  expect(await linesOfPieces([])).toEqual([]);
  expect(await linesOfPieces([Buffer.from("end\n")])).toEqual([["end", true]]);
});
