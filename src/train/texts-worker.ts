// A thread that counts or encodes: started by pool.ts with a job, it answers each batch of texts with what the job makes of it.
import { parentPort, workerData } from "node:worker_threads";
import { asError } from "../core/files.js";
import { settle, type ThreadStart } from "../onnx/thread.js";
import { openTextJob, type TextJob, type TextJobName, type TextJobs } from "./texts.js";

/** A batch of texts; "close" ends the thread. */
export type TextsQuestion = readonly string[] | "close";

/** "ready" comes once, unasked. */
export type TextsAnswer = TextJobs[TextJobName]["result"] | { readonly failed: string } | "ready";

// A cast because what a thread is given has no type; pool.ts gives it this.
const { start, owing } = workerData as ThreadStart<TextJob>;

const job = openTextJob(start);

async function answer(work: () => Promise<TextsAnswer>): Promise<void> {
  const given = await work().catch((error: unknown) => ({ failed: asError(error).message }));
  settle(owing);
  parentPort?.postMessage(given);
}

parentPort?.on("message", (question: TextsQuestion) => {
  if (question === "close") parentPort?.close();
  else void answer(async () => (await job)(question));
});

void answer(async () => {
  await job;
  return "ready";
});
