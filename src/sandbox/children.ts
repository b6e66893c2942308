// Starts one locked-down child process (`child.ts`) and exchanges lines with it. The layers around untrusted Python, from
// the inside: WebAssembly with a memory cap; a V8 realm without any host object; no code from strings; Node's permission
// model (reads two folders, no writes, no processes, no workers, no add-ons, no network where Node can say so); an
// empty environment; pipes only; limits on memory, files and core dumps where there is a POSIX shell; SIGKILL.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { BUSY } from "./jobs.js";
import type { Answer, Order, Ready, Reply } from "./wire.js";

const SHELL = "/bin/sh";
/** Windows has no such shell: there the limits and the watcher are missing, and the realm alone carries. */
const GUARDED = existsSync(SHELL);
const START_MS = 180_000;
const CPU_POLL_MS = 50;
/** On a loaded machine processor time comes slowly; so much slower it may come before we give up. */
const WALL_PER_CPU = 6;
const STDERR_CHARACTERS = 4_000;
/** Beside the interpreter's own memory: V8, compiled code, the worlds that the collector has not reached. */
const CHILD_MB = 900;
const PAGES_PER_MB = 16;

/** What a child is started with; folders are real paths, without links. */
export interface ChildOptions {
  readonly pyodide: string;
  readonly here: string;
  readonly memoryMb: number;
  /** Kind of its worlds: 0, or 1 for another hash seed, other random numbers and another date. */
  readonly variation: 0 | 1;
}

/** When patience ends: on the clock of `performance.now()`, and at so much processor time of the child (null: no such limit). */
export interface Deadline {
  readonly wallAtMs: number;
  readonly cpuAtMs: number | null;
  /** Processor time of the child from which on a timeout is its own doing and not a loaded machine's. */
  readonly spentAtMs: number;
}

/** Why no answer came. `memory`: the process died for want of it; `lost`: it died, and did not say why. */
export type Death = "timeout" | "memory" | "lost";

export interface Child {
  readonly pid: number;
  /** Version of its interpreter. */
  readonly version: string;
  readonly alive: () => boolean;
  /** After a timeout: whether the child had used up the time itself. */
  readonly spent: () => boolean;
  /** From now on: `timeoutMs` of wall time, or, on processor time, as much of that (wall time where it can't be read). */
  deadline(timeoutMs: number, processorTime: boolean): Deadline;
  /** One call of the harness; a child that does not answer in time is killed. */
  call(order: Order, deadline: Deadline): Promise<Reply | Death>;
  /** Drops the world and boots the next; false when the child could not within `wallMs` and was killed. */
  renew(wallMs: number): Promise<boolean>;
  /** Ends at once, whatever runs; the promise resolves when the process is gone. */
  kill(): Promise<void>;
}

/**
 * Node's and V8's switches for the child. `version` is Node's, e.g. `20.20.2`: the permission model is called
 * `--experimental-permission` up to 22.12 and 23.4; from 25 on it also bars the network, unless `--allow-net` is given.
 */
export function childFlags(
  version: string,
  { pyodide, here, memoryMb }: Omit<ChildOptions, "variation">,
): readonly string[] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const stable = major >= 24 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  return [
    stable ? "--permission" : "--experimental-permission",
    `--allow-fs-read=${pyodide}/*`,
    `--allow-fs-read=${here}/*`,
    "--disallow-code-generation-from-strings",
    `--wasm-max-mem-pages=${memoryMb * PAGES_PER_MB}`,
    "--max-old-space-size=256",
    // Pyodide's JavaScript runs briefly in each realm: optimising it costs a fifth of a world and gains nothing. Python is
    // WebAssembly, which this leaves alone.
    "--no-opt",
    "--no-warnings",
  ];
}

/**
 * The shell's part: limits (data in KiB; macOS refuses it, which is not fatal), then the child in the background with the
 * pipes, while the shell holds nothing but the lifeline (descriptor 4). When the parent goes, however it goes, the read
 * returns and the child is killed, even in the middle of an endless loop.
 */
const WATCHER = `ulimit -c 0; ulimit -f 0; ulimit -d "$1" 2>/dev/null; shift
exec 5<&0 </dev/null
"$@" <&5 5<&- 4<&- &
exec 5<&- 3<&- >/dev/null 2>&1
read -r line <&4
kill -9 $!`;

function launch(options: ChildOptions, mode: "serve" | "snapshot", snapshot: number | null): ChildProcess {
  const { here, pyodide, memoryMb, variation } = options;
  const flags = childFlags(process.versions.node, options);
  const script = [`${here}/child.js`, mode, pyodide, here, String(memoryMb * 1024 * 1024), String(variation)];
  const command = [process.execPath, ...flags, ...script];
  const dataKb = String((memoryMb + CHILD_MB) * 1024);
  const [program = "", ...rest] = GUARDED ? [SHELL, "-c", WATCHER, "sh", dataKb, ...command] : command;
  const stdio = ["pipe", "pipe", "pipe", snapshot ?? "ignore", "pipe"] as const;
  // A group of its own: Ctrl-C in the terminal does not reach it, and one signal ends shell and child.
  const started = spawn(program, rest, { env: {}, cwd: here, detached: GUARDED, stdio: [...stdio] });
  for (const stream of started.stdio) stream?.on("error", () => undefined);
  return started;
}

