import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { countNgrams } from "../../src/train/ngram.js";

/** Texts in which a token mostly follows from the two before it. */
function texts(seed: number, count = 40): number[][] {
  const next = uniforms(seed, "texts");
  return Array.from({ length: count }, () => {
    const text = [0];
    while (text.length < 60) {
      const [a = 0, b = 0] = text.slice(-2);
      text.push(next() < 0.8 ? (3 * a + 5 * b + 1) % 7 : Math.floor(7 * next()));
    }
    return text;
  });
}

describe("n-grams", () => {
  it("are probabilities: over all tokens they sum to one, behind contexts that were seen and that were not", () => {
    const ngrams = countNgrams(texts(1), { vocabulary: 9, order: 4 });
    for (const context of [[], [0], [1, 2], [3, 3, 3], [8, 8, 8], [6, 5, 4, 3, 2, 1]]) {
      const all = Array.from({ length: 9 }, (_, token) => ngrams.probability(context, token));
      expect(Math.min(...all)).toBeGreaterThan(0);
      expect(all.reduce((sum, one) => sum + one)).toBeCloseTo(1, 12);
    }
  });

  it("are what the formula gives by hand", () => {
    // Bigrams of 0 1 2 1 2 1 0 and 0 2 2: 01:1 12:2 21:2 10:1 02:1 22:1. Counts of one: 4, of two: 2.
    const ngrams = countNgrams(
      [
        [0, 1, 2, 1, 2, 1, 0],
        [0, 2, 2],
      ],
      { vocabulary: 4, order: 2 },
    );
    const y = 4 / (4 + 2 * 2);
    const [d1, d2] = [1 - (2 * y * 2) / 4, 2 - 0]; // no count of three: 2 - 3 * y * 0 / 2 is 2, which leaves nothing
    expect([d1, d2]).toEqual([0.5, 2]);
    // A discount that leaves nothing is replaced by a half. Tokens before 0: {1}, 1: {0, 2}, 2: {1, 0, 2}: 1, 2 and 3, of which
    // one is one, one is two, one is three: y 1/3, discounts 1/3, 1, and for three 3 - 4/3 * 0 = 3, replaced by a half.
    const [e1, e2, e3] = [1 - 2 / 3, 2 - 1, 0.5];
    const unigram = (count: number, off: number): number => (count - off + (e1 + e2 + e3) / 4) / 6;
    const [zero, one, two, none] = [unigram(1, e1), unigram(2, e2), unigram(3, e3), unigram(0, 0)];
    for (const [token, p] of [zero, one, two, none].entries())
      expect(ngrams.probability([3], token)).toBeCloseTo(p, 12);
    // Behind 1: 2 twice, 0 once; half is taken off each.
    expect(ngrams.probability([1], 2)).toBeCloseTo((2 - 0.5 + 1 * two) / 3, 12);
    expect(ngrams.probability([1], 0)).toBeCloseTo((1 - 0.5 + 1 * zero) / 3, 12);
    expect(ngrams.probability([1], 3)).toBeCloseTo((0 + 1 * none) / 3, 12);
    expect(ngrams.bits([0, 1, 2])).toBeCloseTo(
      -Math.log2(ngrams.probability([0], 1)) - Math.log2(ngrams.probability([1], 2)),
      12,
    );
  });

  it("foretell new texts of the same kind the better the more they look at, up to what there is to see", () => {
    const bits = [1, 2, 3, 4].map((order) => {
      const ngrams = countNgrams(texts(1, 200), { vocabulary: 7, order });
      return texts(2).reduce((sum, text) => sum + ngrams.bits(text), 0) / (40 * 59);
    });
    // Without a context nothing is known; with two tokens nearly all: 0.8 one token, the rest even.
    expect(bits[0]).toBeGreaterThan(2.7);
    expect(bits[1]).toBeLessThan(bits[0] ?? 0);
    expect(bits[2]).toBeLessThan(1.5);
    expect(Math.abs((bits[3] ?? 0) - (bits[2] ?? 0))).toBeLessThan(0.1);
  });

  it("tell contexts of many rare tokens apart", () => {
    const [a, b] = [
      [0, 4001, 4002, 4003, 4004, 1],
      [0, 3001, 4002, 4003, 4004, 2],
    ];
    const ngrams = countNgrams([a, b, a, b], { vocabulary: 4096 });
    expect(ngrams.probability(a.slice(1, -1), 1)).toBeGreaterThan(0.7);
    expect(ngrams.probability(b.slice(1, -1), 2)).toBeGreaterThan(0.7);
  });

  it("are refused where contexts have no number", () => {
    expect(() => countNgrams([], { vocabulary: 50_000, order: 5 })).toThrow("can't be counted");
  });
});
