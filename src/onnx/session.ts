// A model that ONNX Runtime runs, in a thread of its own, because a run blocks the thread that asks for it. In come
// tensors, out come tensors; runs are done one at a time, in the order in which they were asked for. Large outputs that are
// inputs of the next run (a cache of keys and values, weights in training) may stay with the runtime and be fed by a
// handle. A run under way can't be stopped: when it is given up its result is thrown away. Whoever opens a session
// closes it; importing this file loads no runtime.
import { availableParallelism } from "node:os";
import { asError } from "../core/files.js";
import { unlessAborted } from "../core/interrupt.js";
import { openError, sessionError, SessionError, type Device } from "./failures.js";
import { copyOf, openKeeping, type Keeping, type Kept } from "./kept.js";
import type { Answer, Job, Port, RunJob, SessionStart } from "./session-worker.js";
import type { Tensor } from "./tensor.js";
import { openThread, threadFile } from "./thread.js";

export interface SessionOptions {
  /** Where the model runs; default "cpu". What the device has no kernel for runs on the processor. */
  readonly device?: Device;
  /** Threads that share one operation; default as many as this process may use at once. */
  readonly threads?: number;
  /** How much the runtime may change the graph; default "all". */
  readonly optimisation?: SessionStart["optimisation"];
  /** Further entries of the runtime's session configuration, e.g. {"session.intra_op.allow_spinning": "0"}. */
  readonly sessionConfig?: Readonly<Record<string, string>>;
  /** Whether memory that a run gave back is kept for the next one, which is faster and takes more. Default true. */
  readonly arena?: boolean;
  /** Writes what every operation of every run took, and where it ran, to PREFIX_<time>.json when the session is closed. */
  readonly profile?: string;
}

/** Inputs by name: numbers, or outputs that were kept. */
export type Feeds = Readonly<Record<string, Tensor | Kept>>;

export interface RunOptions {
  /** Outputs that are given; default all that are not kept and go nowhere else. One that is kept too is copied. */
  readonly fetch?: readonly string[];
  /**
   * Outputs that are written over kept tensors of their type and shape; one that is fetched too is copied. Such a tensor may be
   * fed to the same run: it is then changed in place, which is safe only if the graph reads it nowhere after writing. The
   * runtime copies what it has written unless the graph is made as uncopied.ts says and all that is fetched is written, too.
   */
  readonly into?: Readonly<Record<string, Kept>>;
  /** True moves the inputs' buffers, whole, to the runtime: the caller has them no more. Default false: they are copied. */
  readonly transfer?: boolean;
  /** Gives the run up: one that waits is never begun, the result of one under way is thrown away. */
  readonly signal?: AbortSignal | undefined;
}

export interface Session extends Keeping {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Runs the model. @throws SessionError, or the signal's reason. */
  run(feeds: Feeds, options?: RunOptions): Promise<Readonly<Record<string, Tensor>>>;
  /** Runs the model and keeps the outputs named by `keep` with the runtime. */
  runKeeping<Name extends string>(
    feeds: Feeds,
    keep: readonly Name[],
    options?: RunOptions,
  ): Promise<{
    readonly outputs: Readonly<Record<string, Tensor>>;
    readonly kept: Readonly<Record<Name, Kept>>;
  }>;
  /**
   * Opens another model in this session's thread: what either keeps may be fed to both. Closing it gives its model back;
   * closing this one closes both.
   */
  beside(model: string, options?: SessionOptions): Promise<Session>;
  /** Waits for the run under way, refuses those that wait, and ends the thread. */
  close(): Promise<void>;
}