function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(GUARDED ? -child.pid : child.pid, "SIGKILL");
  } catch {
    // The group is gone between the look and the signal.
    child.kill("SIGKILL");
  }
}

/** An idle child must not keep its parent alive; while a call runs, the call's timer does. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
}

/** Milliseconds of processor time that a process has used (Linux), or null. */
function cpuMsOf(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    // utime and stime, in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

/** Calls `late` at the deadline; returns what cancels it. */
function watch(pid: number, { wallAtMs, cpuAtMs }: Deadline, late: () => void): () => void {
  const timer = setTimeout(late, wallAtMs - performance.now());
  const look = (): void => {
    if ((cpuMsOf(pid) ?? 0) >= (cpuAtMs ?? Infinity)) late();
  };
  const poll = cpuAtMs === null ? undefined : setInterval(look, CPU_POLL_MS);
  return () => {
    clearTimeout(timer);
    clearInterval(poll);
  };
}

function deadlineOf(pid: number, timeoutMs: number, processorTime: boolean): Deadline {
  const used = cpuMsOf(pid);
  const counted = processorTime ? used : null;
  const wallMs = counted === null ? timeoutMs : timeoutMs * WALL_PER_CPU;
  return {
    wallAtMs: performance.now() + wallMs,
    cpuAtMs: counted === null ? null : counted + timeoutMs,
    spentAtMs: (used ?? Infinity) + BUSY * timeoutMs,
  };
}

interface Line {
  /** Sends a line and waits for the next one. */
  ask(order: Order | null, pid: number, deadline: Deadline): Promise<Answer | Death>;
  readonly alive: () => boolean;
  readonly spent: () => boolean;
  readonly complaint: () => string;
}

const ended = (stream: Readable | null): Promise<void> =>
  new Promise((resolve) => (stream === null ? resolve() : stream.once("close", resolve)));

function parsed(line: string): Answer | Death {
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return "lost";
  }
}

/** The two pipes as a conversation: one order, one answer. */
function converse(child: ChildProcess): Line {
  let waiting: ((answer: Answer | Death) => void) | null = null;
  let alive = true;
  let spent = false;
  let stderr = "";
  const settle = (answer: Answer | Death): void => {
    const resolve = waiting;
    waiting = null;
    resolve?.(answer);
  };
  const die = (): void => {
    alive = false;
    end(child);
    settle(/out of memory|allocation fail/i.test(stderr) ? "memory" : "lost");
  };
  child.stderr?.on("data", (text: Buffer) => {
    if (stderr.length < STDERR_CHARACTERS) stderr += text.toString();
  });
  child.on("error", die);
  // With the shell in between it is the end of its pipes that tells of a child's end.
  void Promise.all([child.stdout, child.stderr].map((stream) => ended(stream))).then(die);
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => settle(parsed(line)));
  }
  const ask: Line["ask"] = (order, pid, deadline) =>
    new Promise((resolve) => {
      if (!alive) {
        resolve("lost");
        return;
      }
      const cancel = watch(pid, deadline, () => {
        alive = false;
        spent = (cpuMsOf(pid) ?? 0) >= deadline.spentAtMs;
        end(child);
        settle("timeout");
      });
      waiting = (answer) => {
        cancel();
        resolve(answer);
      };
      if (order !== null) child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
  return { ask, alive: () => alive, spent: () => spent, complaint: () => stderr };
}

/** Starts a child that serves; rejects when it does not come up. `snapshot` is a descriptor open on the snapshot file. */
export async function startChild(options: ChildOptions, snapshot: number): Promise<Child> {
  const child = launch(options, "serve", snapshot);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = converse(child);
  const first = await line.ask(null, child.pid ?? 0, deadlineOf(0, START_MS, false));
  if (typeof first === "string" || !("ready" in first)) {
    end(child);
    throw new Error(
      `the sandbox's child process did not start (${JSON.stringify(first)}): ${line.complaint()}`,
    );
  }
  const { ready, pid }: Ready = first;
  letGo(child);
  return {
    pid,
    version: ready,
    alive: line.alive,
    spent: line.spent,
    deadline: (timeoutMs, processorTime) => deadlineOf(pid, timeoutMs, processorTime),
    async call(order, deadline) {
      const answer = await line.ask(order, pid, deadline);
      return typeof answer === "string" || "reply" in answer ? answer : "lost";
    },
    async renew(wallMs) {
      const answer = await line.ask({ fresh: true }, pid, deadlineOf(pid, wallMs, false));
      const renewed = typeof answer !== "string" && "fresh" in answer;
      if (!renewed) end(child);
      return renewed;
    },
    kill() {
      child.ref();
      end(child);
      return gone;
    },
  };
}

/** Boots an interpreter in a child that then ends, and returns a copy of its memory (about 31 MB). */
export async function buildSnapshot(options: ChildOptions): Promise<Uint8Array> {
  const child = launch(options, "snapshot", null);
  const parts: Buffer[] = [];
  let stderr = "";
  child.stdout?.on("data", (part: Buffer) => parts.push(part));
  child.stderr?.on("data", (part: Buffer) => (stderr += part.toString()));
  const timer = setTimeout(() => end(child), START_MS);
  await new Promise((resolve) => child.stdout?.once("close", resolve));
  clearTimeout(timer);
  end(child);
  if (parts.length === 0) throw new Error(`the sandbox's snapshot could not be made: ${stderr}`);
  return Buffer.concat(parts);
}
