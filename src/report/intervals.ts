// Means with their intervals, one below the other: a dot with whiskers for each, the measurements it was made of as faint dots
// behind it, and a line at what all of them are compared with. Names stand above their rows, as on the bars.
import {
  axis,
  colours,
  emptyFigure,
  layout,
  plotText,
  readable,
  type Figure,
  type JsonObject,
} from "./figure.js";

export interface Interval {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** What the value is the mean of; default none are shown. */
  readonly points?: readonly number[];
}

export interface IntervalOptions {
  readonly title: string;
  /** Title of the axis: what is measured, and its unit. */
  readonly unit: string;
  /** A place on the axis to compare with, such as 0 for differences; default none. */
  readonly reference?: { readonly value: number; readonly name: string };
}

const rowHeight = 52;

/** Intervals from top to bottom in the order given. */
export function intervalChart(
  intervals: readonly Interval[],
  { title, unit, reference }: IntervalOptions,
): Figure {
  if (intervals.length === 0) return emptyFigure(title);
  const line = reference === undefined ? [] : [reference];
  return {
    data: [points(intervals), whiskers(intervals)],
    layout: layout(title, 110 + intervals.length * rowHeight, {
      margin: { l: 12, r: 12, t: reference === undefined ? 40 : 64, b: 48 },
      xaxis: axis(unit, { automargin: false, nticks: 6 }),
      yaxis: { visible: false, range: [intervals.length - 0.5, -0.7], fixedrange: true },
      shapes: line.map(({ value }) => ({
        ...{ type: "line", yref: "paper", x0: value, x1: value, y0: 0, y1: 1 },
        line: { color: colours.muted, width: 1, dash: "dot" },
      })),
      annotations: [
        ...intervals.map(({ name }, row) =>
          label(plotText(name), { x: 0, xref: "paper", xanchor: "left", y: row - 0.18, yref: "y" }),
        ),
        ...line.map(({ name, value }) =>
          label(plotText(name), { x: value, y: 1, yref: "paper" }, { size: 11, color: colours.muted }),
        ),
      ],
    }),
  };
}

function whiskers(intervals: readonly Interval[]): JsonObject {
  const told = ({ name, value, low, high }: Interval): string =>
    `<b>${plotText(name)}</b>: ${readable(value, 4)}<br>95 %: ${readable(low, 4)} to ${readable(high, 4)}`;
  return {
    type: "scatter",
    mode: "markers",
    x: intervals.map(({ value }) => value),
    y: intervals.map((_, row) => row),
    error_x: {
      type: "data",
      symmetric: false,
      array: intervals.map(({ value, high }) => high - value),
      arrayminus: intervals.map(({ value, low }) => value - low),
      color: colours.strong,
      thickness: 2,
      width: 6,
    },
    marker: { color: colours.strong, size: 10 },
    hovertext: intervals.map(told),
    hovertemplate: "%{hovertext}<extra></extra>",
  };
}

/** The measurements, a little below their mean, so that they are seen beside it. */
function points(intervals: readonly Interval[]): JsonObject {
  const all = intervals.flatMap(({ points = [] }, row) => points.map((x) => ({ x, y: row + 0.16 })));
  return {
    type: "scatter",
    mode: "markers",
    x: all.map(({ x }) => x),
    y: all.map(({ y }) => y),
    marker: { color: colours.soft, size: 7 },
    hovertemplate: "%{x}<extra></extra>",
  };
}

function label(
  text: string,
  place: JsonObject,
  font: JsonObject = { size: 13, color: colours.ink },
): JsonObject {
  return { yanchor: "bottom", borderpad: 0, text, showarrow: false, font, ...place };
}
