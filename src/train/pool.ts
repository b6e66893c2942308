// Many texts through a job in threads, results in the texts' order. Reads ahead of whoever takes the results by a few
// batches, never more. One worker means no thread at all.
import { asError } from "../core/files.js";
import { openThread, threadFile, type Thread } from "../onnx/thread.js";
import { openTextJob, type TextJobName, type TextJobs } from "./texts.js";
import type { TextsAnswer, TextsQuestion } from "./texts-worker.js";

/** Batches that wait for each thread at most. */
const AHEAD = 2;

/** Texts put together until they have this many characters. */
export async function* batched(
  texts: AsyncIterable<string>,
  characters: number,
): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  let size = 0;
  for await (const text of texts) {
    batch.push(text);
    size += text.length;
    if (size < characters) continue;
    yield batch;
    [batch, size] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

/** What the job makes of each batch, in their order. */
export async function* mapTexts<Name extends TextJobName>(
  batches: AsyncIterable<readonly string[]>,
  name: Name,
  option: TextJobs[Name]["options"],
  workers: number,
): AsyncGenerator<TextJobs[Name]["result"]> {
  // Casts because TypeScript does not narrow a job by a generic name.
  const job = [name, option] as unknown as Parameters<typeof openTextJob>[0];
  if (workers === 1) {
    const work = await openTextJob(job);
    for await (const batch of batches) yield work(batch);
    return;
  }
  const threads = Array.from({ length: workers }, () =>
    openThread<TextsQuestion, TextsAnswer>(
      threadFile("texts-worker.js", import.meta.url),
      job,
      (cause) => new Error(`internal: a thread that reads texts ended: ${asError(cause).message}`, { cause }),
    ),
  );
  try {
    for (const answer of await Promise.all(threads.map(({ ready }) => ready))) resultOf(answer);
    for await (const answer of askInTurn(threads, batches))
      yield resultOf(answer) as TextJobs[Name]["result"];
  } finally {
    for (const thread of threads) thread.tell("close");
    await Promise.all(threads.map(({ ended }) => ended));
  }
}

/** Answers in the order of the questions; the threads get them in turn. */
async function* askInTurn<Question, Answer>(
  threads: readonly Thread<Question, Answer>[],
  questions: AsyncIterable<Question>,
): AsyncGenerator<Answer> {
  const last: Promise<unknown>[] = [];
  const queue: Promise<Answer>[] = [];
  let asked = 0;
  for await (const question of questions) {
    const turn = asked++ % threads.length;
    const thread = threads[turn];
    if (thread === undefined) throw new Error("internal: no thread to ask");
    const answer = (last[turn] ?? Promise.resolve()).then(() => thread.ask(question));
    // Awaited when its turn comes; this keeps a failure before that from being reported as unhandled.
    answer.catch(() => undefined);
    last[turn] = answer;
    queue.push(answer);
    const head = queue.length >= AHEAD * threads.length ? queue.shift() : undefined;
    if (head !== undefined) yield await head;
  }
  for (const answer of queue) yield await answer;
}

function resultOf(answer: TextsAnswer): TextsAnswer {
  if (typeof answer === "object" && "failed" in answer) throw new Error(answer.failed);
  return answer;
}
