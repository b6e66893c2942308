// A job on every file of a corpus, results in the corpus's order whatever the number of threads. The first second is
// worked off here, since a small corpus is done before threads would be; then batches go to a pool, a bounded number of
// them ahead of whoever takes the results.
import { loadGrammar } from "../python/syntax.js";
import type { CorpusFile, CorpusReject } from "../corpus/corpus.js";
import { doJob, type JobName, type Jobs } from "./jobs.js";
import { openThreads, type Threads } from "./threads.js";
import type { WorkerStart } from "./worker.js";

export interface ParallelOptions {
  /** Threads that the work of a large corpus is given to. */
  readonly workers: number;
  /** Milliseconds of work done here before threads are started; default 1,000. */
  readonly inlineMs?: number;
}

/** An item of the corpus with what the job made of it; null for a file that could not be read. */
export interface Done<Name extends JobName> {
  readonly item: CorpusFile | CorpusReject;
  readonly result: Jobs[Name]["result"] | null;
}

type Items = AsyncIterator<CorpusFile | CorpusReject>;

/** Files of one batch, and the characters of text after which it is full: small, since what is ahead of the last seed is wasted. */
const BATCH_FILES = 8;
const BATCH_CHARACTERS = 200_000;

/** Results of the items in their order. */
export async function* mapInOrder<Name extends JobName>(
  items: AsyncGenerator<CorpusFile | CorpusReject>,
  start: WorkerStart<Name>,
  { workers, inlineMs = 1_000 }: ParallelOptions,
): AsyncGenerator<Done<Name>> {
  await loadGrammar();
  let spent = 0;
  try {
    while (spent < inlineMs) {
      const next = await items.next();
      if (next.done === true) return;
      const begun = performance.now();
      const item = next.value;
      const result = "file" in item ? doJob(start.job, item.file, start.options) : null;
      spent += performance.now() - begun;
      yield { item, result };
    }
    yield* mapThreaded(items, openThreads(start, { workers }), workers);
  } finally {
    await items.return(undefined);
  }
}

/** Keeps batches under way: few at first, in case little is wanted, then enough that one large file holds nobody up. */
async function* mapThreaded<Name extends JobName>(
  items: Items,
  threads: Threads<Name>,
  workers: number,
): AsyncGenerator<Done<Name>> {
  const queue: Promise<readonly Done<Name>[]>[] = [];
  try {
    let taken = 0;
    for (let more = true; more || queue.length > 0; taken++) {
      const ahead = Math.min(2 * workers + (taken >> 2), 10 * workers);
      while (more && queue.length < ahead) {
        const batch = await takeBatch(items);
        more = batch.length > 0;
        if (!more) break;
        const done = runBatch(batch, threads);
        // Awaited when its turn comes; this keeps a failure before that from being reported as unhandled.
        done.catch(() => undefined);
        queue.push(done);
      }
      const head = queue.shift();
      if (head) yield* await head;
    }
  } finally {
    await threads.close();
  }
}

async function takeBatch(items: Items): Promise<(CorpusFile | CorpusReject)[]> {
  const batch: (CorpusFile | CorpusReject)[] = [];
  for (let size = 0; batch.length < BATCH_FILES && size < BATCH_CHARACTERS;) {
    const next = await items.next();
    if (next.done === true) break;
    batch.push(next.value);
    if ("file" in next.value) size += next.value.file.text.length;
  }
  return batch;
}

async function runBatch<Name extends JobName>(
  batch: readonly (CorpusFile | CorpusReject)[],
  threads: Threads<Name>,
): Promise<readonly Done<Name>[]> {
  const results = await threads.run(batch.flatMap((item) => ("file" in item ? [item.file] : [])));
  let at = 0;
  return batch.map((item) => ({ item, result: "file" in item ? (results[at++] ?? null) : null }));
}
