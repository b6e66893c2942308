// A sweep as one figure: a line for each training through everything that was drawn for it, to the loss that it came to. Darker
// is better. Numbers that span more than a factor of twenty stand by their logarithms.
import type { SweepRow } from "../train/sweep.js";
import { colours, emptyFigure, layout, plotText, readable, type Figure, type JsonObject } from "./figure.js";

/** Trainings that have a loss, as parallel coordinates. */
export function sweepChart(rows: readonly SweepRow[], title = "What was tried, and what came of it"): Figure {
  const learned = rows.filter((row) => row.validation !== null);
  if (learned.length === 0) return emptyFigure(title);
  const losses = learned.map(({ validation }) => validation ?? 0);
  const names = [...new Set(learned.flatMap(({ drawn }) => Object.keys(drawn)))].sort();
  return {
    data: [
      {
        type: "parcoords",
        line: {
          color: losses,
          colorscale: [
            [0, colours.strong],
            [1, colours.soft],
          ],
        },
        dimensions: [
          ...names.map((name) =>
            dimension(
              name,
              learned.map(({ drawn }) => drawn[name] ?? ""),
            ),
          ),
          dimension(
            "steps",
            learned.map(({ steps }) => steps),
          ),
          dimension("validation loss", losses),
        ],
        labelfont: { size: 12, color: colours.muted },
        tickfont: { size: 11, color: colours.ink },
      },
    ],
    layout: layout(title, 420, { margin: { l: 60, r: 60, t: 90, b: 30 } }),
  };
}

function dimension(name: string, values: readonly (number | string)[]): JsonObject {
  const label = plotText(name);
  const numbers = values.filter((value) => typeof value === "number");
  const distinct = [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
  if (numbers.length < values.length || distinct.length === 1)
    return {
      label,
      values: values.map((value) => distinct.indexOf(value)),
      tickvals: distinct.map((_, at) => at),
      ticktext: distinct.map((value) => plotText(String(value))),
    };
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  if (low <= 0 || high / low <= 20) return { label, values: numbers };
  const ticks = [low, Math.sqrt(low * high), high];
  return {
    label,
    values: numbers.map(Math.log10),
    tickvals: ticks.map(Math.log10),
    ticktext: ticks.map((value) => (value >= 1 ? readable(value, 0) : value.toPrecision(2))),
  };
}
