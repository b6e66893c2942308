import { describe, expect, it } from "vitest";
import { seedFunnel } from "../../src/seeds/funnel.js";

describe("seedFunnel", () => {
  it("takes each filter's functions away, in the filters' order, and names the last step seeds", () => {
    const rejected = { "near-duplicate": 2, method: 50, "no-docstring": 20, nested: 5, "too-long": 3 };
    expect(seedFunnel({ functions: 100, rejected })).toEqual([
      { name: "functions read", count: 100, left: {} },
      { name: "of the module level", count: 45, left: { method: 50, nested: 5 } },
      { name: "documented", count: 25, left: { "no-docstring": 20 } },
      { name: "within the thresholds", count: 22, left: { "too-long": 3 } },
      { name: "seeds", count: 20, left: { "near-duplicate": 2 } },
    ]);
  });

  it("is two steps where nothing was left out, and where nothing was read", () => {
    expect(seedFunnel({ functions: 7, rejected: {} }).map(({ count }) => count)).toEqual([7, 7]);
    expect(seedFunnel({ functions: 0, rejected: {} }).map(({ count }) => count)).toEqual([0, 0]);
  });
});
