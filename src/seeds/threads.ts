// A pool of threads for one job. A thread has up to two batches, so that it need not wait for the next; one whose parser
// has grown too large is replaced, since WebAssembly never gives memory back.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { SourceFile } from "../core/record.js";
import type { JobName, Jobs } from "./jobs.js";
import type { Batch, BatchResult, WorkerStart } from "./worker.js";

export interface ThreadsOptions {
  /** Number of threads. */
  readonly workers: number;
  /** Bytes of parser memory above which a thread is replaced; default 128 MiB. */
  readonly recycleBytes?: number;
}

export interface Threads<Name extends JobName> {
  /** Results of the files in their order. Rejects when a thread dies. */
  run(files: readonly SourceFile[]): Promise<readonly Jobs[Name]["result"][]>;
  /** Threads started so far, the replaced ones included. */
  readonly started: number;
  close(): Promise<void>;
}

/** A batch that somebody waits for. */
interface Wanted {
  readonly batch: Batch;
  readonly resolve: (results: BatchResult["results"]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Its batches by their numbers. */
  readonly batches: Map<number, Wanted>;
}

/**
 * MiB for a thread's young objects. With V8's 48 a tree outlives several collections before its file is done, and is copied
 * by each: a sixth of all processor time.
 */
const YOUNG_MB = 96;
/**
 * MiB for a thread's old objects: room for a tree of `MAX_NODES` and what is found in it, and little enough that V8 collects
 * what it can before it asks for more; without a limit a thread holds up to twice as much.
 */
const OLD_MB = 384;

/** The compiled thread: beside this file, or its twin in dist while the sources run uncompiled (in tests). */
function workerFile(): URL {
  const beside = new URL("./worker.js", import.meta.url);
  return existsSync(fileURLToPath(beside)) ? beside : new URL("../../dist/seeds/worker.js", import.meta.url);
}

/** Batches that a thread holds at most: one under way, and one so that it need not wait for the next. */
const BATCHES_PER_THREAD = 2;

function refuse(batches: readonly Wanted[], cause: unknown): void {
  for (const { reject } of batches)
    reject(new Error("internal: a thread that reads the corpus ended", { cause }));
}

/** Opens the pool; threads start with the first batches. */
export function openThreads<Name extends JobName>(
  start: WorkerStart<Name>,
  { workers, recycleBytes = 128 * 2 ** 20 }: ThreadsOptions,
): Threads<Name> {
  const threads = new Set<Thread>();
  /** Those that get no more batches, and end with their last. */
  const leaving = new Set<Thread>();
  const queue: Wanted[] = [];
  const ended: Promise<number>[] = [];
  let batches = 0;
  let started = 0;

  const end = (thread: Thread): void => {
    threads.delete(thread);
    leaving.delete(thread);
    ended.push(thread.worker.terminate());
  };
  const answered = (thread: Thread, { id, results, memory }: BatchResult): void => {
    thread.batches.get(id)?.resolve(results);
    thread.batches.delete(id);
    if (memory > recycleBytes && threads.delete(thread)) leaving.add(thread);
    if (leaving.has(thread) && thread.batches.size === 0) end(thread);
    fill();
  };
  const open = (): Thread => {
    const worker = new Worker(workerFile(), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: OLD_MB },
    });
    const thread: Thread = { worker, batches: new Map() };
    worker.on("message", (result: BatchResult) => answered(thread, result));
    const failed = (cause: unknown): void => {
      const lost = [...thread.batches.values()];
      thread.batches.clear();
      // One that was not told to end leaves nobody to work off the queue.
      if (threads.delete(thread) || leaving.delete(thread)) lost.push(...queue.splice(0));
      refuse(lost, cause);
    };
    worker.on("error", failed);
    worker.on("exit", failed);
    started++;
    threads.add(thread);
    return thread;
  };
  /** A thread with room for a batch, or null. */
  const idlest = (): Thread | null => {
    const [best] = [...threads].sort((a, b) => a.batches.size - b.batches.size);
    if (best === undefined || (best.batches.size > 0 && threads.size < workers)) return open();
    return best.batches.size < BATCHES_PER_THREAD ? best : null;
  };
  const fill = (): void => {
    for (let wanted = queue[0]; wanted !== undefined; wanted = queue[0]) {
      const thread = idlest();
      if (thread === null) return;
      queue.shift();
      thread.batches.set(wanted.batch.id, wanted);
      thread.worker.postMessage(wanted.batch);
    }
  };
  return {
    run: (files) =>
      new Promise((resolve, reject) => {
        queue.push({ batch: { id: batches++, files }, resolve, reject });
        fill();
      }),
    get started() {
      return started;
    },
    close: async () => {
      refuse(queue.splice(0), "the pool was closed");
      for (const thread of [...threads, ...leaving]) end(thread);
      await Promise.all(ended);
    },
  };
}
