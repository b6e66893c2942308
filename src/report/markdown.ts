// The report as Markdown, for terminals, code hosts and diffs: the same facts as the page, tables instead of charts.
// Text from corpora and models is escaped or fenced, so it can't become markup.
import { readable } from "./figure.js";
import { cellText, columnsOf } from "./markup.js";
import { median } from "./bins.js";
import {
  secondsText,
  headlineVerdicts,
  modelRows,
  originOf,
  otherVerdicts,
  savedText,
  verdictMeaning,
  type Report,
  type ReportSample,
} from "./report.js";
import { fenced } from "../dataset/markdown.js";
import { VERDICTS } from "../dataset/stats.js";

/** The whole report in GitHub's Markdown. */
export function reportMarkdown(report: Report): string {
  const parts = [
    `# ${literal(report.title)}`,
    literal(report.subtitle),
    ...report.warnings.map((text) => `> **Warning:** ${literal(text)}`),
    headline(report),
    "## From source to dataset",
    table(
      ["step", "left"],
      report.funnel.map(({ name, count }) => [name, readable(count)]),
    ),
    ...report.rejects.flatMap(({ stage, counts }) => [
      `### Left out in ${literal(stage)}`,
      countTable("reason", counts),
    ]),
    "## Verdicts",
    countTable("verdict", ordered(report)),
    ...modelPart(report),
    "## Quality of the published rows",
    metricTable(report),
    "## Samples",
    ...report.samples.flatMap(sample),
    "## Use",
    ...report.loading.flatMap(({ label, language, code }) => [literal(label), fenced(code, language)]),
    table(
      ["licence", "rows"],
      report.licences.map(({ name, count }) => [name, readable(count)]),
    ),
    ...report.notices.map(literal),
    "## The run",
    timeTable(report),
    table(
      ["option", "value"],
      report.options.map(({ name, value }) => [name, value]),
    ),
    table(
      ["version", "value"],
      report.versions.map(({ name, value }) => [name, value]),
    ),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Text that Markdown takes literally, on one line. */
export function literal(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>#|~&!]/g, (character) => `\\${character}`)
    .replace(/\s*\n\s*/g, " ")
    .replace(/^(\s*)([-+]|\d+[.)])(\s)/, "$1\\$2$3");
}

function headline(report: Report): string {
  const rows = headlineVerdicts.map((verdict) => [
    verdict,
    readable(report.verdicts[verdict] ?? 0),
    verdictMeaning[verdict],
  ]);
  const totals = `${readable(report.seedsRead)} functions read, ${readable(report.rowsPublished)} rows published.`;
  return `${table(["verdict", "rows", "meaning"], [...rows, ["other", readable(otherVerdicts(report)), ""]])}\n\n${totals}`;
}

function ordered({ verdicts }: Report): Readonly<Record<string, number>> {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, verdicts[verdict] ?? 0]));
}

function countTable(name: string, counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return table(
    [name, "count"],
    rows.map(([key, count]) => [key, readable(count)]),
  );
}

function modelPart({ model }: Report): readonly string[] {
  if (model === null) return [];
  const rows = modelRows(model);
  return [
    "## What the model did",
    literal(model.told),
    table(
      columnsOf(rows),
      rows.map((row) => Object.values(row).map((cell) => (cell === null ? "–" : cellText(cell)))),
    ),
    savedText(model),
  ];
}

function metricTable({ metrics }: Report): string {
  const rows = metrics.map(({ label, unit, values }) => {
    const middle = median(values);
    return [label, unit, middle === null ? "–" : readable(middle), readable(values.length)];
  });
  return table(["metric", "unit", "median", "rows"], rows);
}

function timeTable({ times }: Report): string {
  const rows = times.map(({ stage, wallSeconds, cpuSeconds }) => [
    stage,
    secondsText(wallSeconds),
    cpuSeconds === null ? "–" : secondsText(cpuSeconds),
  ]);
  return table(["stage", "wall clock", "CPU"], rows);
}

function sample(row: ReportSample): readonly string[] {
  const figures = Object.entries(row.metrics).map(
    ([name, value]) => `${literal(name)} ${value === null ? "–" : literal(cellText(value))}`,
  );
  return [
    `### ${literal(row.entryPoint)} (${row.verdict})`,
    literal(originOf(row.provenance)),
    fenced(row.instruction, "text"),
    fenced(row.code, "python"),
    ...(row.tests === "" ? [] : [fenced(row.tests, "python")]),
    figures.join(", "),
  ];
}

/** Empty for no rows, so that no heading of a table stands alone. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string => `| ${cells.map(literal).join(" | ")} |`;
  return [line(head), `| ${head.map(() => "---").join(" | ")} |`, ...rows.map(line)].join("\n");
}
