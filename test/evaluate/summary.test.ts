import { describe, expect, it } from "vitest";
import { evaluationSettings } from "../../src/evaluate/options.js";
import { newTally } from "../../src/evaluate/summary.js";
import type { ResultRow } from "../../src/evaluate/judging.js";

const row = (task_id: string, verdict: ResultRow["verdict"]): ResultRow => ({
  task_id,
  passed: verdict === "verified",
  verdict,
  asserts: 1,
  message: null,
  line: null,
  backend: "pyodide",
  mode: "split",
});
const about = { model: "local:x", dropped: { tasks: {}, samples: {} } };

describe("the summary", () => {
  it("takes the mean over tasks, not over samples", () => {
    const tally = newTally();
    for (const verdict of ["verified", "wrong", "wrong", "wrong"] as const) tally.add(row("a", verdict));
    for (const verdict of ["verified", "verified"] as const) tally.add(row("b", verdict));
    const { passAt, verdicts, samples } = tally.summary([1, 2, 3], about, ["a", "b"]);
    expect(samples).toBe(6);
    // pass@1: (1/4 + 1) / 2; pass@2: (1 - C(3,2)/C(4,2) + 1) / 2; task b has no three samples.
    expect(Object.entries(passAt).map(([k, { value }]) => [k, value])).toEqual([
      ["1", expect.closeTo(0.625, 12)],
      ["2", expect.closeTo(0.75, 12)],
    ]);
    expect(Object.entries(verdicts)).toEqual([
      ["verified", 3],
      ["wrong", 3],
    ]);
  });

  it("counts a task without a sample as not solved", () => {
    const tally = newTally();
    tally.add(row("a", "verified"));
    const summary = tally.summary([1, 10], about, ["a", "b", "c", "d"]);
    expect(summary).toMatchObject({ tasks: 4, samples: 1, unanswered: 3, passAt: { "1": { value: 0.25 } } });
    expect(Object.keys(summary.passAt)).toEqual(["1"]);
  });
});

describe("the options", () => {
  it("draw one sample greedily and several at 0.8", () => {
    expect(evaluationSettings({ model: "m" })).toMatchObject({ temperature: 0, k: [1, 10, 100] });
    expect(evaluationSettings({ model: "m", numSamples: 10 }).temperature).toBe(0.8);
  });

  it.each([
    [{}, /either a model or a file of samples/],
    [{ model: "m", samples: "f" }, /either a model or a file of samples/],
    [{ model: "m", numSamples: 0 }, /num-samples must be a whole number from 1, not "0"/],
    [{ model: "m", numSamples: 5, temperature: 0 }, /all 5 samples of a task would be the same/],
    [{ model: "m", k: [10, 20] }, /pass@10 needs as many samples of a task: raise num-samples, it is 1/],
    [{ model: "m", k: [Number.NaN] }, /k must be whole numbers from 1/],
    [{ model: "m", judging: { mode: "both" } }, /mode "both" does not exist/],
  ])("refuse %o", (options, message) => {
    expect(() => evaluationSettings(options)).toThrow(message);
  });
});
