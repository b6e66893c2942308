import { describe, expect, it } from "vitest";
import { refusal } from "../../src/dataset/select.js";
import type { SelectOptions, SelectReason } from "../../src/dataset/select.js";
import { VERDICTS } from "../../src/dataset/stats.js";
import { rowOf } from "./rows.js";

describe("refusal", () => {
  it.each(VERDICTS)("publishes %s only where the code ran and nothing failed", (verdict) => {
    const published = ["verified", "recorded", "executed"].includes(verdict);
    expect(refusal(rowOf({ result: { verdict } }))).toBe(published ? null : verdict);
  });

  it("publishes other verdicts when asked", () => {
    const options = { verdicts: ["defined"] as const };
    expect(refusal(rowOf({ result: { verdict: "defined" } }), options)).toBeNull();
    expect(refusal(rowOf({ result: { verdict: "verified" } }), options)).toBe("verified");
  });

  const row = rowOf({
    result: { killsStub: false, mutationScore: 0.5 },
    metrics: {
      overlap: 0.3,
      pep8Per100Lines: 20,
      formatChanged: 0.4,
      annotationCoverage: 0.6,
      hasDocstring: false,
      complexity: 7,
    },
  });
  const thresholds: readonly [SelectReason, SelectOptions, SelectOptions][] = [
    ["passes-stub", { killsStub: true }, { killsStub: false }],
    ["few-mutants-killed", { minMutationScore: 0.51 }, { minMutationScore: 0.5 }],
    ["low-overlap", { minOverlap: 0.31 }, { minOverlap: 0.3 }],
    ["pep8-findings", { maxPep8Per100Lines: 19 }, { maxPep8Per100Lines: 20 }],
    ["format-changes", { maxFormatChanged: 0.39 }, { maxFormatChanged: 0.4 }],
    ["few-annotations", { minAnnotationCoverage: 0.61 }, { minAnnotationCoverage: 0.6 }],
    ["no-docstring", { hasDocstring: true }, { hasDocstring: false }],
    ["too-complex", { maxComplexity: 6 }, { maxComplexity: 7 }],
  ];
  it.each(thresholds)("says %s just beyond the threshold", (reason, beyond, within) => {
    expect(refusal(row, beyond)).toBe(reason);
    expect(refusal(row, within)).toBeNull();
  });

  it("does not hold a figure that does not exist against a row", () => {
    const bare = rowOf({
      result: { verdict: "executed", killsStub: null, mutationScore: null },
      metrics: { annotationCoverage: null },
    });
    expect(refusal(bare, { killsStub: true, minMutationScore: 1, minAnnotationCoverage: 1 })).toBeNull();
  });
});
