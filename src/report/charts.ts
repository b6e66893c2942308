// Counts and values in, plotly figures out: pure functions, no plotly code. Bars carry their label above and their
// number behind, so that a chart reads the same on a phone and on a wall; nothing is drawn for decoration.
import type { Verdict } from "../core/record.js";
import { VERDICTS } from "../dataset/stats.js";
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

export interface Count {
  readonly name: string;
  readonly count: number;
}

/** What is left after each step, first to last; the share is of the first step. */
export function funnelChart(
  steps: readonly Count[],
  title = "How many functions are left after each step",
): Figure {
  const whole = steps[0]?.count ?? 0;
  return barList(
    steps.map(({ name, count }, index) => {
      const lost = (steps[index - 1]?.count ?? count) - count;
      const colour = index === steps.length - 1 ? colours.strong : colours.main;
      const hover = lost > 0 ? `${readable(lost)} left out at this step` : "none left out at this step";
      return { name, count, text: `${readable(count)} · ${percent(count, whole)}`, colour, hover };
    }),
    { title, unit: "functions" },
  );
}

export interface ReasonsOptions {
  /** What is counted. Default `functions`. */
  readonly unit?: string;
  /** Most bars; the rest becomes one bar. Default 15. */
  readonly limit?: number;
}

/** Reasons sorted by count, then by name. */
export function reasonsChart(
  counts: Readonly<Record<string, number>>,
  title: string,
  { unit = "functions", limit = 15 }: ReasonsOptions = {},
): Figure {
  const sorted = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const rest = sorted.slice(limit);
  const items: (Count & { colour: string })[] = sorted
    .slice(0, limit)
    .map(([name, count]) => ({ name, count, colour: colours.main }));
  if (rest.length > 0) {
    const count = rest.reduce((sum, [, n]) => sum + n, 0);
    const name = rest.length === 1 ? "1 other reason" : `${rest.length} other reasons`;
    items.push({ name, count, colour: colours.soft });
  }
  return barList(
    items.map((item) => {
      const share = percent(item.count, total);
      return {
        ...item,
        text: `${readable(item.count)} · ${share}`,
        hover: `${share} of what was left out here`,
      };
    }),
    { title, unit },
  );
}

/** The colour of each verdict: what holds in blues and greens, what failed in one red. */
export const verdictColours: Readonly<Record<Verdict, string>> = {
  verified: colours.strong,
  recorded: colours.main,
  executed: colours.soft,
  defined: colours.pale,
  wrong: colours.bad,
  error: colours.bad,
  timeout: colours.bad,
  memory: colours.bad,
  flood: colours.bad,
  "forbidden-import": colours.bad,
  vacuous: colours.bad,
  unsupported: colours.bad,
  "sandbox-error": colours.bad,
};

/** Verdicts, best first; those that never came are left out. */
export function verdictChart(
  counts: Readonly<Partial<Record<Verdict, number>>>,
  title = "What the sandbox found",
): Figure {
  const seen = VERDICTS.filter((verdict) => (counts[verdict] ?? 0) > 0);
  const total = seen.reduce((sum, verdict) => sum + (counts[verdict] ?? 0), 0);
  return barList(
    seen.map((name) => {
      const count = counts[name] ?? 0;
      const share = percent(count, total);
      const colour = verdictColours[name];
      return {
        name,
        count,
        text: `${readable(count)} · ${share}`,
        colour,
        hover: `${share} of all responses`,
      };
    }),
    { title, unit: "responses" },
  );
}

export interface StageTime {
  readonly stage: string;
  readonly wallSeconds: number;
  /** Null where it could not be told, as for stages that ran at the same time. */
  readonly cpuSeconds: number | null;
}

/** Wall-clock and CPU seconds per stage, in the stages' order. */
export function timeChart(stages: readonly StageTime[], title = "Where the time went"): Figure {
  const cpuSeconds = stages.map((stage) => stage.cpuSeconds);
  const known = cpuSeconds.every((seconds) => seconds !== null);
  const wall = { name: "wall clock", values: stages.map(({ wallSeconds }) => wallSeconds) };
  return groupedBars(
    stages.map(({ stage }) => stage),
    known ? [wall, { name: "CPU", values: cpuSeconds }] : [wall],
    { title, unit: "seconds", after: " s" },
  );
}

/** A share before and after a change. */
export interface ShareChange {
  readonly name: string;
  /** From 0 to 1. */
  readonly old: number;
  readonly new: number;
}

/** Old and new shares side by side. */
export function changeChart(changes: readonly ShareChange[], title: string): Figure {
  const percents = (side: "old" | "new"): number[] => changes.map((change) => 100 * change[side]);
  const series = [
    { name: "old", values: percents("old") },
    { name: "new", values: percents("new") },
  ];
  const options = { title, unit: "per cent", after: " %" };
  return groupedBars(
    changes.map(({ name }) => name),
    series,
    options,
  );
}

interface Series {
  readonly name: string;
  /** One for each group. */
  readonly values: readonly number[];
}

interface GroupedOptions {
  readonly title: string;
  /** Title of the axis, and what stands behind a value. */
  readonly unit: string;
  readonly after: string;
}

/** Groups of horizontal bars with a legend: at most two series. */
function groupedBars(
  groups: readonly string[],
  series: readonly Series[],
  { title, unit, after }: GroupedOptions,
): Figure {
  if (groups.length === 0) return emptyFigure(title);
  const names = groups.map(plotText);
  const data = series.map(({ name, values }, at): JsonObject => ({
    type: "bar",
    orientation: "h",
    name,
    y: names,
    x: values.map((value) => Number(value.toPrecision(4))),
    marker: { color: at === 0 ? colours.main : colours.soft },
    hovertemplate: `%{y}: %{x:,.3~r}${after} ${name}<extra></extra>`,
  }));
  return {
    data,
    layout: layout(title, 110 + groups.length * 46, {
      barmode: "group",
      bargap: 0.35,
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", traceorder: "normal" },
      xaxis: axis(unit, { rangemode: "tozero", nticks: 6 }),
      yaxis: axis("", { autorange: "reversed", showgrid: false, tickfont: { size: 12, color: colours.ink } }),
    }),
  };
}

/** Share in words; never 0 % for something that is there. */
function percent(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  return `${readable(share, share < 10 ? 1 : 0)} %`;
}
