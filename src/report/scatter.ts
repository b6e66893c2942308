// Two figures of every row against each other. Large runs are thinned by a fixed stride, and the chart says so.
import { axis, colours, emptyFigure, layout, plotText, readable, type Figure } from "./figure.js";

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Shown on hover, e.g. the function's name. */
  readonly label?: string;
}

export interface ScatterOptions {
  readonly title: string;
  /** Titles of the axes, units included. */
  readonly x: string;
  readonly y: string;
  /** Most points drawn. Default 2,000. */
  readonly limit?: number;
}

/** Finite points as translucent dots. */
export function scatter(points: readonly Point[], { title, x, y, limit = 2000 }: ScatterOptions): Figure {
  const finite = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
  if (finite.length === 0) return emptyFigure(title);
  const stride = Math.ceil(finite.length / limit);
  const drawn = finite.filter((_, index) => index % stride === 0);
  const note = `${readable(drawn.length)} of ${readable(finite.length)} shown`;
  return {
    data: [
      {
        type: "scatter",
        mode: "markers",
        x: drawn.map((point) => point.x),
        y: drawn.map((point) => point.y),
        hovertext: drawn.map((point) => plotText(point.label ?? "")),
        marker: { color: colours.main, size: 7, opacity: 0.4, line: { width: 0 } },
        hovertemplate: `<b>%{hovertext}</b><br>${plotText(x)} %{x}, ${plotText(y)} %{y}<extra></extra>`,
      },
    ],
    layout: layout(title, 360, {
      xaxis: axis(x, { rangemode: "tozero", fixedrange: false }),
      yaxis: axis(y, { rangemode: "tozero", fixedrange: false }),
      annotations:
        stride === 1
          ? []
          : [
              {
                text: note,
                xref: "paper",
                yref: "paper",
                x: 1,
                y: 1,
                xanchor: "right",
                yanchor: "bottom",
                showarrow: false,
                font: { size: 11, color: colours.muted },
              },
            ],
    }),
  };
}
