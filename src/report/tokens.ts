// Tokenizers as figures: how fast tokens become rare, what a cut-off leaves of a vocabulary, how long files are in tokens. Records
// of complete/ in, plotly figures out.
import type { TokenizerReport } from "../complete/comparison.js";
import type { CurvePoint } from "../complete/vocabulary.js";
import { barList } from "./bars.js";
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

/** One for each tokenizer, in their order and then again. */
const LINES = [colours.strong, colours.bad, colours.main, colours.muted];

/** A logarithmic axis with a tick at each power of ten. */
function powers(title: string, more: JsonObject = {}): JsonObject {
  return axis(title, { type: "log", dtick: 1, tickformat: ",~r", fixedrange: false, ...more });
}

/** How often the tokens are there, by their rank: a line for each tokenizer. */
export function rankChart(
  reports: readonly Pick<TokenizerReport, "name" | "ranks">[],
  title = "How often tokens are there, by rank",
): Figure {
  const drawn = reports.filter(({ ranks }) => ranks.length > 0);
  if (drawn.length === 0) return emptyFigure(title);
  const data = drawn.map(({ name, ranks }, at): JsonObject => ({
    type: "scatter",
    mode: "lines",
    name: plotText(name),
    x: ranks.map(({ rank }) => rank),
    y: ranks.map(({ count }) => count),
    line: { color: LINES[at % LINES.length] ?? colours.ink, width: 2 },
    hovertemplate: `%{y:,d} times at rank %{x:,d}, ${plotText(name)}<extra></extra>`,
  }));
  return {
    data,
    layout: layout(title, 380, {
      showlegend: true,
      // Counts fall: the upper right is free.
      legend: { x: 1, xanchor: "right", y: 1, yanchor: "top" },
      xaxis: powers("rank"),
      yaxis: powers("times in the texts"),
    }),
  };
}

/** The vocabulary that each cut-off leaves, and in a strip below what share of the texts' pieces is still one token. */
export function cutoffChart(
  curve: readonly CurvePoint[],
  title = "What a cut-off leaves of the vocabulary",
): Figure {
  if (curve.length === 0) return emptyFigure(title);
  const x = curve.map(({ cutoff }) => cutoff);
  const line = (name: string, y: readonly number[], hover: string, more: JsonObject): JsonObject => ({
    type: "scatter",
    mode: "lines+markers",
    name,
    x,
    y,
    hovertemplate: `at least %{x:,d} times: ${hover}<extra></extra>`,
    ...more,
  });
  const pieces = curve.map((point) => point.pieces);
  const covered = curve.map((point) => Number((100 * point.covered).toPrecision(6)));
  return {
    data: [
      line("vocabulary", pieces, "%{y:,d} pieces", {
        line: { color: colours.strong, width: 2 },
        marker: { color: colours.strong, size: 6 },
      }),
      line("covered", covered, "%{y:.1f} % of all pieces", {
        yaxis: "y2",
        line: { color: colours.muted, width: 1.5 },
        marker: { color: colours.muted, size: 5 },
      }),
    ],
    layout: layout(title, 420, {
      xaxis: powers("least frequency of a piece", { anchor: "y2" }),
      yaxis: powers("pieces", { domain: [0.36, 1] }),
      yaxis2: axis("covered, %", { domain: [0, 0.24], nticks: 3 }),
    }),
  };
}

/** How many tokens a file is on average, a bar for each tokenizer. */
export function tokensChart(
  reports: readonly Pick<TokenizerReport, "name" | "vocabulary" | "lengths">[],
  title = "How many tokens a file is",
): Figure {
  const bars = reports.map(({ name, vocabulary, lengths }, at) => ({
    name,
    count: Math.round(lengths.meanTokens),
    text: `${readable(lengths.meanTokens, 0)} · ${readable(lengths.bytesPerToken)} bytes each`,
    colour: LINES[at % LINES.length] ?? colours.ink,
    hover: `${readable(vocabulary)} tokens in the vocabulary, median ${readable(lengths.medianTokens, 0)} tokens a file`,
  }));
  return barList(bars, { title, unit: "tokens a file" });
}
