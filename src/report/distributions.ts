// Values in, histograms out: one alone, or many small ones in a grid. Bins are made here and not in the browser, so a
// figure stays small whatever the run's size and looks the same everywhere.
import { binCentre, binLabel, binned, median, type Bins } from "./bins.js";
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

export interface HistogramOptions {
  readonly title: string;
  /** Title of the value axis, unit included, e.g. `lines`. */
  readonly unit: string;
  /** What is counted. Default `rows`. */
  readonly of?: string;
  /** Most bins. Default 24. */
  readonly bins?: number;
  /** Pixels. Default 280. */
  readonly height?: number;
}

/** Distribution of the finite values with their median. */
export function histogram(
  values: readonly number[],
  { title, unit, of = "rows", bins = 24, height = 280 }: HistogramOptions,
): Figure {
  const found = binned(values, bins);
  const middle = median(values);
  if (!found || middle === null) return emptyFigure(title);
  return {
    data: [histogramTrace(found, of)],
    layout: layout(title, height, {
      bargap: 0.06,
      xaxis: valueAxis(unit, found),
      yaxis: axis(of, { rangemode: "tozero", nticks: 5, tickformat: ",~r" }),
      shapes: [medianLine(middle)],
      annotations: [medianNote(middle)],
    }),
  };
}

export interface Distribution {
  readonly label: string;
  readonly unit: string;
  readonly values: readonly number[];
}

export interface GridOptions {
  readonly title: string;
  /** Small charts per line. Default 3. */
  readonly columns?: number;
  /** What is counted. Default `rows`. */
  readonly of?: string;
}

/** Small multiples in one figure, for a notebook's cell; a page lays out single histograms, which wrap. */
export function distributionGrid(
  all: readonly Distribution[],
  { title, columns = 3, of = "rows" }: GridOptions,
): Figure {
  const cells = all.flatMap(({ label, unit, values }) => {
    const bins = binned(values, 18);
    return bins ? [{ label, unit, bins }] : [];
  });
  if (cells.length === 0) return emptyFigure(title);
  const lines = Math.ceil(cells.length / columns);
  const axes: Record<string, JsonObject> = {};
  const annotations = cells.map(({ label, unit, bins }, index) => {
    const x = span(index % columns, columns, 0.08);
    const y = span(lines - 1 - Math.floor(index / columns), lines, 0.36 / lines);
    axes[`xaxis${suffix(index)}`] = valueAxis(unit, bins, { domain: x, anchor: `y${suffix(index)}` });
    axes[`yaxis${suffix(index)}`] = axis(index % columns === 0 ? of : "", {
      domain: y,
      anchor: `x${suffix(index)}`,
      nticks: 4,
    });
    const place = {
      x: x[0] ?? 0,
      y: y[1] ?? 1,
      xref: "paper",
      yref: "paper",
      xanchor: "left",
      yanchor: "bottom",
    };
    return { ...place, text: `<b>${plotText(label)}</b>`, showarrow: false, yshift: 4, font: { size: 12 } };
  });
  const margin = { l: 48, r: 16, t: 84, b: 48 };
  const data = cells.map(({ bins }, index) => ({
    ...histogramTrace(bins, of),
    xaxis: `x${suffix(index)}`,
    yaxis: `y${suffix(index)}`,
  }));
  return { data, layout: layout(title, 120 + lines * 210, { bargap: 0.06, ...axes, annotations, margin }) };
}

function histogramTrace(bins: Bins, of: string): JsonObject {
  return {
    type: "bar",
    x: bins.counts.map((_, index) => binCentre(bins, index)),
    y: bins.counts,
    customdata: bins.counts.map((_, index) => binLabel(bins, index)),
    width: bins.step * 0.94,
    marker: { color: colours.main },
    hovertemplate: `%{customdata}: %{y:,} ${plotText(of)}<extra></extra>`,
  };
}

/** Few whole numbers get a tick each; many are left to plotly. */
function wholeTicks(bins: Bins): JsonObject {
  return bins.whole && bins.counts.length <= 12 && bins.step === 1 ? { dtick: 1 } : { nticks: 8 };
}

/** The axis of the values: from the first bin's edge to the last one's. */
function valueAxis(unit: string, bins: Bins, more: JsonObject = {}): JsonObject {
  const from = binCentre(bins, 0) - bins.step / 2;
  const range = [from, from + bins.step * bins.counts.length].map((edge) => Number(edge.toPrecision(12)));
  return axis(unit, { showgrid: false, range, ...wholeTicks(bins), ...more });
}

function medianLine(middle: number): JsonObject {
  const line = { color: colours.ink, width: 1, dash: "dot" };
  return { type: "line", x0: middle, x1: middle, xref: "x", y0: 0, y1: 1, yref: "paper", line };
}

function medianNote(middle: number): JsonObject {
  const place = { x: middle, xref: "x", y: 1, yref: "paper", yanchor: "bottom", showarrow: false };
  return { ...place, text: `median ${readable(middle)}`, font: { size: 11, color: colours.muted } };
}

/** Plotly calls its axes x, x2, x3. */
function suffix(index: number): string {
  return index === 0 ? "" : String(index + 1);
}

/** Part `index` of `of` equal parts of 0..1 with `gap` between them. */
function span(index: number, of: number, gap: number): readonly number[] {
  const width = (1 - gap * (of - 1)) / of;
  const from = index * (width + gap);
  return [Number(from.toFixed(4)), Number((from + width).toFixed(4))];
}
