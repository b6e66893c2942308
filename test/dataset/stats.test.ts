import { describe, expect, it } from "vitest";
import { spreadOf, tally } from "../../src/dataset/stats.js";
import { rowOf, rowsOf } from "./rows.js";

describe("spreadOf", () => {
  // numpy.percentile([7, 1, 3, 10], [25, 50, 75]) is 2.5, 5.0, 7.75
  it("interpolates quantiles linearly, as numpy does", () => {
    expect(spreadOf([7, 1, 3, 10])).toEqual({
      count: 4,
      min: 1,
      p25: 2.5,
      median: 5,
      p75: 7.75,
      max: 10,
      mean: 5.25,
    });
  });

  it("sorts by number and gives one value its own quantiles", () => {
    expect(spreadOf([100, 9])).toMatchObject({ min: 9, max: 100 });
    expect(spreadOf([2])).toEqual({ count: 1, min: 2, p25: 2, median: 2, p75: 2, max: 2, mean: 2 });
    expect(spreadOf([])).toBeNull();
  });
});

describe("tally", () => {
  it("counts what the rows say", async () => {
    const rows = [
      rowOf(),
      rowOf({ result: { verdict: "executed", killsStub: null, mutationScore: null, asserts: 0 }, tests: [] }),
      rowOf({
        result: { verdict: "verified", killsStub: false, mutationScore: 0.25 },
        provenance: { licence: null },
        metrics: { hasDocstring: false },
        model: "replay",
        dropped: { "doctest-output": 2, opaque: 1 },
      }),
    ];
    const counts = tally();
    const passed = [];
    for await (const row of counts.watch(rows)) passed.push(row);
    expect(passed).toEqual(rows);
    const stats = counts.stats();
    expect(stats).toMatchObject({
      rows: 3,
      verdicts: { verified: 1, recorded: 1, executed: 1 },
      stub: { killed: 1, survived: 1, untested: 1 },
      tests: { author: 2, recorded: 2, model: 0 },
      asserts: 4,
      models: { docstring: 2, replay: 1 },
      licences: { "PSF-2.0": 2, unknown: 1 },
      dropped: { "doctest-output": 4, opaque: 1 },
    });
    expect(Object.keys(stats.verdicts)).toEqual(["verified", "recorded", "executed"]);
    expect(stats.figures.mutationScore).toMatchObject({ count: 2, min: 0.25, max: 0.75, mean: 0.5 });
    expect(stats.figures.hasDocstring?.mean).toBe(0.6667);
    expect(stats.figures.instructionWords).toMatchObject({ min: 9, max: 9 });
  });

  it("has nothing to say of no rows", () => {
    const { rows, verdicts, figures } = tally().stats();
    expect({ rows, verdicts, lines: figures.lines }).toEqual({ rows: 0, verdicts: {}, lines: null });
  });

  it("gives the same JSON whatever the order of the rows", () => {
    const [forward, backward] = [tally(), tally()];
    for (const row of rowsOf(40)) forward.add(row);
    for (const row of [...rowsOf(40)].reverse()) backward.add(row);
    expect(JSON.stringify(forward.stats())).toBe(JSON.stringify(backward.stats()));
  });
});
