// A thread that does jobs on batches of files: started by threads.ts with the job's name and options, it answers each
// batch with the results in the same order and with the memory that its parser holds, which only ever grows.
import { parentPort, workerData } from "node:worker_threads";
import type { SourceFile } from "../core/record.js";
import { grammarBytes, loadGrammar } from "../python/syntax.js";
import { doJob, type JobName, type Jobs } from "./jobs.js";

/** What the thread is started with. */
export interface WorkerStart<Name extends JobName = JobName> {
  readonly job: Name;
  readonly options: Jobs[Name]["options"];
}

export interface Batch {
  readonly id: number;
  readonly files: readonly SourceFile[];
}

export interface BatchResult {
  readonly id: number;
  readonly results: readonly Jobs[JobName]["result"][];
  /** Bytes of the parser's memory. */
  readonly memory: number;
}

// A cast because what a thread is given has no type; threads.ts gives it this.
const { job, options } = workerData as WorkerStart;
const ready = loadGrammar();

parentPort?.on("message", ({ id, files }: Batch) => {
  void ready.then(() => {
    const results = files.map((file) => doJob(job, file, options));
    const answer: BatchResult = { id, results, memory: grammarBytes() };
    parentPort?.postMessage(answer);
  });
});
