import { describe, expect, it } from "vitest";
import { frequentPieces, vocabularyCurve } from "../../src/complete/vocabulary.js";

const frequencies = new Map([
  ["self", 30],
  [" self", 9],
  ["_self", 20],
  ["value", 4],
  [" value", 3],
  ["_value", 3],
  ["rare", 9],
  ["(", 50],
  [" =", 4],
  ["\n    ", 10],
]);

describe("frequent pieces", () => {
  it("are those that reach the cut-off, with what rarer blanks and underscores leave", () => {
    expect(frequentPieces(frequencies, 10)).toEqual([
      { piece: "self", count: 39 },
      { piece: "_self", count: 20 },
      { piece: "\n    ", count: 10 },
      { piece: "value", count: 10 },
    ]);
  });

  it("are all of them at a cut-off of 1, but for single bytes", () => {
    expect(new Set(frequentPieces(frequencies, 1).map(({ piece }) => piece))).toEqual(
      new Set([...frequencies.keys()].filter((piece) => piece !== "(")),
    );
  });
});

it("the curve counts what a cut-off leaves, and what is still one token", () => {
  expect(vocabularyCurve(frequencies, [1, 10, 1_000])).toEqual([
    { cutoff: 1, pieces: 9, covered: 1 },
    // Not covered: " self", " value", "_value", "rare" and " =", which are two tokens or bytes.
    { cutoff: 10, pieces: 4, covered: 1 - (9 + 3 + 3 + 9 + 4) / 142 },
    { cutoff: 1_000, pieces: 0, covered: 50 / 142 },
  ]);
  expect(vocabularyCurve(new Map(), [10])).toEqual([{ cutoff: 10, pieces: 0, covered: 0 }]);
});
