// Counts and distributions over rows, for stats.json, the dataset card and the report. In: validated rows, one at a
// time. Out: plain numbers whose JSON is the same for the same rows in the same order. Keeps some 15 numbers per row.
import type { Metrics, TestOrigin, Verdict, WithResult } from "../core/record.js";

/** How a figure is distributed over the rows that have it; quantiles interpolate linearly, as numpy's default does. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly max: number;
  readonly mean: number;
}

type Counts = Readonly<Record<string, number>>;

/** Figures of a row that have a distribution; `hasDocstring` is 0 or 1, so that its mean is a share. */
export type FigureName =
  | Exclude<keyof Metrics, "findings">
  | "asserts"
  | "mutationScore"
  | "functionLines"
  | "seedLines"
  | "instructionWords"
  | "responseCharacters";

export interface DatasetStats {
  readonly rows: number;
  /** Only verdicts that occur, best first. */
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Rows with tests, and whether these fail on a body of `return None`. */
  readonly stub: { readonly killed: number; readonly survived: number; readonly untested: number };
  /** Tests by origin, and all asserts that ran and held. */
  readonly tests: Readonly<Record<TestOrigin, number>>;
  readonly asserts: number;
  /** Rows by teacher, sandbox and origin; keys in alphabetical order, `unknown` where no licence is known. */
  readonly models: Counts;
  readonly modes: Counts;
  readonly backends: Counts;
  readonly interpreters: Counts;
  readonly sources: Counts;
  readonly repositories: Counts;
  readonly licences: Counts;
  /** What the teacher left out on the way, by reason. */
  readonly dropped: Counts;
  /** null where no row has the figure. */
  readonly figures: Readonly<Record<FigureName, Spread | null>>;
}

/** Verdicts from best to worst: what passed, what was not tried, what failed, what could not be judged. */
export const VERDICTS = [
  "verified",
  "recorded",
  "executed",
  "defined",
  "vacuous",
  "wrong",
  "error",
  "timeout",
  "memory",
  "flood",
  "forbidden-import",
  "unsupported",
  "sandbox-error",
] as const satisfies readonly Verdict[];

const readers: Readonly<Record<FigureName, (row: WithResult) => number | null>> = {
  lines: ({ metrics }) => metrics.lines,
  pep8: ({ metrics }) => metrics.pep8,
  pep8Per100Lines: ({ metrics }) => metrics.pep8Per100Lines,
  formatChanged: ({ metrics }) => metrics.formatChanged,
  annotationCoverage: ({ metrics }) => metrics.annotationCoverage,
  docstring: ({ metrics }) => metrics.docstring,
  hasDocstring: ({ metrics }) => (metrics.hasDocstring ? 1 : 0),
  complexity: ({ metrics }) => metrics.complexity,
  complexityRadon: ({ metrics }) => metrics.complexityRadon,
  overlap: ({ metrics }) => metrics.overlap,
  rmi: ({ metrics }) => metrics.rmi ?? null,
  coderReviewer: ({ metrics }) => metrics.coderReviewer ?? null,
  asserts: ({ result }) => result.asserts,
  mutationScore: ({ result }) => result.mutationScore,
  functionLines: ({ figures }) => figures.functionLines,
  seedLines: ({ figures }) => figures.seedLines,
  instructionWords: ({ instruction }) => instruction.match(/\S+/gu)?.length ?? 0,
  responseCharacters: ({ response }) => response.length,
};

/** What of a row is counted. */
const labels = {
  models: ({ model }) => model,
  modes: ({ result }) => result.mode,
  backends: ({ result }) => result.backend,
  interpreters: ({ result }) => result.interpreter,
  sources: ({ provenance }) => provenance.source,
  repositories: ({ provenance }) => provenance.repository,
  licences: ({ provenance }) => provenance.licence ?? "unknown",
} satisfies Readonly<Record<string, (row: WithResult) => string>>;

/** Gathers statistics while rows pass. */
export interface Tally {
  add(row: WithResult): void;
  /** The same rows, each counted as it passes. */
  watch<Row extends WithResult>(rows: AsyncIterable<Row> | Iterable<Row>): AsyncGenerator<Row>;
  /** Of the rows so far. */
  stats(): DatasetStats;
}

/** An empty tally. */
export function tally(): Tally {
  const counters = mapValues(labels, () => new Map<string, number>());
  const figures = mapValues(readers, (): number[] => []);
  const verdicts = new Map<string, number>();
  const origins = new Map<string, number>();
  const dropped = new Map<string, number>();
  const stub = { killed: 0, survived: 0, untested: 0 };
  let [rows, asserts] = [0, 0];

  const add = (row: WithResult): void => {
    rows++;
    asserts += row.result.asserts;
    stub[stubWord(row.result.killsStub)]++;
    count(verdicts, row.result.verdict);
    for (const test of row.tests) count(origins, test.origin);
    for (const [reason, times] of Object.entries(row.dropped)) count(dropped, reason, times);
    for (const name of keysOf(labels)) count(counters[name], labels[name](row));
    for (const name of keysOf(readers)) {
      const value = readers[name](row);
      if (value !== null) figures[name].push(value);
    }
  };
  return {
    add,
    async *watch(source) {
      for await (const row of source) {
        add(row);
        yield row;
      }
    },
    stats: () => ({
      rows,
      verdicts: inOrder(verdicts, VERDICTS),
      stub: { ...stub },
      tests: { author: 0, model: 0, recorded: 0, ...Object.fromEntries(origins) },
      asserts,
      ...mapValues(counters, (counter) => inOrder(counter)),
      dropped: inOrder(dropped),
      figures: mapValues(figures, spreadOf),
    }),
  };
}

function stubWord(killsStub: boolean | null): keyof DatasetStats["stub"] {
  if (killsStub === null) return "untested";
  return killsStub ? "killed" : "survived";
}

function count(counter: Map<string, number>, name: string, times = 1): void {
  counter.set(name, (counter.get(name) ?? 0) + times);
}

/** A counter as a record, its keys sorted by code unit or, where given, in `order`. */
function inOrder(
  counter: ReadonlyMap<string, number>,
  order: readonly string[] = [...counter.keys()].sort(),
): Counts {
  return Object.fromEntries(
    order.flatMap((name) => {
      const times = counter.get(name);
      return times === undefined ? [] : [[name, times]];
    }),
  );
}

/** Distribution of some numbers, rounded to four decimals; null where there are none. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  if (count === 0) return null;
  const at = (share: number): number => {
    const position = share * (count - 1);
    const below = sorted[Math.floor(position)] ?? 0;
    const above = sorted[Math.ceil(position)] ?? 0;
    return rounded(below + (above - below) * (position % 1));
  };
  const mean = rounded(sorted.reduce((sum, value) => sum + value, 0) / count);
  return { count, min: at(0), p25: at(0.25), median: at(0.5), p75: at(0.75), max: at(1), mean };
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[];
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  change: (value: From) => To,
): Record<Key, To> {
  return Object.fromEntries(keysOf(record).map((key) => [key, change(record[key])])) as Record<Key, To>;
}
