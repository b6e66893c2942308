// Figures are compared with stored JSON (test/fixtures/charts): after a wanted change, `npx vitest run -u` rewrites it.
import path from "node:path";
import { describe, expect, it } from "vitest";
import { changeChart, funnelChart, reasonsChart, timeChart, verdictChart } from "../../src/report/charts.js";
import { distributionGrid, histogram } from "../../src/report/distributions.js";
import { titleOf, type Figure } from "../../src/report/figure.js";
import { intervalChart } from "../../src/report/intervals.js";
import { lossChart } from "../../src/report/losses.js";
import { sweepChart } from "../../src/report/sweep.js";
import type { SweepRow } from "../../src/train/sweep.js";
import { scatter } from "../../src/report/scatter.js";
import { cutoffChart, rankChart, tokensChart } from "../../src/report/tokens.js";

const steps = [
  { name: "read", count: 1200 },
  { name: "kept <b>", count: 300 },
  { name: "published", count: 1 },
];
const seconds = [
  { stage: "seeds", wallSeconds: 1.23456, cpuSeconds: 2 },
  { stage: "validate", wallSeconds: 10, cpuSeconds: 19.5 },
];
const values = [1, 2, 2, 3, 9, NaN];
const trained = Array.from({ length: 13 }, (_, step) => ({
  step,
  loss: step === 0 || step === 4 ? null : 4 / (1 + step) + (step % 2) / 10,
  validation: step % 4 === 0 ? ([3.9, 2.5, 1.75, 2][step / 4] ?? null) : null,
  rate: step === 0 ? null : 0.001 * Math.min(1, step / 4),
  norm: step === 0 ? null : 1,
  tokens: 512 * step,
  skipped: step < 4 ? 0 : 1,
}));

const lengths = {
  files: 2,
  bytes: 9_000,
  tokens: 3_000,
  meanTokens: 1_500,
  medianTokens: 1_500,
  bytesPerToken: 3,
};
const tokenizers = [
  {
    name: "code <pieces>",
    vocabulary: 8_192,
    lengths,
    ranks: [
      { rank: 1, count: 900 },
      { rank: 10, count: 80 },
      { rank: 100, count: 1 },
    ],
  },
  {
    name: "BPE",
    vocabulary: 8_000,
    lengths: { ...lengths, tokens: 2_500, meanTokens: 1_250.4, medianTokens: 1_250, bytesPerToken: 3.6 },
    ranks: [{ rank: 1, count: 700 }],
  },
];
const curve = [
  { cutoff: 1, pieces: 90_000, covered: 1 },
  { cutoff: 10, pieces: 12_000, covered: 0.98765432 },
  { cutoff: 100, pieces: 900, covered: 0.5 },
];

const trial = { bestStep: 10, parameters: 1 };
const trials: readonly SweepRow[] = [
  { ...trial, round: 1, trial: 1, steps: 10, drawn: { rate: 1e-4, schedule: "linear" }, validation: 5 },
  { ...trial, round: 1, trial: 2, steps: 10, drawn: { rate: 1e-2, schedule: "cosine" }, validation: 4 },
  {
    ...trial,
    round: 1,
    trial: 3,
    steps: 10,
    drawn: { rate: 1, schedule: "<b>" },
    validation: null,
    reason: "diverged",
  },
  { ...trial, round: 2, trial: 2, steps: 20, drawn: { rate: 1e-2, schedule: "cosine" }, validation: 3 },
];

const figures: Readonly<Record<string, Figure>> = {
  sweep: sweepChart(trials),
  ranks: rankChart(tokenizers),
  cutoffs: cutoffChart(curve),
  tokens: tokensChart(tokenizers),
  funnel: funnelChart(steps),
  reasons: reasonsChart({ "too-long": 2, "no-docstring": 7, "too-short": 2, never: 0, rare: 1 }, "Left out", {
    limit: 3,
  }),
  verdicts: verdictChart({ timeout: 1, verified: 3, defined: 2, wrong: 0 }),
  histogram: histogram(values, { title: "Length", unit: "lines" }),
  grid: distributionGrid(
    [
      { label: "a", unit: "lines", values },
      { label: "b", unit: "share", values: [0.1, 0.2] },
      { label: "none", unit: "share", values: [] },
      { label: "c", unit: "share", values: [1] },
    ],
    { title: "Three of four", columns: 2 },
  ),
  time: timeChart(seconds),
  change: changeChart(
    [
      { name: "responses read", old: 0.5, new: 2 / 3 },
      { name: "<verified>", old: 0, new: 1 },
    ],
    "Shares",
  ),
  intervals: intervalChart(
    [
      { name: "<everything>", value: 3.1, low: 3, high: 3.2, points: [3.05, 3.1, 3.15] },
      { name: "filtered", value: 2.9, low: 2.7, high: 3.3 },
    ],
    { title: "Loss by arm", unit: "nats per token", reference: { value: 3.4, name: "untrained" } },
  ),
  losses: lossChart(trained),
  scatter: scatter(
    [
      { x: 1, y: 2, label: "<i>" },
      { x: NaN, y: 1 },
      { x: 3, y: 4 },
    ],
    { title: "Both", x: "lines", y: "paths" },
  ),
};

