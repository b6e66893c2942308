// The native backend: CPython in throw-away worlds behind bubblewrap (`zygote.py`), many times faster than the embedded
// one. Here the contract's jobs become frames, and the way worlds ended becomes outcomes. A timeout is believed at once
// where the worlds used up the time themselves; else only after a second run, alone, on processor time.
import { randomBytes } from "node:crypto";
import { InputError } from "../core/errors.js";
import { findBubblewrap, findPython, pythonAt } from "./bubblewrap.js";
import type { Found, Interpreter } from "./bubblewrap.js";
import { openPool } from "./childpool.js";
import type { ChildPool } from "./childpool.js";
import { BUSY, endedOutcome, outcomeOf, understood } from "./jobs.js";
import { checkCount, compiledFolder } from "./pyodide.js";
import type { JudgeJob, JudgingSandbox, KillJob, Mode, Outcome } from "./sandbox.js";
import { startZygote } from "./zygote.js";
import type { Ended, Zygote } from "./zygote.js";

const MEBIBYTE = 1024 * 1024;
const FILE_BYTES = 16 * MEBIBYTE;
/** On a loaded machine processor time comes slowly; so much slower it may come before we give up. */
const WALL_PER_CPU = 2;
/** A variant may take so many times what the original took, and at least this. */
const VARIANT_FACTOR = 10;
const VARIANT_MS = 1_000;

export interface NativeOptions {
  /** Zygotes. */
  readonly workers: number;
  /** Wall time of a judgement in ms. */
  readonly timeoutMs: number;
  /** Address space of a world in MiB. */
  readonly memoryMb: number;
  /** Interpreter to use instead of the system's; its site-packages can be imported. */
  readonly python?: string | undefined;
}

interface Ran {
  readonly outcome: Outcome;
  readonly cpuMs: number;
}

/** What the native backend needs on this machine, or what is missing. */
export function findNative(python?: string): Found<{ bubblewrap: string; interpreter: Interpreter }> {
  const bubblewrap = findBubblewrap();
  if ("missing" in bubblewrap) return bubblewrap;
  const interpreter = python === undefined ? findPython() : { found: pythonAt(python) };
  if ("missing" in interpreter) return interpreter;
  return { found: { bubblewrap: bubblewrap.found, interpreter: interpreter.found } };
}

/**
 * Opens the native sandbox and starts its first worker.
 * @throws InputError where the machine lacks what it needs; Error when no worker comes up.
 */
export async function openNative(options: NativeOptions): Promise<JudgingSandbox> {
  const { workers, timeoutMs, memoryMb, python } = options;
  checkCount("workers", workers, 1, 256);
  checkCount("timeoutMs", timeoutMs, 1, 3_600_000);
  checkCount("memoryMb", memoryMb, 64, 65_536);
  const needed = findNative(python);
  if ("missing" in needed) throw new InputError(`the native sandbox can't be used: ${needed.missing}`);
  const start = (): Promise<Zygote> =>
    startZygote({
      ...needed.found,
      here: compiledFolder(),
      memoryBytes: memoryMb * MEBIBYTE,
      fileBytes: FILE_BYTES,
      cpuSeconds: 2 * Math.ceil(timeoutMs / 1_000) + 1,
    });
  const first = await start();
  const pool = openPool(workers, first, start);
  let closing: Promise<void> | undefined;
  return {
    backend: "native",
    interpreter: `CPython ${first.version}`,
    judge: async (job) => (await confirmed(pool, job, timeoutMs)).outcome,
    kill: (job) => killAll(pool, job, timeoutMs),
    close: () => (closing ??= pool.close()),
  };
}

/** What each world is to read: one where code and tests are together, else that of the code and that of the tests. */
function framesOf({ code, tests, entryPoint, mode }: JudgeJob, nonce: string): readonly string[] {
  if (mode === "split") {
    const secrets = { nonce, confront: JSON.stringify([nonce, code, tests, entryPoint]) };
    return [{ host: JSON.stringify(["", code]) }, secrets].map((frame) => JSON.stringify(frame));
  }
  const load = JSON.stringify([nonce, code, tests, entryPoint]);
  return [JSON.stringify({ load, test: JSON.stringify([nonce]) })];
}

