// One child process that runs cells, seen from outside: start it, give it a cell, end it. It has a process group of its
// own, so that a terminal's Ctrl-C reaches only the parent, and a kill takes along whatever the cells have started.
import { fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { headlessVariable, type FromChild, type ToChild } from "./messages.js";
import type { ErrorOutput, Output } from "./nbformat.js";

/** How a cell ended: null for well, and the names declared so far. */
export interface Reply {
  readonly failure: ErrorOutput | null;
  readonly names: readonly string[];
}

export interface CellChild {
  /** Resolves once cells can be run (about three seconds: a compiler starts). */
  ready(): Promise<Reply>;
  /** Runs one cell; a child that dies, or takes longer than `timeoutMs` and is killed, is a failure like any other. */
  run(code: string, timeoutMs: number): Promise<Reply>;
  /** Lets the child end by itself; the failure that surfaced meanwhile, or null. */
  finish(): Promise<ErrorOutput | null>;
  /** Asks the running cell to stop, as Ctrl-C does. */
  interrupt(): void;
  /** Ends the child and all it has started, at once. */
  kill(): void;
}

export interface ChildOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called for every output, and for every update of one, in order. */
  readonly onOutput: (output: Output, displayId: string | null, update: boolean) => void;
}

const startMs = 120_000;
/** The child ends by itself within a second after `finish`; then it is killed. */
const finishMs = 3000;

/** Starts the child; it is never left behind as long as `finish` or `kill` is called. */
export function startChild({ cwd, env, onOutput }: ChildOptions): CellChild {
  const child = fork(childFile(), [], {
    cwd,
    env: { ...env, [headlessVariable]: "1" },
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: process.platform !== "win32",
  });
  const stray = collectStray(child);
  const ended = untilEnded(child);
  let settle: ((reply: Reply) => void) | null = null;
  let late: ErrorOutput | null = null;
  child.on("message", (message: FromChild) => {
    if (message.type === "output" || message.type === "update") {
      onOutput(message.output, message.displayId, message.type === "update");
    } else if (message.type === "late") late ??= message.failure;
    else settle?.(message.type === "ready" ? { failure: null, names: [] } : message);
  });
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  const kill = (): void => {
    killGroup(child);
  };
  const reply = async (timeoutMs: number): Promise<Reply> => {
    const answer = new Promise<Reply>((resolve) => (settle = resolve));
    const died = ended.then((how) =>
      failed("KernelDied", `the process of the notebook ended (${how})`, stray()),
    );
    const slow = timer(timeoutMs);
    const first = await Promise.race([answer, died, slow.done.then(() => "timeout" as const)]);
    slow.clear();
    settle = null;
    if (first !== "timeout") return first;
    kill();
    return failed("CellTimeout", `the cell took longer than ${timeoutMs} ms and was killed`, stray());
  };
  return {
    ready: () => reply(startMs),
    run: (code, timeoutMs) => {
      const answer = reply(timeoutMs);
      send({ type: "run", code });
      return answer;
    },
    finish: async () => {
      send({ type: "finish" });
      const slow = timer(finishMs);
      await Promise.race([ended, slow.done]);
      slow.clear();
      kill();
      return late;
    },
    interrupt: () => {
      send({ type: "interrupt" });
    },
    kill,
  };
}

/** cells.js beside this file, or the built one where this file is run from `src`. */
function childFile(): string {
  const here = ["./cells.js", "../../dist/notebook/cells.js"].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = here.find((file) => existsSync(file));
  if (found === undefined) throw new Error('internal: "cells.js" is not built; run "npm run build".');
  return found;
}

/** Last words that bypassed the capture, e.g. of a process that aborts or of grandchildren. */
function collectStray(child: ChildProcess): () => readonly string[] {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data: Buffer) => (text = (text + data.toString()).slice(-4000)));
  }
  return () =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .slice(-20);
}

/** Resolves when the process is gone and everything that it sent has been read. */
async function untilEnded(child: ChildProcess): Promise<string> {
  const exit = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${String(code)}` : signal));
    child.once("error", (error) => resolve(error.message));
  });
  const read = new Promise<void>((resolve) => child.once("disconnect", resolve));
  const how = await exit;
  if (child.connected) await read;
  return how;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch (error) {
    // Nobody is left in the group.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function failed(ename: string, evalue: string, lines: readonly string[]): Reply {
  const failure = {
    output_type: "error",
    ename,
    evalue,
    traceback: [`${ename}: ${evalue}`, ...lines],
  } as const;
  return { failure, names: [] };
}

function timer(ms: number): { readonly done: Promise<void>; clear(): void } {
  let handle: NodeJS.Timeout | undefined;
  const done = new Promise<void>((resolve) => (handle = setTimeout(resolve, ms)));
  return { done, clear: () => clearTimeout(handle) };
}
