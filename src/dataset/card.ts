// The dataset card: README.md with the header that the Hub reads, then what the rows are, how they came to be and what
// they are not. In: one plain object. Out: Markdown; the same object gives the same bytes. It knows no clock, and
// whatever comes from a corpus or an option is quoted, never interpreted.
// Header: https://huggingface.co/docs/hub/datasets-cards
import type { Verdict } from "../core/record.js";
import { SAMPLE_COLUMNS } from "./columns.js";
import { JSONL_FILE, PARQUET_FILE } from "./export.js";
import { hubLicence } from "./licences.js";
import { LOADING } from "./loading.js";
import { fenced, plainText, quoted, table } from "./markdown.js";
import type { Column } from "./parquet.js";
import type { SplitStats } from "./splits.js";
import { PREFERENCES_FILE } from "./preferences.js";
import type { FunnelStep } from "../seeds/funnel.js";
import { VERDICTS } from "./stats.js";
import type { DatasetStats, FigureName } from "./stats.js";
import { REPLAYED, samplingText, type ModelTeacher } from "./teacher.js";

export interface CardData {
  /** Title for people. */
  readonly name: string;
  /** The corpus in words. */
  readonly corpus: string;
  /** Of the published rows. */
  readonly stats: DatasetStats;
  readonly splits: SplitStats;
  /** The model that was asked; null where none was, or where the rows of several runs come together. */
  readonly teacher: ModelTeacher | null;
  /** Pairs of a published answer and a failing one. */
  readonly preferencePairs: number;
  /** First to last. */
  readonly funnel: readonly FunnelStep[];
  /** Options that decide the content. */
  readonly options: Readonly<Record<string, string | number | boolean | null>>;
  /** Texts that must travel with the data, such as copyright notices. */
  readonly notices: readonly string[];
  /** What a reader must not miss, e.g. an unsafe sandbox. */
  readonly warnings: readonly string[];
  /** What else the rows are not, beyond what their verdicts and teacher say. */
  readonly limits: readonly string[];
}

/** What each verdict says. */
export const VERDICT_MEANING: Readonly<Record<Verdict, string>> = {
  verified: "tests of an author or a model ran, every assert held, and they fail on a stub that returns None",
  recorded: "tests frozen from what the code itself returned hold, and fail on the stub",
  executed: "the function was called and returned; nothing was asserted",
  defined: "the code could be imported; its function was never called",
  vacuous: "the tests pass on the stub too, so they show nothing",
  wrong: "an assert did not hold",
  error: "an exception ended it",
  timeout: "it ran out of time",
  memory: "it ran out of memory",
  flood: "it wrote more than it may",
  "forbidden-import": "it imports what the sandbox does not have, and was not run",
  unsupported: "the sandbox cannot run this kind of test",
  "sandbox-error": "the sandbox itself failed",
};

/** What a dataset without a model is called wherever it is shown. */
export const BASELINE = "baseline: documentation pairs, no model";

/** True where every row was made from documentation, without a model. */
export function isBaseline({ models }: DatasetStats): boolean {
  const names = Object.keys(models);
  return names.length > 0 && names.every((name) => name === "docstring");
}

