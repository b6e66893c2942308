// A training run as one figure: losses above, the learning rate in a strip below them, over the same steps. Long runs are
// thinned by means of so many steps each, and the legend says of how many.
import type { StepMetrics } from "../train/metrics.js";
import { axis, colours, emptyFigure, layout, readable, type Figure, type JsonObject } from "./figure.js";

export interface LossChartOptions {
  /** Default `How the loss fell`. */
  readonly title?: string;
  /** Most points of a line. Default 1,000. */
  readonly limit?: number;
}

/** Training and validation loss by step, and the learning rate; the rows are those of `metrics.jsonl`. */
export function lossChart(
  metrics: readonly StepMetrics[],
  { title = "How the loss fell", limit = 1000 }: LossChartOptions = {},
): Figure {
  const steps = metrics.filter(({ step }) => step > 0);
  const stride = Math.max(1, Math.ceil(steps.length / limit));
  const training = points(groups(steps, stride), ({ loss }) => loss);
  const validation = points(
    metrics.map((row) => [row]),
    ({ validation }) => validation,
  );
  if (training.length === 0 && validation.length === 0) return emptyFigure(title);
  const rate = points(groups(steps, stride), ({ rate }) => rate);
  const name = stride === 1 ? "training" : `training, means of ${readable(stride)} steps`;
  const best = validation.reduce<Point | null>((low, at) => (low && low.y <= at.y ? low : at), null);
  return {
    data: [
      line(name, training, { line: { color: colours.soft, width: 1.5 } }),
      line("validation", validation, {
        mode: "lines+markers",
        line: { color: colours.strong, width: 2 },
        marker: { color: colours.strong, size: 5 },
      }),
      line(
        "rate",
        rate,
        { yaxis: "y2", showlegend: false, line: { color: colours.muted, width: 1.5 } },
        ".3~g",
      ),
    ],
    layout: layout(title, 420, {
      showlegend: true,
      // Losses fall: the upper right is free, also on a phone.
      legend: { x: 1, xanchor: "right", y: 1, yanchor: "top" },
      xaxis: axis("steps", { anchor: "y2", rangemode: "tozero", tickformat: ",d", fixedrange: false }),
      yaxis: axis("loss", { domain: [0.3, 1], fixedrange: false }),
      yaxis2: axis("rate", { domain: [0, 0.2], rangemode: "tozero", nticks: 3, exponentformat: "power" }),
      annotations: best === null ? [] : [bestNote(best)],
    }),
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Rows in their order, `size` to a group. */
function groups(rows: readonly StepMetrics[], size: number): StepMetrics[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) =>
    rows.slice(at * size, (at + 1) * size),
  );
}

/** Mean of what the rows of each group have of a number, at the group's last step; groups without one are left out. */
function points(
  rows: readonly (readonly StepMetrics[])[],
  of: (row: StepMetrics) => number | null,
): readonly Point[] {
  return rows.flatMap((group) => {
    const values = group.map(of).filter((value) => value !== null);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.length === 0 ? [] : [{ x: group.at(-1)?.step ?? 0, y: Number(mean.toPrecision(6)) }];
  });
}

function line(name: string, points: readonly Point[], more: JsonObject, format = ".4f"): JsonObject {
  return {
    type: "scatter",
    mode: "lines",
    name,
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y),
    hovertemplate: `step %{x:,d}: %{y:${format}} ${name}<extra></extra>`,
    ...more,
  };
}

/** Points at the lowest validation loss. */
function bestNote({ x, y }: Point): JsonObject {
  return {
    x,
    y,
    text: `best ${y.toFixed(3)}`,
    showarrow: true,
    arrowhead: 0,
    arrowwidth: 1,
    arrowcolor: colours.strong,
    ax: 0,
    ay: -28,
    font: { size: 12, color: colours.strong },
  };
}
