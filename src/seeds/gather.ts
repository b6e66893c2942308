// The first stage: reads the corpus file by file until enough seeds are kept. After each file the journal gets a
// position, so that a resumed or extended run goes on in the middle of a file, sorts nothing and reads nothing twice.
import type { Corpus } from "../corpus/corpus.js";
import type { Journal } from "../core/journal.js";
import type { Task } from "../core/progress.js";
import type { Reject, Seed } from "../core/record.js";
import type { StageRecord } from "../core/run.js";
import type { Work } from "../core/stage.js";
import { seedsOf, type SeedOptions } from "./seeds.js";

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
export function gathering({ corpus, target, seed, filters, signal, task: start }: GatherOptions): Work {
  return async (journal, before) => {
    const from = await startPosition(journal, before);
    const seen = await textsSeen(journal);
    let kept = journal.counts().get(KEPT) ?? 0;
    const task = start(kept);
    let position = from;
    let exhausted = kept < target;
    let read = 0;
    const behind = from.after === null ? {} : { after: from.after };
    for await (const item of corpus.files({ seed, signal, ...behind })) {
      signal.throwIfAborted();
      if (kept >= target) {
        exhausted = false;
        break;
      }
      const skip = read++ === 0 ? from.taken : 0;
      const all = "reject" in item ? [item.reject] : inOrder(seedsOf(item.file, filters));
      const taken = takeUntil(all.slice(skip), target - kept, seen);
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

/** Content hashes of the functions kept so far, for exact duplicates. */
async function textsSeen(journal: Journal): Promise<Set<string>> {
  const seen = new Set<string>();
  for await (const text of journal.texts(KEPT, "appended")) seen.add((JSON.parse(text) as Seed).sha1);
  return seen;
}

/** Seeds and rejects of one file as they stand in it. */
function inOrder({
  seeds,
  rejects,
}: {
  seeds: readonly Seed[];
  rejects: readonly Reject[];
}): (Seed | Reject)[] {
  return [...seeds, ...rejects].sort(
    (a, b) => a.provenance.startLine - b.provenance.startLine || (a.key < b.key ? -1 : 1),
  );
}

/** The leading rows that hold `room` seeds, with seeds seen before turned into rejects. */
function takeUntil(rows: readonly (Seed | Reject)[], room: number, seen: Set<string>): (Seed | Reject)[] {
  const taken: (Seed | Reject)[] = [];
  for (const row of rows) {
    if (room === 0) break;
    if (!("seed" in row)) taken.push(row);
    else if (seen.has(row.sha1)) taken.push(duplicateOf(row));
    else {
      seen.add(row.sha1);
      taken.push(row);
      room--;
    }
  }
  return taken;
}

function duplicateOf({ key, sha1, entryPoint, provenance }: Seed): Reject {
  return { key, stage: "seeds", reason: "exact-duplicate", detail: sha1, qualname: entryPoint, provenance };
}
