import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { binCentre, binLabel, binned, median } from "../../src/report/bins.js";

describe("binned", () => {
  it("gives whole numbers whole bins", () => {
    const bins = binned([1, 1, 2, 4]);
    expect(bins).toEqual({ start: 1, step: 1, counts: [2, 1, 0, 1], whole: true, dropped: 0 });
    expect(bins && [binLabel(bins, 0), binCentre(bins, 0)]).toEqual(["1", 1]);
  });

  it("takes round steps that start at multiples of themselves", () => {
    const bins = binned([3, 17, 49, 98], 10);
    expect(bins).toMatchObject({ start: 0, step: 10, counts: [1, 1, 0, 0, 1, 0, 0, 0, 0, 1] });
    expect(bins && binLabel(bins, 4)).toBe("40–49");
  });

  it("puts a value on an edge into the bin that starts there, in spite of binary noise, and the last into the one that ends there", () => {
    const bins = binned([0, 0.1, 0.2, 0.3, 0.6, 0.7], 7);
    expect(bins).toMatchObject({ step: 0.1, counts: [1, 1, 1, 1, 0, 0, 2] });
    expect(bins && binLabel(bins, 3)).toBe("0.3–0.4");
  });

  it("counts every finite value once, in the bin whose edges hold it", () => {
    const draw = uniforms(3, "bins");
    for (const scale of [0.001, 1, 37.5, 1e6]) {
      const values = Array.from({ length: 500 }, () => (draw() - 0.3) * scale);
      const bins = binned(values);
      if (!bins) throw new Error("no bins");
      const inside = bins.counts.map(
        (_, index) =>
          values.filter(
            (v) => v >= bins.start + index * bins.step && v < bins.start + (index + 1) * bins.step,
          ).length,
      );
      expect(bins.counts).toEqual(inside);
      expect(bins.counts.length).toBeGreaterThan(8);
      expect(bins.counts.length).toBeLessThanOrEqual(26);
    }
  });

  it("leaves out what is not finite, and says how many", () => {
    expect(binned([NaN, Infinity])).toBeNull();
    expect(binned([2, NaN])).toMatchObject({ counts: [1], dropped: 1 });
    expect(binned([0.25])).toMatchObject({ counts: [1] });
  });
});

describe("median", () => {
  it("is the middle, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3, NaN])).toBe(2.5);
    expect(median([])).toBeNull();
  });
});
