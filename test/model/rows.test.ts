import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { newRow, prefixInput, rowInput, take, type DrawRequest } from "../../src/model/rows.js";

const request = (changes: Partial<DrawRequest> = {}): DrawRequest => ({
  key: "a",
  prompt: [4, 5, 6],
  maxTokens: 8,
  temperature: 0.7,
  topP: 0.9,
  topK: 40,
  seed: 3,
  ...changes,
});

const first = (seed: number, count: number): number[] => {
  const next = uniforms(seed, "draw");
  return Array.from({ length: count }, next);
};

describe("a row", () => {
  it("puts all of its prompt but the last token in first, then asks for that one", () => {
    const row = newRow(request());
    expect(prefixInput(row, 2)).toMatchObject({ ids: [4, 5], cached: 0, from: 2, limit: 1 });
    row.from = 2;
    row.cached = 2;
    expect(rowInput(row, 3)).toEqual({
      ids: [6],
      cached: 2,
      from: 2,
      limit: 8,
      temperature: 0.7,
      topP: 0.9,
      topK: 40,
      uniforms: first(3, 3),
    });
  });

  it("goes on from its newest token, with the next of its numbers", () => {
    const row = newRow(request());
    const seen = rowInput(row, 2).uniforms;
    expect(take(row, [7, 8], [0])).toBe(null);
    const next = rowInput(row, 3);
    expect(next).toMatchObject({ ids: [8], limit: 6 });
    expect([...seen, ...next.uniforms]).toEqual(first(3, 5));
  });

  it("draws by its seed alone", () => {
    const numbers = (changes: Partial<DrawRequest>) => rowInput(newRow(request(changes)), 4).uniforms;
    expect(numbers({ key: "b", prompt: [1] })).toEqual(numbers({}));
    expect(numbers({ seed: 4 })).not.toEqual(numbers({}));
  });

  it.each([
    ["at a stop token, without it", {}, [1, 2, 0, 3], "stop", [1, 2]],
    ["at once", {}, [0], "stop", []],
    ["at its limit", { maxTokens: 2 }, [1, 2, 3], "length", [1, 2]],
    ["at a stop token right behind its limit: by the limit", { maxTokens: 2 }, [1, 2, 0], "length", [1, 2]],
    [
      "where its watch says so, with that token",
      { watch: () => (token: number) => token === 2 },
      [1, 2, 3],
      "stop",
      [1, 2],
    ],
    ["not before", {}, [1, 2, 3], null, [1, 2, 3]],
  ] as const)("ends %s", (_, changes, tokens, ended, drawn) => {
    const row = newRow(request(changes));
    expect(take(row, tokens, [0, 9])).toBe(ended);
    expect(row.drawn).toEqual(drawn);
  });

  it("makes its watch anew each time it begins", () => {
    let made = 0;
    const watched = request({ watch: () => (made++, () => false) });
    newRow(watched);
    newRow(watched);
    expect(made).toBe(2);
  });
});
