// The child process that runs a notebook's cells: tslab's own compiler and executor, without Jupyter. Started by
// execute.ts in the notebook's folder; it prints nothing and sends everything over IPC. tslab is pinned, since its
// inner files are used: `converter.js`, `executor.js`, `jupyter.js` (a contract test watches them).
import { createRequire } from "node:module";
import { format, inspect, types } from "node:util";
import type { FromChild, ToChild } from "./messages.js";
import type { DataOutput, ErrorOutput } from "./nbformat.js";

interface Executor {
  execute(code: string): Promise<boolean>;
  interrupt(): void;
  close(): void;
  readonly locals: Readonly<Record<string, unknown>>;
}

interface Converter {
  close(): void;
}

/** What tslab's executor reports through: the last value of a cell, its diagnostics, its exceptions. */
interface ExecutorConsole {
  log(value: unknown): void;
  error(first: unknown, ...rest: readonly unknown[]): void;
}

interface Display {
  readonly data: DataOutput["data"];
  readonly metadata?: DataOutput["metadata"];
  readonly transient?: { readonly display_id?: string };
}

interface Tslab {
  readonly createConverter: (options: { isJS: boolean; isBrowser: boolean }) => Converter;
  readonly createExecutor: (
    folder: string,
    converters: { node: Converter; readonly browser: Converter; close(): void },
    console: ExecutorConsole,
  ) => Executor;
  /** The module that holds the display sink, which `tslab.display` and show.ts look up at each call. */
  readonly jupyter: { lastWriteDisplayData: ((display: Display, update?: boolean) => void) | null };
}

/** How long code may go on after the last cell, in milliseconds; what fails within it fails the run. */
const graceMs = 1000;

/** First failure of the running cell; one that comes between cells fails the next. */
let failure: ErrorOutput | null = null;
let state: "running" | "idle" | "finishing" = "idle";

function send(message: FromChild): void {
  process.send?.(message);
}

function fail(ename: string, evalue: string, traceback: readonly string[]): void {
  const found: ErrorOutput = { output_type: "error", ename, evalue, traceback };
  if (state === "finishing") send({ type: "late", failure: found });
  else failure ??= found;
}

function failWith(error: unknown): void {
  if (error instanceof Error || types.isNativeError(error)) fail(error.name, error.message, ownFrames(error));
  else fail("Error", inspect(error), [inspect(error)]);
}

/** The error as Node shows it, less the frames of tslab and of this file. */
function ownFrames(error: Error): readonly string[] {
  const foreign = /tslab[\\/]dist[\\/]executor|notebook[\\/]cells\.js|node:vm:|node:internal\//;
  return inspect(error)
    .split("\n")
    .filter((line) => !foreign.test(line));
}

/** tslab's files from the package that this file belongs to; the casts name what is used of them. */
function loadTslab(): Tslab {
  const load = createRequire(import.meta.url);
  const { createConverter } = load("tslab/dist/converter.js") as Pick<Tslab, "createConverter">;
  const { createExecutor } = load("tslab/dist/executor.js") as Pick<Tslab, "createExecutor">;
  return { createConverter, createExecutor, jupyter: load("tslab/dist/jupyter.js") as Tslab["jupyter"] };
}

/** Everything written to a stream becomes an output of the running cell, in order with charts and values. */
function captureStream(name: "stdout" | "stderr"): void {
  const write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    send({ type: "output", output: { output_type: "stream", name, text }, displayId: null });
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") (callback as () => void)();
    return true;
  };
  process[name].write = write;
}

const executorConsole: ExecutorConsole = {
  log: (value) => {
    const text = typeof value === "string" ? value : inspect(value);
    const output = { output_type: "execute_result", data: { "text/plain": text }, metadata: {} } as const;
    send({ type: "output", output, displayId: null });
  },
  error: (first, ...rest) => {
    if (first !== "%s%d:%d - %s") {
      failWith(first);
      return;
    }
    // One diagnostic of the compiler; further ones join the first.
    const line = format(first, ...rest);
    if (failure?.ename === "TypeScriptError")
      failure = { ...failure, traceback: [...failure.traceback, line] };
    else fail("TypeScriptError", line, [line]);
  },
};

function display({ data, metadata = {}, transient = {} }: Display, update = false): void {
  const output = { output_type: "display_data", data, metadata } as const;
  send({ type: update ? "update" : "output", output, displayId: transient.display_id ?? null });
}

function createTslabExecutor(): Executor {
  const { createConverter, createExecutor, jupyter } = loadTslab();
  jupyter.lastWriteDisplayData = display;
  const node = createConverter({ isJS: false, isBrowser: false });
  const converters = {
    node,
    get browser(): Converter {
      throw new Error("@browser cells can't run here: there is no browser. Use a Node cell.");
    },
    close: () => {
      node.close();
    },
  };
  return createExecutor(process.cwd(), converters, executorConsole);
}

async function run(executor: Executor, code: string): Promise<void> {
  state = "running";
  const passed = await executor.execute(code).catch((error: unknown) => {
    failWith(error);
    return false;
  });
  // Rejections of this cell that nobody awaited surface once the queue of microtasks is empty.
  await new Promise((resolve) => setImmediate(resolve));
  if (!passed) fail("Error", "the cell failed without a message", []);
  state = "idle";
  send({ type: "done", failure, names: Object.keys(executor.locals) });
  failure = null;
}

/**
 * The run is to stop. A stage that listens for SIGINT saves and ends by itself; a cell where nobody listens is ended
 * here. The word comes as a message: Node swallows a real signal in the last milliseconds of a script's synchronous part.
 */
function interrupt(executor: Executor): void {
  if (process.listenerCount("SIGINT") === 0) executor.interrupt();
  else process.emit("SIGINT", "SIGINT");
}

/** Lets what is still under way come to its end, and no longer than the grace; what fails now is reported as late. */
function finish(executor: Executor): void {
  state = "finishing";
  if (failure) send({ type: "late", failure });
  executor.close();
  process.channel?.unref();
  setTimeout(() => process.exit(0), graceMs).unref();
}

function start(): void {
  captureStream("stdout");
  captureStream("stderr");
  const executor = createTslabExecutor();
  const surface = (error: unknown): void => {
    failWith(error);
    // A cell that waits for what has just failed would wait for ever.
    if (state === "running") executor.interrupt();
  };
  process.on("uncaughtException", surface);
  process.on("unhandledRejection", surface);
  process.on("disconnect", () => process.exit(1));
  process.on("message", (message: ToChild) => {
    if (message.type === "finish") finish(executor);
    else if (message.type === "interrupt") interrupt(executor);
    else void run(executor, message.code);
  });
  send({ type: "ready" });
}

start();
