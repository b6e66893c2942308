import { describe, expect, it } from "vitest";
import {
  bitsPerByte,
  frequentTokens,
  lengthStats,
  rankCurve,
  rareTail,
} from "../../src/complete/analysis.js";

const counts = Float64Array.of(3, 0, 12, 12, 1, 0, 90);

it("the most frequent tokens, of equal ones the first", () => {
  expect(frequentTokens(counts, (id) => `t${id}`, 3)).toEqual([
    { token: "t6", count: 90 },
    { token: "t2", count: 12 },
    { token: "t3", count: 12 },
  ]);
});

describe("ranks", () => {
  it("fall from the first to the last", () => {
    expect(rankCurve(counts).map(({ rank, count }) => [rank, count])).toEqual([
      [1, 90],
      [2, 12],
      [3, 12],
      [4, 3],
      [5, 1],
    ]);
    expect(rankCurve(new Float64Array(3))).toEqual([]);
  });

  it("are thinned evenly on a logarithmic axis", () => {
    const many = Float64Array.from({ length: 10_000 }, (_, at) => at + 1);
    const curve = rankCurve(many, 5);
    expect(curve.map(({ rank }) => rank)).toEqual([1, 10, 100, 1_000, 10_000]);
    expect(curve.map(({ count }) => count)).toEqual([10_000, 9_991, 9_901, 9_001, 1]);
  });
});

it("the rare tail and what is not there", () => {
  expect(rareTail(counts)).toEqual({ below: 10, rare: 2, unused: 2, share: 4 / 118 });
  expect(rareTail(counts, 2)).toMatchObject({ rare: 1, share: 1 / 118 });
  expect(rareTail(new Float64Array(2))).toMatchObject({ rare: 0, unused: 2, share: 0 });
});

it("lengths of files", () => {
  const files = [
    { bytes: 100, tokens: 40 },
    { bytes: 10, tokens: 5 },
    { bytes: 70, tokens: 15 },
    { bytes: 0, tokens: 0 },
  ];
  expect(lengthStats(files)).toEqual({
    files: 4,
    bytes: 180,
    tokens: 60,
    meanTokens: 15,
    medianTokens: 10,
    bytesPerToken: 3,
  });
  expect(lengthStats([])).toMatchObject({ meanTokens: 0, medianTokens: 0, bytesPerToken: 0 });
});

it("a model that is sure of nothing needs eight bits for a byte", () => {
  expect(bitsPerByte(Math.log(256), { tokens: 10, bytes: 10 })).toBeCloseTo(8, 12);
  // Two bytes a token: a byte costs half of the token's bits.
  expect(bitsPerByte(Math.log(16), { tokens: 50, bytes: 100 })).toBeCloseTo(2, 12);
});
