// Runs a notebook from its first cell to its last without Jupyter and saves the executed copy whatever happens. What
// fails a run: an exception, a type error, a rejection that nobody awaits (also after the last cell), a cell that
// takes too long, a process that dies, a parameter that the notebook doesn't know.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { writeWhole } from "../core/files.js";
import { startChild, type CellChild } from "./child.js";
import {
  readNotebook,
  textOf,
  notebookText,
  type ErrorOutput,
  type Notebook,
  type Output,
} from "./nbformat.js";
import { injectParameters, type Injected, type Parameters } from "./parameters.js";
import { createRecorder, type Recorder } from "./record.js";

/** A cell failed; the executed notebook was saved all the same. */
export class CellError extends Error {
  override readonly name = "CellError";
  /** The notebook's path, as it was given. */
  readonly notebook: string;
  /** Index in the executed notebook's cells, from 0. */
  readonly cellIndex: number;
  readonly source: string;
  readonly ename: string;
  readonly evalue: string;

  constructor(
    notebook: string,
    cellIndex: number,
    source: string,
    { ename, evalue, traceback }: ErrorOutput,
  ) {
    const lines = traceback.slice(0, 40).map((line) => line.slice(0, 500));
    super([`${notebook}: cell ${cellIndex + 1} failed: ${ename}: ${evalue}`, source, ...lines].join("\n\n"));
    this.notebook = notebook;
    this.cellIndex = cellIndex;
    this.source = source;
    this.ename = ename;
    this.evalue = evalue;
  }
}

export interface ExecuteOptions {
  /** Values for names that the cell tagged `parameters` declares. Default: none. */
  readonly parameters?: Parameters;
  /** Longest time for one cell, in milliseconds. Default 600,000. */
  readonly timeoutMs?: number;
  /** Folder that cells run in. Default: the notebook's, as in Jupyter. */
  readonly cwd?: string;
  /** Variables on top of the parent's. Secrets of the parent (see `childEnvironment`) reach a cell only through this. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called for each output and each update of one, with the cell's index. */
  readonly onOutput?: (output: Output, cellIndex: number) => void;
  /** Aborting raises SIGINT in the cells' process, and kills it ten seconds later. */
  readonly signal?: AbortSignal;
}

const saveMs = 10_000;

/**
 * Executes `input` and writes the executed copy to `output` (its folder is made). Rejects with CellError where a cell
 * failed, with InputError where the notebook or the parameters can't be used.
 */
export async function executeNotebook(
  input: string,
  output: string,
  options: ExecuteOptions = {},
): Promise<Notebook> {
  const { parameters = {}, timeoutMs = 600_000, cwd = path.dirname(path.resolve(input)), env = {} } = options;
  const started = Date.now();
  const injected = injectParameters(await readNotebook(input), parameters, input);
  const recorder = createRecorder(injected.notebook);
  const child = startChild({
    cwd,
    env: childEnvironment(process.env, env),
    onOutput: (shown, displayId, update) => {
      if (update) recorder.update(shown, displayId);
      else recorder.add(shown, displayId);
      options.onOutput?.(shown, recorder.current());
    },
  });
  const release = abortable(child, options.signal);
  const failure = await runCells({
    injected,
    parameters,
    recorder,
    child,
    timeoutMs,
    signal: options.signal,
  }).finally(() => {
    release();
    child.kill();
  });
  const clean = failure && withoutMachine(failure, repositoryOf(input));
  if (clean) recorder.add(clean, null);
  const run = {
    parameters,
    started: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    status: clean ? "failed" : "ok",
  };
  const executed = recorder.notebook();
  const saved = { ...executed, metadata: { ...executed.metadata, selfalign: run } };
  await mkdir(path.dirname(path.resolve(output)), { recursive: true });
  await writeWhole(output, notebookText(saved));
  if (clean) throw cellError(input, saved, recorder.current(), clean);
  return saved;
}

interface Running {
  readonly injected: Injected;
  readonly parameters: Parameters;
  readonly recorder: Recorder;
  readonly child: CellChild;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The failure that ended the run, which belongs to the recorder's current cell; null where all went well. */
async function runCells({
  injected,
  parameters,
  recorder,
  child,
  timeoutMs,
  signal,
}: Running): Promise<ErrorOutput | null> {
  const { failure } = await child.ready();
  if (failure && !signal?.aborted) return failure;
  for (const [index, cell] of injected.notebook.cells.entries()) {
    if (cell.cell_type !== "code" || textOf(cell.source).trim() === "") continue;
    recorder.begin(index);
    if (signal?.aborted) return interrupted;
    const reply = await child.run(textOf(cell.source), timeoutMs);
    if (reply.failure) return reply.failure;
    if (signal?.aborted) return interrupted;
    if (index === injected.declaredAt) {
      const unknown = unknownParameters(parameters, reply.names);
      if (unknown) return unknown;
    }
  }
  return child.finish();
}

const interrupted: ErrorOutput = {
  output_type: "error",
  ename: "Interrupted",
  evalue: "the run was interrupted",
  traceback: ["Interrupted: the run was interrupted"],
};

function unknownParameters(parameters: Parameters, declared: readonly string[]): ErrorOutput | null {
  const unknown = Object.keys(parameters).filter((name) => !declared.includes(name));
  if (unknown.length === 0) return null;
  const evalue = `${unknown.join(", ")}: not declared in the cell tagged "parameters"; check the spelling`;
  return { output_type: "error", ename: "UnknownParameter", evalue, traceback: [evalue] };
}

/** Hands an abort on to the child; the function returned takes the listener off. */
function abortable(child: CellChild, signal: AbortSignal | undefined): () => void {
  let killer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    child.interrupt();
    killer = setTimeout(() => {
      child.kill();
    }, saveMs);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(killer);
    signal?.removeEventListener("abort", onAbort);
  };
}

/** The parent's environment less its secrets (names with TOKEN, SECRET, PASSWORD or API_KEY), and `extra` on top. */
export function childEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const harmless = Object.entries(parent).filter(([name]) => !/TOKEN|SECRET|PASSWORD|API_?KEY/i.test(name));
  return { ...Object.fromEntries(harmless), ...extra };
}

/** The folder with the package.json that the notebook belongs to; its own folder where there is none. */
function repositoryOf(input: string): string {
  const own = path.dirname(path.resolve(input));
  for (let folder = own; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "package.json"))) return folder;
    if (folder === path.dirname(folder)) return own;
  }
}

/** The failure with the machine's paths cut down to those inside the repository. */
function withoutMachine({ ename, evalue, traceback }: ErrorOutput, root: string): ErrorOutput {
  const cut = (text: string): string =>
    text.replaceAll(`file://${root}/`, "").replaceAll(`${root}/`, "").replaceAll(`${homedir()}/`, "~/");
  return { output_type: "error", ename, evalue: cut(evalue), traceback: traceback.map(cut) };
}

function cellError(input: string, notebook: Notebook, index: number, failure: ErrorOutput): Error {
  const cell = notebook.cells[index];
  // Without a cell the child didn't start, which is nobody's cell's fault.
  if (!cell) return new Error(`Notebook "${input}" could not be started: ${failure.traceback.join("\n")}`);
  return new CellError(input, index, textOf(cell.source), failure);
}
