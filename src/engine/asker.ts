// An engine asked one question at a time by many who do not know of each other: their questions go out as one stream, so that
// the engine fills its batches or connections from all of them, and every answer finds its way back.
import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "../core/files.js";
import type { Completion, Engine, GenerateRequest, Unanswered } from "./engine.js";

export interface Asker {
  /** The answer to one request. Rejects when the engine fails or the signal stops it. */
  ask(request: GenerateRequest): Promise<Completion | Unanswered>;
  /** No more questions: resolves when the engine has let go. */
  close(): Promise<void>;
}

interface Asked {
  readonly resolve: (answer: Completion | Unanswered) => void;
  readonly reject: (error: Error) => void;
}

export interface AskerOptions {
  readonly signal?: AbortSignal;
  /** How long nothing is sent after so many requests; default null: never. */
  readonly pause?: { readonly every: number; readonly ms: number } | null;
}

/** Opens the stream; the engine stays the caller's to close. */
export function openAsker(
  engine: Pick<Engine, "generate">,
  { signal, pause = null }: AskerOptions = {},
): Asker {
  const queue: GenerateRequest[] = [];
  const asked = new Map<string, Asked>();
  let wake = (): void => undefined;
  let closed = false;
  let failure: Error | null = null;

  async function* questions(): AsyncGenerator<GenerateRequest> {
    for (let sent = 0; ;) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const next = queue.shift();
      if (signal?.aborted === true || failure !== null) return;
      if (next !== undefined) {
        if (pause !== null && sent > 0 && sent % pause.every === 0)
          await sleep(pause.ms, undefined, signal === undefined ? {} : { signal });
        sent++;
        yield next;
      } else if (closed) return;
      else await woken;
    }
  }

  async function answer(): Promise<void> {
    try {
      for await (const given of engine.generate(questions(), signal)) {
        asked.get(given.key)?.resolve(given);
        asked.delete(given.key);
      }
      if (!closed) throw new Error("internal: the engine ended before its questions did");
    } catch (error) {
      failure = asError(error);
      wake();
      for (const { reject } of asked.values()) reject(failure);
      asked.clear();
    }
  }

  signal?.addEventListener("abort", () => wake(), { once: true });
  let answering: Promise<void> | null = null;
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (failure !== null) throw failure;
        if (asked.has(request.key)) throw new Error(`internal: ${request.key} is asked already`);
        asked.set(request.key, { resolve, reject });
        queue.push(request);
        // An engine that nobody asks is left alone: opening a model may take long.
        answering ??= answer();
        wake();
      }),
    close() {
      closed = true;
      wake();
      return answering ?? Promise.resolve();
    },
  };
}
