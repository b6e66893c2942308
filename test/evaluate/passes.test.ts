import { describe, expect, it } from "vitest";
import { estimate, passAt, shareDifference } from "../../src/evaluate/passes.js";
import { askPython, pythonWith } from "../system/python.js";

/** Share of all choices of `k` from `samples` that hold one of the first `passed`, by going through them. */
function counted(k: number, samples: number, passed: number): number {
  let [all, some] = [0, 0];
  for (let set = 0; set < 2 ** samples; set++) {
    const chosen = Array.from({ length: samples }, (_, n) => n).filter((n) => (set >> n) & 1);
    if (chosen.length !== k) continue;
    all++;
    if (chosen.some((n) => n < passed)) some++;
  }
  return some / all;
}

const python = pythonWith("fractions");
if (python === null) console.warn("skipped: pass@k in Python's fractions, since there is no Python");

describe("pass@k", () => {
  it("is the share of all choices of k samples in which one is right", () => {
    for (let samples = 1; samples <= 8; samples++)
      for (let k = 1; k <= samples; k++)
        for (let passed = 0; passed <= samples; passed++)
          expect(passAt(k, samples, passed)).toBeCloseTo(counted(k, samples, passed), 12);
  });

  it("is not what guessing with passed/samples would give, which is too low", () => {
    expect(passAt(5, 10, 3)).toBeCloseTo(1 - 21 / 252, 12);
    expect(passAt(5, 10, 3)).toBeGreaterThan(1 - 0.7 ** 5);
  });

  it.runIf(python !== null)("is Python's exact fraction for hundreds of samples", () => {
    const cases = [1, 2, 10, 100, 200].flatMap((k) =>
      [0, 1, 3, 50, 100, 101, 199, 200].map((passed) => [k, 200, passed] as const),
    );
    const script = `import json, sys
from fractions import Fraction
from math import comb
print(json.dumps([float(1 - Fraction(comb(n - c, k), comb(n, k))) for k, n, c in json.load(sys.stdin)]))`;
    const wanted = askPython(python ?? "", script, cases) as number[];
    for (const [at, [k, samples, passed]] of cases.entries())
      expect(passAt(k, samples, passed)).toBeCloseTo(wanted[at] ?? NaN, 12);
  });
});

describe("the interval", () => {
  const shares = (right: number, of: number): number[] =>
    Array.from({ length: of }, (_, n) => (n < right ? 1 : 0));

  it("is Wilson's, as worked out by hand for 8 of 10", () => {
    // Centre (0.8 + 3.8415/20) / 1.38415 = 0.7167; half 1.96/1.38415 * sqrt(0.016 + 3.8415/400) = 0.2266.
    const { value, low, high } = estimate(shares(8, 10));
    expect([value, low, high]).toEqual([
      expect.closeTo(0.8, 12),
      expect.closeTo(0.49, 3),
      expect.closeTo(0.9433, 3),
    ]);
  });

  it("says little after few tasks and holds the value at both ends", () => {
    expect(estimate(shares(164, 164))).toEqual({
      value: 1,
      low: expect.closeTo(0.977, 3) as unknown,
      high: 1,
    });
    expect(estimate(shares(0, 164))).toEqual({
      value: 0,
      low: 0,
      high: expect.closeTo(0.0229, 4) as unknown,
    });
    expect(estimate(shares(1, 1)).low).toBeLessThan(0.25);
  });

  it("holds the true share of draws 95 times of 100", () => {
    // The exact probability, summed over all outcomes of 40 tasks that are right with 0.3.
    let covered = 0;
    let chance = 0.7 ** 40;
    for (let right = 0; right <= 40; right++) {
      const { low, high } = estimate(shares(right, 40));
      if (low <= 0.3 && 0.3 <= high) covered += chance;
      chance *= ((40 - right) / (right + 1)) * (0.3 / 0.7);
    }
    expect(covered).toBeGreaterThan(0.93);
    expect(covered).toBeLessThan(0.98);
  });
});

describe("the difference of two shares", () => {
  const share = (right: number, of: number) =>
    estimate(Array.from({ length: of }, (_, n) => (n < right ? 1 : 0)));

  it.each([
    // Newcombe 1998, table II, method 10.
    [56, 70, 48, 80, 0.2, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.6, 0.1705, 0.809],
    [0, 10, 0, 20, 0, -0.1611, 0.2775],
    [10, 10, 0, 20, 1, 0.6791, 1],
  ])("of %d in %d and %d in %d is as published", (first, ofFirst, second, ofSecond, value, low, high) => {
    const found = shareDifference(share(first, ofFirst), share(second, ofSecond));
    expect(found).toEqual({
      value: expect.closeTo(value, 10) as unknown,
      low: expect.closeTo(low, 4) as unknown,
      high: expect.closeTo(high, 4) as unknown,
    });
  });
});