async function judged(zygote: Zygote, job: JudgeJob, timeoutMs: number, alone: boolean): Promise<Ran> {
  const { mode = "one-world" } = job;
  const nonce = randomBytes(16).toString("hex");
  const order = {
    mode,
    wallSeconds: (timeoutMs * (alone ? WALL_PER_CPU : 1)) / 1_000,
    cpuSeconds: alone ? timeoutMs / 1_000 : null,
  };
  const ended = await zygote.run(order, framesOf(job, nonce));
  if (ended === "lost") {
    const outcome = endedOutcome({ ended: "lost", status: 0 }, "code", timeoutMs, mode);
    return { outcome, cpuMs: 0 };
  }
  return { outcome: outcomeFrom(ended, nonce, timeoutMs, mode), cpuMs: ended.cpuSeconds * 1_000 };
}

const SIGKILL = 9;
const SIGXCPU = 24;

/** The last line that a world wrote, believed only if the world then ended as it should. */
function outcomeFrom(ended: Ended, nonce: string, timeoutMs: number, mode: Mode): Outcome {
  const lines = ended.text.split("\n");
  lines.pop();
  const told = lines.map((line) => understood(line, nonce));
  const first = told[0] === undefined ? null : outcomeOf(told[0], "code", timeoutMs, mode);
  const stage = first?.status === "passed" ? "tests" : "code";
  const ending = (word: "timeout" | "exit" | "died" | "garbled", status = 0): Outcome =>
    endedOutcome({ ended: word, status }, stage, timeoutMs, mode);
  if (ended.end === "timeout") return ending("timeout");
  if (ended.end === "flood" || lines.length > 2) return ending("garbled");
  const signal = ended.status & 0x7f;
  // The kernel's own clock of processor time, which the zygote's is to forestall, ends a world in one of these ways.
  const overdue = ended.cpuSeconds * 1_000 >= timeoutMs;
  if (signal === SIGXCPU || (signal === SIGKILL && overdue)) return ending("timeout");
  if (signal !== 0) return ending("died");
  const second = told[1];
  const last = stage === "tests" ? second && outcomeOf(second, "tests", timeoutMs, mode) : first;
  if (last == null) return ending("exit", ended.status >> 8);
  if (last.status === "exit" && overdue) return ending("timeout");
  return ended.status === 0 && (stage === "tests" || lines.length === 1) ? last : ending("garbled");
}

async function confirmed(pool: ChildPool<Zygote>, job: JudgeJob, timeoutMs: number): Promise<Ran> {
  const first = await pool.run((zygote) => judged(zygote, job, timeoutMs, false));
  const { status } = first.outcome;
  const sure = status === "timeout" ? first.cpuMs >= BUSY * timeoutMs : status !== "sandbox-error";
  return sure ? first : pool.run((zygote) => judged(zygote, job, timeoutMs, true), true);
}

/** Each variant has a world of its own and a time measured on the original. */
async function killAll(
  pool: ChildPool<Zygote>,
  { variants, tests, entryPoint, original }: KillJob,
  timeoutMs: number,
): Promise<readonly boolean[]> {
  const judge = (code: string, patienceMs: number): Promise<Ran> =>
    confirmed(pool, { code, tests, entryPoint }, patienceMs);
  const before = original === undefined ? null : await judge(original, timeoutMs);
  const patienceMs =
    before === null ? timeoutMs : Math.min(timeoutMs, Math.max(VARIANT_MS, VARIANT_FACTOR * before.cpuMs));
  const counted = (before?.outcome.asserts ?? 0) > 0;
  const one = async (code: string): Promise<boolean> => {
    const { outcome } = await judge(code, Math.ceil(patienceMs));
    return outcome.status !== "passed" || (counted && outcome.asserts === 0);
  };
  return Promise.all(variants.map(one));
}
