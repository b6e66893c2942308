// One writer per run directory, or per file. The lock is a file that names its holder; a holder that has died leaves it
// behind, and the next run sees that and takes over.
import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { InputError } from "./errors.js";
import { asError, isMissing } from "./files.js";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in the system's own count, so that a reused process number is not taken for the holder. */
  readonly born: string | null;
}

/**
 * Locks a directory and gives the function that unlocks it.
 * @throws InputError naming the holder when another live process has it.
 */
export function lockFolder(folder: string): Promise<() => Promise<void>> {
  return takeLock(path.join(folder, ".lock"), `run directory ${folder}`, "--output-dir");
}

/**
 * Locks a file that is about to be written, by another one beside it, and gives the function that unlocks it.
 * @throws InputError naming the holder when another live process has it.
 */
export function lockOutput(file: string): Promise<() => Promise<void>> {
  return takeLock(`${file}.lock`, `output ${file}`, "--out");
}

/** `what` is locked by `file`; `flag` names another one. */
async function takeLock(file: string, what: string, flag: string): Promise<() => Promise<void>> {
  const mine = `${file}.${randomUUID()}`; // two in one process ask too
  const text = JSON.stringify({ pid: process.pid, host: hostname(), born: (await statOf(process.pid)).born });
  await writeFile(mine, text);
  try {
    for (;;) {
      if (await tryLink(mine, file)) break;
      const seen = await readFile(file, "utf8").catch(missingAsNull);
      if (seen === null) continue;
      const holder = parseHolder(seen);
      if (holder === null || (await isAlive(holder))) throw heldError(what, flag, file, holder);
      await takeAway(file, seen, what, flag);
    }
  } finally {
    await rm(mine, { force: true });
  }
  return async () => {
    if ((await readFile(file, "utf8").catch(missingAsNull)) === text) await rm(file, { force: true });
  };
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes a dead holder's lock. Who does that holds a lock on it: of two that see the same dead holder, the slower one
 * would remove the lock of the quicker one.
 */
async function takeAway(file: string, seen: string, what: string, flag: string): Promise<void> {
  const unlock = await takeLock(`${file}.taking`, what, flag);
  try {
    if ((await readFile(file, "utf8").catch(missingAsNull)) === seen) await rm(file);
  } finally {
    await unlock();
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  const { born, ended } = await statOf(holder.pid);
  return !ended && (born === null || holder.born === null || born === holder.born);
}

/**
 * From Linux's /proc/PID/stat: the start, field 22, in clock ticks since boot; and, with /proc/PID/task, whether the process has
 * ended and only waits for its parent to ask after it, which in a container without an init nobody ever does. Elsewhere nothing
 * is known.
 */
async function statOf(pid: number): Promise<{ readonly born: string | null; readonly ended: boolean }> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { born: fields[18] ?? null, ended: ["Z", "X"].includes(state) && (await threadsOf(pid)) <= 1 };
  } catch {
    return { born: null, ended: false };
  }
}

/** The first thread may be through while another still writes. */
async function threadsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/task`).catch(() => [])).length;
}

function parseHolder(text: string): Holder | null {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return null;
  }
}

function heldError(what: string, flag: string, file: string, holder: Holder | null): InputError {
  const who = holder === null ? "another run" : `process ${holder.pid} on ${holder.host}`;
  return new InputError(
    `${what} is in use by ${who}: wait for it to end, choose another ${flag}, ` +
      `or remove ${file} if that process is gone`,
  );
}

function missingAsNull(error: unknown): null {
  if (isMissing(error)) return null;
  throw asError(error);
}