/** Opens the model of an .onnx file. @throws InputError for a file or device that is not there, SessionError otherwise. */
export async function openSession(model: string, options: SessionOptions = {}): Promise<Session> {
  const start = startOf(model, options);
  const called = `model "${model}"`;
  const thread = openThread<Job, Answer>(threadFile("session-worker.js", import.meta.url), start, (cause) => {
    const error = asError(cause);
    return new SessionError(`${called}: ONNX Runtime's thread ended: ${error.message}`, false, { cause });
  });
  const opened = await thread.ready;
  if (opened.kind === "failed") {
    await thread.ended;
    throw openError(model, start.device, opened.message, opened.libraries);
  }
  if (opened.kind !== "opened") throw new Error(`internal: a session began with "${opened.kind}"`);

  let count = FIRST + 1;
  let closing: Promise<void> | null = null;
  /** Settles when all that was asked for is done. */
  let done: Promise<unknown> = Promise.resolve();

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = done.then(work);
    done = turn.catch(() => undefined);
    return turn;
  };

  /** A feed as it goes to the thread; its numbers are copied now, so that the caller may go on with the array. */
  const fed = (name: string, value: Tensor | Kept, transfer: boolean): Tensor | number => {
    if ("data" in value) return transfer ? value : copyOf(value);
    return numberOf(value, `"${name}" is fed`);
  };

  const asked = async <Kind extends Answer["kind"]>(
    kind: Kind,
    job: Job,
    { moved, what = called }: { moved?: readonly ArrayBuffer[]; what?: string } = {},
  ): Promise<Extract<Answer, { kind: Kind }>> => {
    if (closing !== null)
      throw new SessionError(`${what}: the session was closed before the ${job.kind} began`, false);
    const answer = await thread.ask(job, moved);
    if (answer.kind === "failed" && job.kind === "open")
      throw openError(job.start.model, job.start.device, answer.message, answer.libraries);
    if (answer.kind !== kind)
      throw sessionError(what, answer.kind === "failed" ? answer.message : "no answer");
    // A cast because TypeScript does not narrow a union by a generic kind.
    return answer as Extract<Answer, { kind: Kind }>;
  };

  const { keeping, numberOf, note } = openKeeping(called, {
    next: () => count++,
    tell: (job, moved) => void (done = done.then(() => thread.tell(job, moved))),
    ask: (kind, job) => inTurn(() => asked(kind, job)),
  });

  async function end(): Promise<void> {
    await done;
    // A thread that died has ended, too.
    await thread.ask({ kind: "close" }).catch(() => undefined);
    await thread.ended;
  }

  async function drop(number: number): Promise<void> {
    if (closing === null) await asked("closed", { kind: "drop", number });
  }

  const sessionOn = (
    number: number,
    what: string,
    { inputs, outputs }: Answer & { kind: "opened" },
  ): Session => {
    async function doRun(job: RunJob, signal: AbortSignal | undefined): Promise<Answer & { kind: "ran" }> {
      signal?.throwIfAborted();
      const tensors = [...job.feeds.values()].filter((feed) => typeof feed !== "number");
      const moved = new Set(tensors.map(({ data }) => data.buffer as ArrayBuffer));
      const answer = await asked("ran", job, { moved: [...moved], what });
      if (signal?.aborted) thread.tell({ kind: "release", kept: [...job.keep.values()] });
      signal?.throwIfAborted();
      return answer;
    }

    const runKeeping: Session["runKeeping"] = async <Name extends string>(
      feeds: Feeds,
      keep: readonly Name[],
      { fetch, into = {}, transfer = false, signal }: RunOptions = {},
    ) => {
      signal?.throwIfAborted();
      const elsewhere = new Set<string>([...keep, ...Object.keys(into)]);
      const unkept = outputs.map(({ name }) => name).filter((name) => !elsewhere.has(name));
      const job: RunJob = {
        kind: "run",
        model: number,
        feeds: new Map(Object.entries(feeds).map(([name, value]) => [name, fed(name, value, transfer)])),
        fetch: fetch ?? unkept,
        into: new Map(
          Object.entries(into).map(([name, kept]) => [name, numberOf(kept, `"${name}" goes into`)]),
        ),
        keep: new Map(keep.map((name) => [name, count++])),
      };
      const ran = await unlessAborted(
        inTurn(() => doRun(job, signal)),
        signal,
      );
      for (const [name, handle] of ran.kept) note(handle, job.keep.get(name) ?? -1);
      // A cast because the thread keeps what it was told to keep, under these names.
      return {
        outputs: Object.fromEntries(ran.outputs),
        kept: Object.fromEntries(ran.kept) as Record<Name, Kept>,
      };
    };

    return {
      inputs,
      outputs,
      run: async (feeds, options) => (await runKeeping(feeds, [], options)).outputs,
      runKeeping,
      ...keeping,
      async beside(other, given = {}) {
        const begun = startOf(other, given);
        const at = count++;
        const answer = await inTurn(() => asked("opened", { kind: "open", number: at, start: begun }));
        return sessionOn(at, `model "${other}"`, answer);
      },
      close: number === FIRST ? () => (closing ??= end()) : () => inTurn(() => drop(number)),
    };
  };
  return sessionOn(FIRST, called, opened);
}

function startOf(model: string, options: SessionOptions): SessionStart {
  const {
    device = "cpu",
    threads = availableParallelism(),
    optimisation = "all",
    sessionConfig = {},
    arena = true,
    profile = null,
  } = options;
  return { model, device, threads, optimisation, config: sessionConfig, arena, profile };
}

/** The number of the model that a thread is started with. */
const FIRST = 0;
