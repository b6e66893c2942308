// One native worker from the outside: starts a zygote (`zygote.py`) inside bubblewrap and exchanges frames with it. One job
// at a time. Whatever goes wrong with the process, the job that runs gets `lost`, and the caller starts another worker.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { fenced } from "./bubblewrap.js";
import type { Interpreter } from "./bubblewrap.js";
import { seccompFilter } from "./seccomp.js";
import type { Mode } from "./sandbox.js";
import { JUDGING_FILES } from "./wire.js";

const START_MS = 30_000;
/** How much later than the zygote's own clock ours ends a job. */
const GRACE_MS = 5_000;
const STDERR_CHARACTERS = 4_000;
/** Nobody's, one per worker, so that limits per user count one world. */
const FIRST_UID = 61_000;
const UIDS = 4_000;

export interface ZygoteOptions {
  /** Bubblewrap's file. */
  readonly bubblewrap: string;
  readonly interpreter: Interpreter;
  /** Folder of the harness's Python files. */
  readonly here: string;
  /** Address space of a world, in bytes, and size of its /tmp. */
  readonly memoryBytes: number;
  readonly fileBytes: number;
  /** Processor time after which the kernel ends a world, in whole seconds. */
  readonly cpuSeconds: number;
}

export interface Order {
  readonly mode: Mode;
  readonly wallSeconds: number;
  /** Processor time of all worlds of the job, where it is counted; else null. */
  readonly cpuSeconds: number | null;
}

/** How a job's worlds ended, and what the one that answers wrote. */
export interface Ended {
  readonly end: "eof" | "timeout" | "flood";
  /** Wait status of the world that answers, as waitpid(2) gives it. */
  readonly status: number;
  readonly cpuSeconds: number;
  readonly text: string;
}

export interface Zygote {
  readonly pid: number;
  /** Version of its interpreter. */
  readonly version: string;
  readonly alive: () => boolean;
  /** Runs one job; `frames` go one to each of its worlds, unseen by the zygote. */
  run(order: Order, frames: readonly string[]): Promise<Ended | "lost">;
  /** Each job has worlds of its own, so that nothing is to be done. */
  renew(wallMs: number): Promise<boolean>;
  kill(): Promise<void>;
}

interface Header {
  readonly end: Ended["end"];
  readonly status: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

/** Collects what comes and hands it out by length; `null` once the stream is at its end. */
function reading(stream: NodeJS.ReadableStream): (count: number) => Promise<Buffer | null> {
  let held: Buffer = Buffer.alloc(0);
  let open = true;
  let wanted: { readonly count: number; readonly give: (bytes: Buffer | null) => void } | null = null;
  const serve = (): void => {
    if (wanted === null || (open && held.length < wanted.count)) return;
    const { count, give } = wanted;
    wanted = null;
    if (held.length < count) {
      give(null);
      return;
    }
    const bytes = held.subarray(0, count);
    held = held.subarray(count);
    give(bytes);
  };
  stream.on("data", (bytes: Buffer) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    serve();
  });
  stream.on("close", () => {
    open = false;
    serve();
  });
  return (count) =>
    new Promise((give) => {
      wanted = { count, give };
      serve();
    });
}

let started = 0;

function launch({ bubblewrap, interpreter, here }: ZygoteOptions): ChildProcess {
  const script = readFileSync(path.join(here, "zygote.py"), "utf8");
  const uid = FIRST_UID + ((process.pid * 16 + started++) % UIDS);
  const user = process.getuid?.() === 0 ? { uid, gid: uid } : {};
  const child = spawn(bubblewrap, fenced(interpreter, script), {
    ...user,
    env: {},
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own: Ctrl-C in the terminal does not reach it.
    detached: true,
  });
  for (const stream of child.stdio) stream?.on("error", () => undefined);
  return child;
}

function setup({ interpreter, here, memoryBytes, fileBytes, cpuSeconds }: ZygoteOptions): string {
  const sources = (names: readonly string[]): (readonly string[])[] =>
    names.map((name) => [name, readFileSync(path.join(here, name), "utf8")]);
  return JSON.stringify({
    harness: sources(JUDGING_FILES),
    lockdown: sources(["lockdown.py"]),
    filter: seccompFilter().toString("hex"),
    limits: { memoryBytes, fileBytes, cpuSeconds },
    path: interpreter.path,
  });
}

/** Starts a worker; rejects with what it complained of when it does not come up. */
export async function startZygote(options: ZygoteOptions): Promise<Zygote> {
  const child = launch(options);
  let alive = true;
  let stderr = "";
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      alive = false;
      resolve();
    };
    child.once("error", (error) => {
      stderr += error.message;
      end();
    });
    child.once("exit", end);
  });
  child.stderr?.on("data", (text: Buffer) => {
    if (stderr.length < STDERR_CHARACTERS) stderr += text.toString();
  });
  const read = child.stdout === null ? null : reading(child.stdout);
  const kill = (): Promise<void> => {
    if (alive) child.kill("SIGKILL");
    child.ref();
    return gone;
  };
  const header = async (): Promise<unknown> => {
    const length = await read?.(4);
    const body = length ? await read?.(length.readUInt32LE()) : null;
    return body ? JSON.parse(body.toString()) : null;
  };
  /** An answer within the time, or null; a worker that is late is killed. */
  const answered = async <T>(patienceMs: number, answer: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => void kill(), patienceMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  };
  child.stdin?.write(frame(setup(options)));
  const first = (await answered(START_MS, header())) as { readonly ready: string } | null;
  if (first === null) {
    await kill();
    throw new Error(`the native sandbox did not start: ${stderr.trim() || "no word of why"}`);
  }
  child.unref();
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
  const result = async (): Promise<Ended | "lost"> => {
    const head = (await header()) as Header | null;
    const bytes = head && (await read?.(head.bytes));
    return head && bytes ? { ...head, text: bytes.toString() } : "lost";
  };
  return {
    pid: child.pid ?? 0,
    version: first.ready,
    alive: () => alive,
    run(order, frames) {
      if (!alive) return Promise.resolve("lost");
      child.stdin?.write(Buffer.concat([JSON.stringify(order), ...frames].map(frame)));
      return answered(order.wallSeconds * 1_000 + GRACE_MS, result());
    },
    renew: () => Promise.resolve(alive),
    kill,
  };
}