/** The dataset card as Markdown. */
export function datasetCard(data: CardData): string {
  const { stats } = data;
  const parts = [
    header(data),
    `# ${plainText(data.name)}`,
    isBaseline(stats) ? `**${BASELINE}**` : "",
    data.teacher?.replayed === true ? `**${REPLAYED}**` : "",
    ...data.warnings.map((warning) => `> **Warning.** ${plainText(warning)}`),
    introduction(data),
    "## From corpus to dataset",
    table(["step", "left", "why others left"], data.funnel.map(funnelRow)),
    "## Verdicts",
    "What running the code in a sandbox showed.",
    table(["verdict", "rows", "meaning"], verdictRows(stats)),
    "## Splits",
    ...splitsText(data),
    ...preferencesText(data),
    "## Columns",
    table(
      ["column", "type", "content"],
      SAMPLE_COLUMNS.flatMap((column) => columnRows(column)),
    ),
    "## Quality",
    table(["figure", "rows", "min", "25 %", "median", "75 %", "max", "mean"], figureRows(stats)),
    "## How it was made",
    table(
      ["option", "value"],
      Object.entries(data.options).map(([name, value]) => [quoted(name), quoted(String(value))]),
    ),
    "## Loading",
    ...LOADING.map(({ language, code }) => fenced(code, language)),
    "## Licences and notices",
    licences(data),
    "## Limits",
    limits(data),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function header({ name, stats }: CardData): string {
  const { identifiers, name: licenceName, link } = hubLicence(Object.keys(stats.licences));
  return [
    "---",
    `pretty_name: ${JSON.stringify(name)}`,
    ...(identifiers.length === 1 ? [`license: ${identifiers.join("")}`] : yamlList("license", identifiers)),
    ...(licenceName === null ? [] : [`license_name: ${JSON.stringify(licenceName)}`]),
    ...(link === null ? [] : [`license_link: ${link}`]),
    ...yamlList("language", ["en", "code"]),
    ...yamlList("task_categories", ["text-generation"]),
    ...yamlList("size_categories", [sizeCategory(stats.rows)]),
    ...yamlList("tags", ["code", "python", "instruction-tuning", "selfalign"]),
    "configs:",
    "- config_name: default",
    "  data_files:",
    "  - split: train",
    `    path: ${PARQUET_FILE}`,
    "---",
  ].join("\n");
}

function yamlList(key: string, values: readonly string[]): readonly string[] {
  return [`${key}:`, ...values.map((value) => `- ${value}`)];
}

/** The Hub's word for a number of rows: `n<1K`, `1K<n<10K` … */
function sizeCategory(rows: number): string {
  const bounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
  const names = ["1K", "10K", "100K", "1M", "10M", "100M", "1B"];
  const at = bounds.findIndex((bound) => rows < bound);
  if (at < 0) return "1B<n<10B";
  return at === 0 ? "n<1K" : `${names[at - 1] ?? ""}<n<${names[at] ?? ""}`;
}

function introduction({ corpus, stats, teacher }: CardData): string {
  const counts = VERDICTS.flatMap((verdict) => {
    const rows = stats.verdicts[verdict];
    return rows === undefined ? [] : [`${rows} ${verdict}`];
  });
  return (
    `${stats.rows} pairs of instruction and response in Python, grown from real functions of ${plainText(corpus)}. ` +
    `${taughtBy(stats, teacher)}. Every response was run in a sandbox${counts.length > 0 ? `: ${counts.join(", ")}` : ""}. ` +
    `${stats.asserts} asserts ran and held. \`${PARQUET_FILE}\` and \`${JSONL_FILE}\` hold the same rows.`
  );
}

function taughtBy(stats: DatasetStats, teacher: ModelTeacher | null): string {
  if (isBaseline(stats))
    return "Instructions are made from docstrings and signatures, responses are the functions as their authors wrote them";
  if (teacher === null)
    return `Instructions and responses were written by ${Object.keys(stats.models).map(quoted).join(", ")}`;
  const { identity, prompts, sampling, replayed } = teacher;
  if (replayed)
    return `Concepts, instructions and responses were read out of a file of transcripts (${quoted(identity)})`;
  return (
    `Concepts, instructions and responses were written by the model ${quoted(identity)}, ` +
    `prompted with the set ${quoted(prompts)}: ${samplingText(sampling)}`
  );
}

function funnelRow({ name, count, left }: FunnelStep): readonly string[] {
  const reasons = Object.entries(left).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return [plainText(name), String(count), reasons.map(([reason, n]) => `${quoted(reason)} ${n}`).join(", ")];
}

function verdictRows({ verdicts }: DatasetStats): readonly (readonly string[])[] {
  return VERDICTS.flatMap((verdict) => {
    const rows = verdicts[verdict];
    return rows === undefined ? [] : [[`\`${verdict}\``, String(rows), VERDICT_MEANING[verdict]]];
  });
}

function splitsText({ splits: { train, test, grouping, clustered, groups } }: CardData): readonly string[] {
  const homes =
    grouping === "repository"
      ? "All rows of a repository"
      : "All rows come from one repository; all of a file";
  const alike = clustered ? ", and all that nearly repeat one another," : "";
  return [
    table(
      ["`split`", "rows"],
      [
        ["`train`", String(train)],
        ["`test`", String(test)],
      ],
    ),
    `${homes}${alike} are on the same side (${groups} groups).`,
  ];
}

function preferencesText({ preferencePairs }: CardData): readonly string[] {
  if (preferencePairs === 0) return [];
  return [
    "## Preference pairs",
    `\`${PREFERENCES_FILE}\` holds ${preferencePairs} pairs of a verified answer (\`chosen\`) and one to the same ` +
      "instruction that failed (`rejected`, `reason`), at most one of each instruction: the failing one whose code is " +
      "nearest in length. An answer was tried with its own tests; where these were wrong, a rejected one may be right. " +
      // Not in the header: the Hub's reader takes one format for all of a folder.
      `Load them with \`load_dataset("json", data_files="${PREFERENCES_FILE}", split="train")\`.`,
  ];
}

const typeNames = {
  string: "string",
  strings: "list of strings",
  int64: "int64",
  double: "float64",
  boolean: "bool",
  struct: "struct",
} as const satisfies Record<Column["kind"], string>;

function columnRows(column: Column, prefix = ""): readonly (readonly string[])[] {
  const name = `${prefix}${column.name}`;
  const optional = column.kind !== "struct" && column.nullable ? ", or null" : "";
  const row = [`\`${name}\``, `${typeNames[column.kind]}${optional}`, column.about];
  const inner = column.kind === "struct" ? column.fields : [];
  return [row, ...inner.flatMap((field) => columnRows(field, `${name}.`))];
}

const figureLabels: Readonly<Partial<Record<FigureName, string>>> = {
  functionLines: "lines of the seed's function",
  instructionWords: "words of the instruction",
  lines: "lines of the code",
  complexity: "cyclomatic complexity",
  pep8Per100Lines: "PEP 8 findings per 100 lines",
  formatChanged: "share of lines that a formatter would change",
  docstring: "docstring findings",
  hasDocstring: "has a docstring",
  annotationCoverage: "annotated share",
  overlap: "words shared by instruction and code",
  rmi: "instruction likelier after the code, nats per token",
  asserts: "asserts that held",
  mutationScore: "share of mutants caught by the tests",
};

function figureRows({ figures }: DatasetStats): readonly (readonly string[])[] {
  return Object.entries(figureLabels).flatMap(([name, label]) => {
    // Object.entries forgets the keys' type.
    const spread = figures[name as FigureName];
    if (spread === null) return [];
    const { count, min, p25, median, p75, max, mean } = spread;
    return [[label, ...[count, min, p25, median, p75, max, mean].map(String)]];
  });
}

function licences({ stats, notices }: CardData): string {
  const rows = Object.entries(stats.licences).map(([licence, count]) => [quoted(licence), String(count)]);
  return [
    "Each row stays under the licence of the project that its seed comes from (`provenance.licence`).",
    table(["licence", "rows"], rows),
    ...notices.map((notice) => fenced(notice.trimEnd(), "text")),
  ].join("\n\n");
}

function limits({ stats, teacher, limits: more }: CardData): string {
  const { verdicts, modes } = stats;
  const said = [
    isBaseline(stats)
      ? `${BASELINE}. The instructions tell what a maintainer wrote for readers of the code, not what a user would ask.`
      : "",
    teacher?.replayed === true
      ? "The transcripts may have been written by people, to show the way: the rows say nothing about what a model can do."
      : "",
    (verdicts.verified ?? 0) > 0
      ? "`verified` means that the given asserts held. They are few, and a wrong response can pass them."
      : "",
    (verdicts.recorded ?? 0) > 0
      ? "`recorded` tests were made by running the code itself: they pin down what it does, and are no specification " +
        "of what it should do."
      : "",
    (verdicts.executed ?? 0) > 0
      ? "`executed` rows have no test: the code ran, whether it is right is not known."
      : "",
    (modes["one-world"] ?? 0) > 0
      ? "Rows with mode `one-world` ran in one interpreter with their tests: code that sets out to deceive its tests could."
      : "",
    "Figures of style come from tools and do not measure whether code is good.",
    ...more.map(plainText),
  ];
  return said.flatMap((limit) => (limit === "" ? [] : [`- ${limit}`])).join("\n");
}
