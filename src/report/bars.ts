// The one bar chart of the house: a list of horizontal bars, each with its name above it and its number behind it,
// so that long names need no margin and narrow windows lose nothing.
import { axis, colours, emptyFigure, layout, plotText, type Figure, type JsonObject } from "./figure.js";

export interface Bar {
  readonly name: string;
  readonly count: number;
  /** What stands behind the bar. */
  readonly text: string;
  readonly colour: string;
  /** Second line of the hover text. */
  readonly hover: string;
}

export interface BarListOptions {
  readonly title: string;
  /** Title of the axis: what is counted. */
  readonly unit: string;
}

const rowHeight = 44;
/** Axis length over the longest bar, so that its number fits behind it on a phone. */
const roomForText = 1.36;

/** Bars from top to bottom in the order given. */
export function barList(bars: readonly Bar[], { title, unit }: BarListOptions): Figure {
  if (bars.length === 0) return emptyFigure(title);
  const longest = Math.max(...bars.map(({ count }) => count), 1);
  const trace = {
    type: "bar",
    orientation: "h",
    x: bars.map(({ count }) => count),
    y: bars.map((_, index) => index),
    width: 0.34,
    marker: { color: bars.map(({ colour }) => colour) },
    text: bars.map(({ text }) => plotText(text)),
    textposition: "outside",
    textfont: { size: 12, color: colours.muted },
    cliponaxis: false,
    hovertext: bars.map(hoverText),
    hovertemplate: "%{hovertext}<extra></extra>",
  };
  return {
    data: [trace],
    layout: layout(title, 84 + bars.length * rowHeight, {
      margin: { l: 5, r: 5, t: 40, b: 44 },
      xaxis: axis(unit, {
        range: [0, longest * roomForText],
        nticks: 5,
        tickformat: ",~r",
        automargin: false,
      }),
      yaxis: { visible: false, range: [bars.length - 0.7, -0.7], fixedrange: true },
      annotations: bars.map(({ name }, index) => label(plotText(name), index)),
    }),
  };
}

function hoverText({ name, text, hover }: Bar): string {
  return `<b>${plotText(name)}</b>: ${plotText(text)}<br>${plotText(hover)}`;
}

function label(text: string, row: number): JsonObject {
  const place = {
    x: 0,
    xref: "paper",
    xanchor: "left",
    y: row - 0.2,
    yref: "y",
    yanchor: "bottom",
    borderpad: 0,
  };
  return { ...place, text, showarrow: false, font: { size: 13, color: colours.ink } };
}
