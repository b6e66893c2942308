// The first stage: reads the corpus file by file until enough seeds are kept. After each file the journal gets a
// position, so that a resumed or extended run goes on in the middle of a file, sorts nothing and reads nothing twice.
import type { Corpus } from "../corpus/corpus.js";
import type { Journal } from "../core/journal.js";
import type { Task } from "../core/progress.js";
import type { Reject, Seed } from "../core/record.js";
import type { StageRecord } from "../core/run.js";
import type { Work } from "../core/stage.js";
import { exactDuplicates, keptOr, type OrderedFilter } from "./ordered.js";
import { mapInOrder } from "./parallel.js";
import type { SeedOptions } from "./seeds.js";

export const KEPT = "filtered_functions";
export const REJECTED = "rejected";
export const POSITION = "position";

export interface GatherOptions {
  readonly corpus: Corpus;
  /** How many seeds to keep. */
  readonly target: number;
  /** Decides the order in which files are read. */
  readonly seed: number;
  readonly filters: SeedOptions;
  /** Asked after `filters`, and after exact duplicates are out; default none. */
  readonly ordered?: readonly OrderedFilter[];
  /** Threads, used when the corpus is large. */
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly task: (done: number) => Task;
}

/** Where reading goes on: after the file `after`, leaving out the first `taken` functions of the next one. */
export interface Position {
  readonly after: string | null;
  readonly taken: number;
  /** Files read so far. */
  readonly files: number;
}

/** Work of the stage `seeds`. */
export function gathering(options: GatherOptions): Work {
  const { corpus, target, seed, filters, workers, signal, task: start } = options;
  return async (journal, before) => {
    const from = await startPosition(journal, before);
    const ordered = [exactDuplicates(), ...(options.ordered ?? [])];
    await remember(journal, ordered);
    let kept = journal.counts().get(KEPT) ?? 0;
    const task = start(kept);
    let position = from;
    let exhausted = kept < target;
    let read = 0;
    const behind = from.after === null ? {} : { after: from.after };
    const items = corpus.files({ seed, signal, ...behind });
    for await (const { item, result } of mapInOrder(items, { job: "seeds", options: filters }, { workers })) {
      signal.throwIfAborted();
      if (kept >= target) {
        exhausted = false;
        break;
      }
      const skip = read++ === 0 ? from.taken : 0;
      const all = "reject" in item ? [item.reject] : (result ?? []);
      const taken = await takeUntil(all.slice(skip), target - kept, ordered, signal);
      const added = taken.filter((row) => "seed" in row).length;
      kept += added;
      task.tick(added);
      position =
        skip + taken.length === all.length
          ? { after: item.order, taken: 0, files: position.files + (skip === 0 ? 1 : 0) }
          : {
              after: position.after,
              taken: skip + taken.length,
              files: position.files + (skip === 0 ? 1 : 0),
            };
      const appended = journal.append([
        ...taken.map((row) => ({ file: "seed" in row ? KEPT : REJECTED, row })),
        { file: POSITION, row: { key: `position:${item.order}:${position.taken}`, ...position } },
      ]);
      // Files follow one another quickly; waiting for the disk now and then keeps memory bounded.
      if (read % 64 === 0) await appended;
      else appended.catch(() => undefined);
    }
    await journal.flush();
    const rejected = journal.counts().get(REJECTED) ?? 0;
    task.end(
      `${kept} kept, ${rejected} rejected${exhausted && kept < target ? "; the corpus has no more" : ""}`,
    );
    return { target, exhausted: exhausted && kept < target, position: JSON.stringify(position) };
  };
}

/**
 * Each file's rows end with a position, so rows behind the last one are a torn file and are dropped. A journal always
 * begins with a position, unless it was made from published files: then the stage's record has it.
 */
async function startPosition(journal: Journal, before: StageRecord | null): Promise<Position> {
  const last = await journal.last<Position>(POSITION);
  if (last !== null) {
    await journal.cutAfterLast(POSITION);
    return { after: last.after, taken: last.taken, files: last.files };
  }
  const position: Position =
    journal.size > 0 && before?.position !== undefined
      ? (JSON.parse(before.position) as Position)
      : { after: null, taken: 0, files: 0 };
  await journal.append([{ file: POSITION, row: { key: "position:start", ...position } }]);
  return position;
}

/** Tells the filters what was kept so far. */
async function remember(journal: Journal, ordered: readonly OrderedFilter[]): Promise<void> {
  for await (const text of journal.texts(KEPT, "appended")) {
    const seed = JSON.parse(text) as Seed;
    for (const filter of ordered) filter.keep?.(seed);
  }
}

/** The leading rows that hold `room` seeds, with those that a filter refuses turned into rejects. */
async function takeUntil(
  rows: readonly (Seed | Reject)[],
  room: number,
  ordered: readonly OrderedFilter[],
  signal: AbortSignal,
): Promise<(Seed | Reject)[]> {
  const taken: (Seed | Reject)[] = [];
  for (const row of rows) {
    if (room === 0) break;
    const made = "seed" in row ? await keptOr(row, ordered) : row;
    signal.throwIfAborted();
    taken.push(made);
    if ("seed" in made) room--;
  }
  return taken;
}
