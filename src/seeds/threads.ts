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

interface Waiting {
  readonly resolve: (results: BatchResult["results"]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Batches under way by their number. */
  readonly waiting: Map<number, Waiting>;
}

/**
 * MiB for a thread's young objects. With V8's 48 a tree outlives several collections before its file is done, and is copied
 * by each: a sixth of all processor time.
 */
const YOUNG_MB = 96;

/** The compiled thread: beside this file, or its twin in dist while the sources run uncompiled (in tests). */
function workerFile(): URL {
  const beside = new URL("./worker.js", import.meta.url);
  return existsSync(fileURLToPath(beside)) ? beside : new URL("../../dist/seeds/worker.js", import.meta.url);
}

/** Opens the pool; threads start with the first batches. */
export function openThreads<Name extends JobName>(
  start: WorkerStart<Name>,
  { workers, recycleBytes = 128 * 2 ** 20 }: ThreadsOptions,
): Threads<Name> {
  const threads: Thread[] = [];
  const retired: Promise<number>[] = [];
  let batches = 0;
  let started = 0;

  const retire = (thread: Thread): void => {
    threads.splice(threads.indexOf(thread), 1);
    retired.push(thread.worker.terminate());
  };
  const open = (): Thread => {
    const worker = new Worker(workerFile(), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const thread: Thread = { worker, waiting: new Map() };
    worker.on("message", ({ id, results, memory }: BatchResult) => {
      thread.waiting.get(id)?.resolve(results);
      thread.waiting.delete(id);
      if (memory > recycleBytes && thread.waiting.size === 0) retire(thread);
    });
    const failed = (cause: unknown): void => {
      const error = new Error("internal: a thread that reads the corpus ended", { cause });
      for (const { reject } of thread.waiting.values()) reject(error);
      thread.waiting.clear();
    };
    worker.on("error", failed);
    worker.on("exit", failed);
    started++;
    threads.push(thread);
    return thread;
  };
  const idlest = (): Thread => {
    const [best] = [...threads].sort((a, b) => a.waiting.size - b.waiting.size);
    return best === undefined || (best.waiting.size > 0 && threads.length < workers) ? open() : best;
  };
  return {
    run: (files) =>
      new Promise((resolve, reject) => {
        const { worker, waiting } = idlest();
        const batch: Batch = { id: batches++, files };
        waiting.set(batch.id, { resolve: resolve, reject });
        worker.postMessage(batch);
      }),
    get started() {
      return started;
    },
    close: async () => {
      for (const thread of [...threads]) retire(thread);
      await Promise.all(retired);
    },
  };
}
