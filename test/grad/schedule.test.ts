import { describe, expect, it } from "vitest";
import { rateFactor, type ScheduleName } from "../../src/grad/schedule.js";

const over = (schedule: ScheduleName, updates: number, warmup: number): number[] =>
  Array.from({ length: updates + 2 }, (_, done) => rateFactor(schedule, done, { updates, warmup }));

describe("a schedule", () => {
  // What transformers 5.23 gives for get_{constant,linear,cosine}_schedule_with_warmup, 2 updates of warm-up, 8 in all; but
  // after the end its cosine rises again, ours stays at 0.
  it.each([
    ["constant", [0, 0.5, 1, 1, 1, 1, 1, 1, 1, 1]],
    ["linear", [0, 0.5, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0, 0]],
    ["cosine", [0, 0.5, 1, 0.9330127, 0.75, 0.5, 0.25, 0.0669873, 0, 0]],
  ] as const)("is transformers' where it is %s", (schedule, expected) => {
    for (const [at, factor] of over(schedule, 8, 2).entries())
      expect(factor).toBeCloseTo(expected[at] ?? NaN, 7);
  });

  it("begins at its peak without a warm-up", () => {
    expect(rateFactor("linear", 0, { updates: 4 })).toBe(1);
  });

  it("is refused where it does not exist", () => {
    // A cast because a file of options could say this.
    expect(() => rateFactor("square" as ScheduleName, 0, { updates: 4 })).toThrow(
      'schedule "square" does not exist',
    );
  });
});
