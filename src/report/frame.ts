// Tables to look at, and nothing else: the only file that touches danfojs-node. Rows go in as plain records and come
// out as text or HTML; danfo's types stay inside, and it is loaded (about a second) when a frame is first asked for.
// Published figures are never computed here: danfo merges groups and lets one missing value spoil a mean.
import { cellText, columnsOf, tableHtml, type Cell, type Row } from "./markup.js";

/** A table for the eye. Every method leaves it as it is and gives a new one or a text. */
export interface Frame {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** The first `count` rows (5). */
  head(count?: number): Frame;
  /** The columns named, in that order. */
  select(...columns: readonly string[]): Frame;
  /** count, mean, std, min, median, max and variance per column of numbers; missing values are left out. */
  describe(): Frame;
  /** An HTML table of at most `limit` rows (20). */
  html(limit?: number): string;
  /** The table drawn with lines, as danfo prints it: long cells cut, at most ten rows, wide tables cut in the middle. */
  toString(): string;
}

/** What is used of danfo's DataFrame. */
interface DanfoFrame {
  readonly index: readonly (string | number)[];
  readonly values: readonly (readonly number[])[];
  describe(): DanfoFrame;
  toString(): string;
}

type DanfoConstructor = new (
  values: readonly (readonly Cell[])[],
  options: { columns: readonly string[] },
) => DanfoFrame;

/** Rows as a frame; columns are all names in the order in which they first appear, a missing value is null. */
export async function toFrame(rows: readonly Row[]): Promise<Frame> {
  const danfo = await loadDanfo();
  return frameOf(danfo, columnsOf(rows), rows);
}

/** Loads danfo; with tfjs-core in place of tfjs-node it prints no banner and has no tensors. */
async function loadDanfo(): Promise<DanfoConstructor> {
  const { DataFrame } = await import("danfojs-node");
  // danfo declares wider and looser types than the few members named above.
  return DataFrame as unknown as DanfoConstructor;
}

function frameOf(Danfo: DanfoConstructor, columns: readonly string[], rows: readonly Row[]): Frame {
  return {
    columns,
    rows,
    head: (count = 5) => frameOf(Danfo, columns, rows.slice(0, count)),
    select: (...names) =>
      frameOf(
        Danfo,
        names,
        rows.map((row) => pick(row, names)),
      ),
    describe: () => describeWith(Danfo, columns, rows),
    html: (limit = 20) => tableHtml(rows, { columns, limit }),
    toString: () => draw(Danfo, columns, rows),
  };
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
}

/** Each column alone and without its gaps, since danfo gives NaN for a column with one. */
function describeWith(Danfo: DanfoConstructor, columns: readonly string[], rows: readonly Row[]): Frame {
  const described = columns.flatMap((name) => {
    const values = numbersOf(rows, name);
    if (values === null) return [];
    const table = new Danfo(
      values.map((value) => [value]),
      { columns: ["value"] },
    ).describe();
    return [{ name, labels: table.index.map(String), values: table.values.map(([value]) => value ?? null) }];
  });
  const labels = described[0]?.labels ?? [];
  const lines = labels.map((label, line) => {
    const cells = described.map(({ name, values }) => [name, values[line] ?? null] as const);
    return { figure: label, ...Object.fromEntries(cells) };
  });
  return frameOf(Danfo, ["figure", ...described.map(({ name }) => name)], lines);
}

/** The finite numbers of a column; null where it holds anything else or nothing. */
function numbersOf(rows: readonly Row[], name: string): readonly number[] | null {
  const present = rows.map((row) => row[name] ?? null).filter((value) => value !== null);
  const numbers = present.filter((value) => typeof value === "number");
  return numbers.length === 0 || numbers.length < present.length ? null : numbers.filter(Number.isFinite);
}

/** Danfo's drawing. Cells are text and columns that share a name with one of its methods get a `_`, or it breaks. */
function draw(Danfo: DanfoConstructor, columns: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return `no rows (${columns.join(", ")})`;
  const taken = new Danfo([["x"]], { columns: ["\0"] });
  const names = columns.map((name) => (name in taken ? `${name}_` : name));
  const cells = rows.map((row) => columns.map((name) => cellText(row[name] ?? null)));
  return new Danfo(cells, { columns: names }).toString();
}
