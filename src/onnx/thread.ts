// A thread that is asked one question at a time and blocks while it looks for the answer. When it dies, whoever waits is
// told. Node ends threads at the process's exit, and a thread that is ended inside native code takes the process down with
// an abort; so the exit waits until the thread is out of it, which it would do anyway, and keeps its own exit code.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { asError } from "../core/files.js";

/** What a thread is started with, as its `workerData`. */
export interface ThreadStart<Start> {
  readonly start: Start;
  /** One while the thread owes an answer. */
  readonly owing: Int32Array;
}

export interface Thread<Question, Answer> {
  /** What the thread says unasked when it is ready. */
  readonly ready: Promise<Answer>;
  /** The answer to a question; the one before must have been answered. `moved` buffers are the thread's from now on. */
  ask(question: Question, moved?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Says something that has no answer. */
  tell(question: Question, moved?: readonly ArrayBuffer[]): void;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
}

/** The compiled thread `name` beside the file at `from`, or its twin in dist while the sources run uncompiled (in tests). */
export function threadFile(name: string, from: string): URL {
  const beside = new URL(name, from);
  if (existsSync(fileURLToPath(beside))) return beside;
  const room = path.basename(path.dirname(fileURLToPath(from)));
  return new URL(`../../dist/${room}/${name}`, from);
}

/** Starts the thread of this compiled file. All that waits is rejected by what `died` makes of its end. */
export function openThread<Question, Answer>(
  file: URL,
  start: unknown,
  died: (cause: unknown) => Error,
): Thread<Question, Answer> {
  const owing = new Int32Array(new SharedArrayBuffer(4));
  // Node's own flags are the process's, some of them (--input-type) end a thread at once.
  const worker = new Worker(file, { workerData: { start, owing }, execArgv: [] });
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  let death: Error | null = null;

  const answered = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      Atomics.store(owing, 0, 1);
    });
  const die = (cause: unknown): void => {
    death ??= died(cause);
    settle(owing);
    waiting?.reject(death);
    waiting = null;
  };
  const outlive = (): void => void Atomics.wait(owing, 0, 1);

  process.on("exit", outlive);
  worker.on("message", (answer: Answer) => {
    waiting?.resolve(answer);
    waiting = null;
  });
  worker.on("error", die);
  return {
    ready: answered(),
    async ask(question, moved = []) {
      if (death !== null) throw death;
      const answer = answered();
      try {
        worker.postMessage(question, moved);
      } catch (error) {
        // What can't be sent was not asked.
        settle(owing);
        waiting = null;
        throw asError(error);
      }
      return answer;
    },
    tell: (question, moved = []) => worker.postMessage(question, moved),
    ended: new Promise((resolve) =>
      worker.once("exit", (code) => {
        process.off("exit", outlive);
        die(new Error(`the thread ended with code ${code}`));
        resolve();
      }),
    ),
  };
}

/** Called by the thread when it owes nothing any more: it has its answer and is out of native code. */
export function settle(owing: Int32Array): void {
  Atomics.store(owing, 0, 0);
  Atomics.notify(owing, 0);
}
