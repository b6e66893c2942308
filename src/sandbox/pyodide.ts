// The embedded backend: CPython in WebAssembly in locked-down child processes (`children.ts`), for machines without a
// sandbox of their own. Every judge and observe has a fresh world; the variants of one kill share a warm one. Here the
// contract's jobs are turned into calls of the harness (`harness.py`) and its answers, or their absence, into outcomes.
// Want of memory, and a timeout that the program did not spend computing, are believed only after a second run, alone, in a
// new child, on processor time.
import { closeSync, existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../core/errors.js";
import { openPool } from "./childpool.js";
import type { ChildPool } from "./childpool.js";
import type { Child, ChildOptions } from "./children.js";
import { buildSnapshot, startChild } from "./children.js";
import { judgeIn, killIn, observeIn, UNSURE } from "./jobs.js";
import type { Terms } from "./jobs.js";
import type { KillJob, Outcome, Sandbox, SandboxIdentity } from "./sandbox.js";
import { openSnapshot } from "./snapshot.js";
import type { SnapshotOptions } from "./snapshot.js";

const MEBIBYTE = 1024 * 1024;
/** A child's own memory beside the interpreter's, as measured. */
const CHILD_MB = 450;
const MOST_WORKERS = 16;

export interface PyodideOptions {
  /** Child processes. Default: one less than there are processors, at least 2, fewer where memory is short. */
  readonly workers?: number;
  /** Wall time for a judge or an observe, and for each variant of a kill, in ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** Memory of one interpreter in MiB, 64 to 2,048. Default 512. */
  readonly memoryMb?: number;
  /** Folder of the memory snapshot. Default: `$XDG_CACHE_HOME/selfalign` or `~/.cache/selfalign`. */
  readonly cacheDir?: string;
  /** Told when something takes a while. Default: nobody. */
  readonly onNotice?: (text: string) => void;
}

function defaultWorkers(memoryMb: number): number {
  const fit = Math.floor(process.availableMemory() / ((memoryMb + CHILD_MB) * MEBIBYTE));
  return Math.max(1, Math.min(Math.max(2, os.availableParallelism() - 1), fit, MOST_WORKERS));
}

export function checkCount(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InputError(`${name} '${value}' is not a whole number from ${least} to ${most}: change it`);
}

/** The folder that holds `child.js`: this one, or its twin in dist while the sources run uncompiled (in tests). */
export function compiledFolder(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const folders = [here, path.resolve(here, "../../dist/sandbox")];
  const found = folders.find((folder) => existsSync(path.join(folder, "child.js")));
  if (found === undefined)
    throw new InputError(`the sandbox is not compiled ('${here}/child.js'): run npm run build`);
  return realpathSync(found);
}

/** Folder of the pyodide package, without links. */
function pyodideFolder(): string {
  return path.dirname(realpathSync(createRequire(import.meta.url).resolve("pyodide/package.json")));
}

/** What this backend is, told without starting it. */
export function pyodideIdentity(): SandboxIdentity {
  const lock = readFileSync(path.join(pyodideFolder(), "pyodide-lock.json"), "utf8");
  const { info } = JSON.parse(lock) as { readonly info: { readonly python: string } };
  return { backend: "pyodide", interpreter: `CPython ${info.python}` };
}

/** Runs a job, and once more alone if it seems to have run out of time or memory, or lost its process. */
async function confirmed<T extends object>(
  pool: ChildPool<Child>,
  timeoutMs: number,
  job: (child: Child, terms: Terms) => Promise<T>,
  outcomeOf: (result: T) => Outcome,
): Promise<T> {
  const { first, spent } = await pool.run(async (child) => {
    const result = await job(child, { timeoutMs, processorTime: false });
    return { first: result, spent: child.spent() };
  });
  if (spent || !UNSURE.has(outcomeOf(first).status)) return first;
  return pool.run((child) => job(child, { timeoutMs, processorTime: true }), true);
}

/** All variants; where one ends the world it is killed and the rest go on in another. Endings that a loaded machine could cause are tried again, alone. */
async function killAll(pool: ChildPool<Child>, job: KillJob, timeoutMs: number): Promise<readonly boolean[]> {
  const killed: boolean[] = [];
  const doubtful: number[] = [];
  while (killed.length < job.variants.length) {
    const terms = { timeoutMs, processorTime: false };
    const some = await pool.run((child) => killIn(child, job, killed.length, Infinity, terms));
    killed.push(...some.killed);
    if (some.ended === null) continue;
    if (some.ended === "unsure") doubtful.push(killed.length);
    killed.push(true);
  }
  for (const index of doubtful) {
    const terms = { timeoutMs, processorTime: true };
    const { killed: again } = await pool.run((child) => killIn(child, job, index, 1, terms), true);
    killed[index] = again[0] ?? true;
  }
  return killed;
}

/**
 * Opens the embedded sandbox: makes or loads its memory snapshot and starts the first child. `InputError` for options
 * out of range or when the package is not compiled; `Error` when no child can be started on this machine.
 */
export async function openPyodide(options: PyodideOptions = {}): Promise<Sandbox> {
  const { memoryMb = 512, timeoutMs = 10_000, cacheDir, onNotice } = options;
  checkCount("memoryMb", memoryMb, 64, 2_048);
  const { workers = defaultWorkers(memoryMb) } = options;
  checkCount("workers", workers, 1, 256);
  checkCount("timeoutMs", timeoutMs, 1, 3_600_000);
  const kind = { pyodide: pyodideFolder(), here: compiledFolder(), memoryMb, cacheDir, onNotice };
  const here = await openKind(kind, 0, workers);
  // Worlds of the other kind are asked for less often; theirs start with the first such job.
  let elsewhere: Promise<Kind> | null = null;
  const openElsewhere = (): Promise<Kind> => (elsewhere ??= openKind(kind, 1, Math.ceil(workers / 2)));
  const closeAll = async (): Promise<void> => {
    const other = await elsewhere?.catch(() => null);
    await Promise.all([here.close(), other?.close()]);
  };
  let closing: Promise<void> | undefined;
  return {
    ...pyodideIdentity(),
    judge: (job) =>
      confirmed(
        here.pool,
        timeoutMs,
        (child, terms) => judgeIn(child, job, terms),
        (outcome) => outcome,
      ),
    observe: async (job) =>
      confirmed(
        (job.elsewhere === true ? await openElsewhere() : here).pool,
        timeoutMs,
        (child, terms) => observeIn(child, job, terms),
        ({ outcome }) => outcome,
      ),
    kill: (job) => killAll(here.pool, job, timeoutMs),
    close: () => (closing ??= closeAll()),
  };
}

/** A pool whose worlds are all of one kind. */
interface Kind {
  readonly pool: ChildPool<Child>;
  close(): Promise<void>;
}

type KindOptions = Omit<ChildOptions, "variation"> & Pick<SnapshotOptions, "cacheDir" | "onNotice">;

async function openKind(options: KindOptions, variation: 0 | 1, workers: number): Promise<Kind> {
  const settings = { ...options, variation };
  const snapshot = await openSnapshot({ ...settings, build: () => buildSnapshot(settings) });
  const start = (): Promise<Child> => startChild(settings, snapshot);
  const pool = openPool(workers, await start(), start);
  return { pool, close: () => pool.close().then(() => closeSync(snapshot)) };
}
