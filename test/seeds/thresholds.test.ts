import { describe, expect, it } from "vitest";
import { FILTER_SETS, THRESHOLDS, thresholdsOf, type Filters } from "../../src/seeds/thresholds.js";

describe("thresholdsOf", () => {
  it("fills in the defaults", () => {
    expect(thresholdsOf()).toEqual(THRESHOLDS);
    expect(thresholdsOf("default")).toEqual(THRESHOLDS);
    expect(thresholdsOf({ maxLines: null })).toEqual({ ...THRESHOLDS, maxLines: null });
    expect(thresholdsOf("reference").forbiddenImports).toContain("argparse");
  });

  it("accepts every set that has a name", () => {
    for (const set of Object.values(FILTER_SETS))
      expect(thresholdsOf(set)).toEqual({ ...THRESHOLDS, ...set });
  });

  for (const [filters, message] of [
    ["strict", 'filters "strict" do not exist: choose default, reference, data-science, or give thresholds'],
    [{ maxLine: 3 }, /filter "maxLine" does not exist: choose from minLines, maxLines/],
    [{ minLines: null }, "filter minLines must be a whole number of at least 0, not null"],
    [{ maxLines: 1.5 }, "filter maxLines must be a whole number of at least 0, or null, not 1.5"],
    [{ maxSeedLines: 501 }, "filter maxSeedLines must be at most 500, not 501"],
    [{ minAnnotated: 80 }, "filter minAnnotated must be a share from 0 to 1, not 80"],
    [{ licences: "MIT" }, 'filter licences must be a list of names, e.g. ["os"], or null, not "MIT"'],
    [{ allowVendored: 1 }, "filter allowVendored must be true or false, not 1"],
    [
      { forbiddenWords: ["oops"] },
      'filter forbiddenWords can\'t look for "oops": choose from todo, fixme, xxx, hack, bug',
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(filters)}`, () => {
      // A cast because callers without types make such mistakes.
      expect(() => thresholdsOf(filters as unknown as Filters)).toThrow(message);
    });
  }
});
