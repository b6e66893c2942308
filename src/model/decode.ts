// Draws tokens for many prompts at once: prompts in, drawn tokens out as rows end. Rows come and go between runs of the graph,
// equal prompts that come in together go through the model once, prompts of like length go together. What a row draws depends
// on its own prompt and seed alone: all of a prompt but its last token goes in first, then every token by itself, in whatever
// company. (Matrices of half floats are the exception: how ONNX Runtime rounds their products depends on how many rows there
// are. That holds for int8 in blocks of 128 too, so that such models are given one row at a time.)
import { SessionError } from "../onnx/failures.js";
import { loopedBatch } from "./looped.js";
import { queueOf } from "./queue.js";
import type { Drawn, DrawRequest } from "./rows.js";
import { isLooped, type Decoding } from "./run.js";
import { steppedBatch } from "./stepped.js";

export interface DrawOptions {
  /** Most rows at a time; fewer where memory runs out. */
  readonly batchSize: number;
  /** Tokens drawn before rows may come and go; null: until all rows of a batch have ended. */
  readonly chunk: number | null;
  /** Tokens that end a row, beside its limit. */
  readonly stopTokens: readonly number[];
  /** Hears in one line that memory ran out. */
  readonly onNotice?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Prompts that wait to be chosen from, for each row. */
const WINDOW = 4;

/** Draws for all requests, in the order in which they end. */
export async function* draw(
  decoding: Decoding,
  requests: AsyncIterable<DrawRequest>,
  { batchSize: most, chunk, stopTokens, signal, onNotice = () => undefined }: DrawOptions,
): AsyncGenerator<Drawn> {
  const queue = queueOf(requests);
  const batch = isLooped(decoding)
    ? loopedBatch(decoding, stopTokens, signal)
    : steppedBatch(decoding, most, stopTokens, signal);
  let batchSize = most;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const open = chunk !== null || batch.rows().length === 0;
      const free = open ? batchSize - batch.rows().length : 0;
      await queue.fill(free > 0 ? WINDOW * batchSize : 0, batch.rows().length === 0, signal);
      if (batch.rows().length === 0 && queue.waiting.length === 0) return;
      try {
        if (free > 0) await batch.admit(queue.takeAlike(free));
        yield* await batch.step(chunk);
      } catch (error) {
        const running = batch.rows().length;
        if (!(error instanceof SessionError && error.outOfMemory) || running <= 1) throw error;
        batchSize = Math.floor(running / 2);
        onNotice(`out of memory with ${running} rows: going on with ${batchSize} at a time`);
        queue.putBack(batch.clear());
      }
    }
  } finally {
    batch.clear();
    await queue.close();
  }
}
