// Golden numbers are SciPy's (scripts/golden/intervals.py).
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { estimateDifference, estimateMean, studentQuantile } from "../../src/evaluate/means.js";
import type { Estimate } from "../../src/evaluate/passes.js";

const file = path.join(import.meta.dirname, "../fixtures/evaluate/intervals.json");
const golden = JSON.parse(readFileSync(file, "utf8")) as {
  readonly quantiles: readonly (readonly [number, number])[];
  readonly means: readonly { readonly values: readonly number[]; readonly interval: readonly number[] }[];
  readonly pairs: readonly {
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly difference: readonly number[];
  }[];
};

function expectLike({ value, low, high }: Estimate, wanted: readonly number[]): void {
  expect(wanted).toHaveLength(3);
  for (const [at, number] of [value, low, high].entries()) expect(number).toBeCloseTo(wanted[at] ?? NaN, 9);
}

describe("Student's quantile", () => {
  it.each(golden.quantiles)("with %d degrees of freedom is SciPy's", (degrees, quantile) => {
    expect(studentQuantile(degrees)).toBeCloseTo(quantile, 9);
  });
});

describe("a mean's interval", () => {
  it.each(golden.means)("of $values is SciPy's", ({ values, interval }) => {
    expectLike(estimateMean(values), interval);
  });

  it("is worked out by hand for 1, 2 and 3", () => {
    // Deviation 1, so that half of it is 4.302653 / sqrt(3).
    expectLike(estimateMean([1, 2, 3]), [2, 2 - 2.4841377118, 2 + 2.4841377118]);
  });

  it("has no width where all are the same, and can't be told from one", () => {
    expect(estimateMean([2, 2, 2])).toEqual({ value: 2, low: 2, high: 2 });
    expect(() => estimateMean([2])).toThrow(InputError);
  });
});

describe("a paired difference", () => {
  it.each(golden.pairs)("of $first and $second is SciPy's", ({ first, second, difference }) => {
    expectLike(estimateDifference(first, second), difference);
  });

  it("finds what the pairs differ in though they differ more from one another", () => {
    for (const { first, second } of golden.pairs) {
      const [a, b] = [estimateMean(first), estimateMean(second)];
      const { low, high } = estimateDifference(first, second);
      expect(high - low).toBeLessThan((a.high - a.low) / 3);
      expect(a.low < b.high && b.low < a.high).toBe(true);
    }
  });

  it("needs pairs", () => {
    expect(() => estimateDifference([1, 2, 3], [1, 2])).toThrow(InputError);
  });
});
