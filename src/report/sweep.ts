// A sweep as one figure: a line for each training through everything that was drawn for it, to the loss that it came to. The best
// of all is dark. Numbers that span more than a factor of twenty stand by their logarithms. Plain lines, since plotly's own
// parallel coordinates need WebGL, which not every place where a notebook is read has.
import type { SweepRow } from "../train/sweep.js";
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

type Value = number | string;

/** Something that differs between trainings: its name, and where each value stands between 0 and 1. */
interface Scale {
  readonly name: string;
  readonly values: readonly Value[];
  readonly place: (value: Value) => number;
  readonly low: string;
  readonly high: string;
}

/** Trainings that have a loss, as parallel coordinates. */
export function sweepChart(rows: readonly SweepRow[], title = "What was tried, and what came of it"): Figure {
  const learned = rows.filter((row) => row.validation !== null);
  if (learned.length === 0) return emptyFigure(title);
  const names = [...new Set(learned.flatMap(({ drawn }) => Object.keys(drawn)))].sort();
  const scales = [
    ...names.map((name) =>
      scaleOf(
        name,
        learned.map(({ drawn }) => drawn[name] ?? ""),
      ),
    ),
    scaleOf(
      "steps",
      learned.map(({ steps }) => steps),
    ),
    scaleOf(
      "validation loss",
      learned.map(({ validation }) => validation ?? 0),
    ),
  ];
  const losses = learned.map(({ validation }) => validation ?? 0);
  const best = losses.indexOf(Math.min(...losses));
  // The best one last, over the others.
  const order = [...learned.keys()].sort((a, b) => Number(a === best) - Number(b === best));
  return {
    data: order.map((at) =>
      line(scales, at, `trial ${learned[at]?.trial ?? ""}, round ${learned[at]?.round ?? ""}`, at === best),
    ),
    layout: layout(title, 420, {
      showlegend: false,
      hovermode: "closest",
      xaxis: axis("each line is a training, the dark one the best", {
        showgrid: true,
        gridcolor: colours.pale,
        type: "category",
      }),
      yaxis: axis("", { visible: false, range: [-0.12, 1.12] }),
      annotations: scales.flatMap(({ name, low, high }) => [
        end(name, -0.03, "top", low),
        end(name, 1.03, "bottom", high),
      ]),
    }),
  };
}

function line(scales: readonly Scale[], at: number, name: string, best: boolean): JsonObject {
  const values = scales.map((scale) => scale.values[at] ?? "");
  const facts = scales.map((scale, of) => `${plotText(scale.name)} ${plotText(told(values[of] ?? ""))}`);
  return {
    type: "scatter",
    mode: "lines+markers",
    name,
    x: scales.map((scale) => plotText(scale.name)),
    y: scales.map((scale, of) => scale.place(values[of] ?? "")),
    line: { color: best ? colours.strong : colours.soft, width: best ? 3 : 1.5 },
    marker: { size: best ? 7 : 5 },
    hovertemplate: `<b>${name}</b><br>${facts.join("<br>")}<extra></extra>`,
  };
}

function end(name: string, y: number, yanchor: string, text: string): JsonObject {
  const font = { size: 11, color: colours.muted };
  return { x: plotText(name), y, yanchor, text: plotText(text), showarrow: false, font };
}

function scaleOf(name: string, values: readonly Value[]): Scale {
  const numbers = values.filter((value) => typeof value === "number");
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  if (numbers.length < values.length || low === high) {
    const distinct = [...new Set(values.map(String))].sort();
    const place = (value: Value): number =>
      distinct.length === 1 ? 0.5 : distinct.indexOf(String(value)) / (distinct.length - 1);
    const [first = "", last = ""] = [distinct[0], distinct.at(-1)];
    return { name, values, place, low: first, high: distinct.length === 1 ? "" : last };
  }
  const scaled = low > 0 && high / low > 20 ? Math.log : (value: number): number => value;
  return {
    name,
    values,
    place: (value) => (scaled(Number(value)) - scaled(low)) / (scaled(high) - scaled(low)),
    low: told(low),
    high: told(high),
  };
}

/** Four digits are what is drawn. */
function told(value: Value): string {
  if (typeof value === "string") return value;
  return Math.abs(value) >= 1 ? readable(value, 3) : String(Number(value.toPrecision(4)));
}