/** Six digits are what a reader could ever see. */
function rounded(figure: Figure): string {
  const round = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value;
  return `${JSON.stringify(figure, round, 1)}\n`;
}

describe.each(Object.entries(figures))("the %s chart", (name, figure) => {
  it("is drawn as stored", async () => {
    await expect(rounded(figure)).toMatchFileSnapshot(
      path.join(import.meta.dirname, "../fixtures/charts", `${name}.json`),
    );
  });

  it("has a title, names its axes, and is plain JSON", () => {
    expect(titleOf(figure)).not.toBe("");
    expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
    const axes = Object.entries(figure.layout).filter(([key]) => key.startsWith("xaxis"));
    expect(axes.length).toBeGreaterThan(0);
    for (const [, axis] of axes) expect(axis).toHaveProperty("title.text", expect.stringMatching(/./));
  });

  it("shows corpus text as text", () => {
    expect(JSON.stringify(figure)).not.toMatch(/kept <b>|"<i>"|code <pieces>/);
  });
});

describe("charts without data", () => {
  const empty: readonly Figure[] = [
    funnelChart([]),
    reasonsChart({}, "Left out"),
    verdictChart({}),
    histogram([NaN], { title: "x", unit: "lines" }),
    distributionGrid([], { title: "x" }),
    timeChart([]),
    changeChart([], "x"),
    intervalChart([], { title: "x", unit: "a" }),
    lossChart([]),
    scatter([], { title: "x", x: "a", y: "b" }),
    rankChart([]),
    cutoffChart([]),
    tokensChart([]),
  ];

  it.each(empty)("say so", (figure) => {
    expect(figure.data).toEqual([]);
    expect(figure.layout).toHaveProperty("annotations.0.text", "no data");
    expect(titleOf(figure)).not.toBe("");
  });
});

describe("what charts count", () => {
  it("sorts reasons and lumps the rest so that the sum stays", () => {
    const [trace] = reasonsChart({ b: 2, a: 2, c: 5, d: 1, e: 1 }, "t", { limit: 2 }).data;
    expect(trace?.["x"]).toEqual([5, 2, 4]);
    const names = reasonsChart({ b: 2, a: 2, c: 5, d: 1, e: 1 }, "t", { limit: 2 }).layout["annotations"];
    expect(names).toMatchObject([{ text: "c" }, { text: "a" }, { text: "3 other reasons" }]);
  });

  it("gives shares of the first step, and never 0 % for something", () => {
    expect(figures["funnel"]?.data[0]?.["text"]).toEqual(["1,200 · 100 %", "300 · 25 %", "1 · &lt; 0.1 %"]);
    expect(funnelChart([{ name: "read", count: 0 }]).data[0]?.["text"]).toEqual(["0 · 0 %"]);
  });

  it("thins large scatters evenly and says so", () => {
    const points = Array.from({ length: 5000 }, (_, x) => ({ x, y: 1 }));
    const figure = scatter(points, { title: "t", x: "a", y: "b" });
    expect((figure.data[0]?.["x"] as readonly number[]).slice(0, 3)).toEqual([0, 3, 6]);
    expect(figure.layout).toHaveProperty("annotations.0.text", "1,667 of 5,000 shown");
  });

  it("thins the training losses of long runs by means, says so, and keeps every validation loss", () => {
    const rows = Array.from({ length: 2501 }, (_, step) => ({
      ...{ step, validation: step % 500 === 0 ? 5 - step / 1000 : null, rate: 0.1 },
      ...{ loss: step === 0 ? null : step, norm: 1, tokens: 0, skipped: 0 },
    }));
    const [training, validation] = lossChart(rows).data;
    expect(training?.["name"]).toBe("training, means of 3 steps");
    expect((training?.["x"] as readonly number[]).slice(0, 2)).toEqual([3, 6]);
    expect((training?.["y"] as readonly number[]).slice(0, 2)).toEqual([2, 5]);
    expect((training?.["x"] as readonly number[]).at(-1)).toBe(2500);
    expect(validation?.["x"]).toEqual([0, 500, 1000, 1500, 2000, 2500]);
  });

  it("leaves out steps that were skipped, and points at the best validation loss", () => {
    const { data, layout } = lossChart(trained);
    expect(data[0]?.["x"]).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(layout).toHaveProperty(
      "annotations.0",
      expect.objectContaining({ x: 8, y: 1.75, text: "best 1.750" }),
    );
  });

  it("leads every training of a sweep that learned to its loss, the best one dark and on top", () => {
    const { data } = sweepChart(trials);
    expect(data.map(({ name }) => name)).toEqual([
      "trial 1, round 1",
      "trial 2, round 1",
      "trial 2, round 2",
    ]);
    expect(data.map(({ x }) => x)).toEqual(data.map(() => ["rate", "schedule", "steps", "validation loss"]));
    expect(data.map(({ y }) => y)).toEqual([
      [0, 1, 0, 1],
      [1, 0, 0, 0.5],
      [1, 0, 1, 0],
    ]);
    expect(data.at(-1)).toMatchObject({ line: { width: 3 } });
  });

  it("puts everything of a histogram into bars", () => {
    const bars = figures["histogram"]?.data[0]?.["y"] as readonly number[];
    expect(bars.reduce((sum, count) => sum + count, 0)).toBe(5);
  });
});
