// A chart is plain JSON here: `data` and `layout` as plotly.js reads them, without plotly's types or code. This file
// holds that shape, the one theme of all charts (colours that stay apart for colour-blind eyes, light ground, hair
// lines) and the few pieces that every chart is made of. Everything is pure.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** One plotly figure: `Plotly.newPlot(element, data, layout)`. */
export interface Figure {
  readonly data: readonly JsonObject[];
  readonly layout: JsonObject;
}

/** The colours of charts and pages; the pairs that carry meaning differ in lightness as well as in hue. */
export const colours = {
  ink: "#1b2631",
  muted: "#5d6b78",
  hairline: "#e4e8ec",
  paper: "#ffffff",
  wash: "#f6f7f9",
  main: "#2a6f97",
  soft: "#a9c9dd",
  strong: "#0b5d57",
  pale: "#c3ccd4",
  bad: "#c4512d",
} as const;

const family = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** A number for people: thousands apart, at most `digits` decimals (2). */
export function readable(value: number, digits = 2): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Plotly reads a little HTML in its texts; this makes any text literal. */
export function plotText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** An axis in the house's manner; `title` carries the unit. */
export function axis(title: string, more: JsonObject = {}): JsonObject {
  return {
    title: { text: plotText(title), font: { size: 12, color: colours.muted }, standoff: 8 },
    tickfont: { size: 11, color: colours.muted },
    ...(more["showgrid"] === false ? {} : { gridcolor: colours.hairline }),
    linecolor: colours.pale,
    zeroline: false,
    automargin: true,
    fixedrange: true,
    ...more,
  };
}

/** Layout shared by all charts; `height` in pixels, the width is the reader's. */
export function layout(title: string, height: number, more: JsonObject = {}): JsonObject {
  return {
    title: { text: plotText(title), x: 0, xref: "container", xanchor: "left", pad: { l: 12 } },
    height,
    margin: { l: 48, r: 16, t: 48, b: 48 },
    font: { family, size: 13, color: colours.ink },
    paper_bgcolor: colours.paper,
    plot_bgcolor: colours.paper,
    hoverlabel: { bgcolor: colours.ink, font: { family, size: 12, color: colours.paper } },
    showlegend: false,
    ...more,
  };
}

/** What stands where a chart would: its title, and that there is nothing to draw. */
export function emptyFigure(title: string): Figure {
  const hidden = { visible: false, fixedrange: true };
  const note = { text: "no data", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 };
  const font = { size: 14, color: colours.muted };
  return {
    data: [],
    layout: layout(title, 160, { xaxis: hidden, yaxis: hidden, annotations: [{ ...note, font }] }),
  };
}

/** The title as plain text, for pages that set it as a caption; empty where there is none. */
export function titleOf({ layout: { title = "" } }: Figure): string {
  const text = title !== null && typeof title === "object" && "text" in title ? title.text : title;
  return typeof text === "string"
    ? text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&")
    : "";
}

/** Height in pixels that the figure asks for. */
export function heightOf(figure: Figure): number {
  const height = figure.layout["height"];
  return typeof height === "number" ? height : 360;
}
