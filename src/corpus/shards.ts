// Corpora too large to sort: files of many rows, read one after another. The seed draws the order of the files, the rows of
// a file follow as they stand, and a row's position says both, so that reading goes on behind any row and nothing that
// came before is read again. In: shards that give rows. Out: the items of a corpus.
import { asError } from "../core/files.js";
import { sha1Of } from "../core/record.js";
import type { CorpusFile, CorpusReject, FilesOptions, NoBytes } from "./corpus.js";

/**
 * A row as its file has it, or why it can't be read. `at` is its place in the file and grows from row to row: the row's
 * number in Parquet, the first byte of its line in JSON lines.
 */
export type Row =
  | { readonly at: number; readonly values: Readonly<Record<string, unknown>> }
  | { readonly at: number; readonly fault: NoBytes };

/** One file of a corpus. */
export interface Shard {
  /** Path inside the corpus, the same wherever and whenever the corpus is read. */
  readonly name: string;
  /** Rows behind the place `behind`, or all where that is null. */
  rows(behind: number | null, signal: AbortSignal | undefined): AsyncGenerator<Row>;
}

/** Makes of a row what the corpus hands out. */
export type RowReader = (
  order: string,
  shard: Shard,
  row: Row,
  signal: AbortSignal,
) => Promise<CorpusFile | CorpusReject>;

/** Hex digits of the shard in a position, and of the place in the shard. */
const SHARD_DIGITS = 40;
const PLACE_DIGITS = 12;

/** Rows of all shards in the seeded order; `atOnce` of them are made into files at the same time. */
export async function* filesOfShards(
  shards: readonly Shard[],
  { seed, after, signal }: FilesOptions,
  read: RowReader,
  atOnce = 1,
): AsyncGenerator<CorpusFile | CorpusReject> {
  const from = after?.slice(0, SHARD_DIGITS) ?? "";
  const drawn = shards
    .map((shard) => ({ prefix: sha1Of(`${seed}:${shard.name}`), shard }))
    .filter(({ prefix }) => prefix >= from)
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  for (const { prefix, shard } of drawn) {
    const behind = prefix === from && after !== undefined ? parseInt(after.slice(SHARD_DIGITS), 16) : null;
    yield* ahead(shard.rows(behind, signal), atOnce, signal, (row, stop) =>
      read(`${prefix}${row.at.toString(16).padStart(PLACE_DIGITS, "0")}`, shard, row, stop),
    );
  }
}

/**
 * Maps items with `count` of them under way at the same time; results come in the order of the items. When the reader
 * goes, what is under way is stopped.
 */
export async function* ahead<In, Out>(
  items: AsyncIterable<In>,
  count: number,
  signal: AbortSignal | undefined,
  work: (item: In, stop: AbortSignal) => Promise<Out>,
): AsyncGenerator<Out> {
  const gone = new AbortController();
  const stop = signal ? AbortSignal.any([signal, gone.signal]) : gone.signal;
  const going: Promise<Out>[] = [];
  const failures: Error[] = [];
  try {
    for await (const item of untilFailure(items, failures)) {
      const job = work(item, stop);
      job.catch(() => undefined); // thrown where its turn comes
      going.push(job);
      if (going.length < count) continue;
      const next = going.shift();
      if (next !== undefined) yield await next;
    }
    for (const job of going) yield await job;
    if (failures[0] !== undefined) throw failures[0];
  } finally {
    gone.abort();
    await Promise.allSettled(going);
  }
}

/** Items up to a failure, which is noted: those before it have their turn first. */
async function* untilFailure<In>(items: AsyncIterable<In>, failures: Error[]): AsyncGenerator<In> {
  try {
    yield* items;
  } catch (error) {
    failures.push(asError(error));
  }
}
