// A model that ONNX Runtime runs, in a thread of its own, because a run blocks the thread that asks for it. In come
// tensors, out come tensors; runs are done one at a time, in the order in which they were asked for. Large outputs that are
// inputs of the next run (a cache of keys and values, weights in training) may stay with the runtime and be fed by a
// handle. A run under way can't be stopped: when it is given up its result is thrown away. Whoever opens a session
// closes it; importing this file loads no runtime.
import { availableParallelism } from "node:os";
import { InputError } from "../core/errors.js";
import { asError } from "../core/files.js";
import { unlessAborted } from "../core/interrupt.js";
import { openError, sessionError, SessionError, type Device } from "./failures.js";
import { countOf } from "./header.js";
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

/** A tensor that stays with the runtime until it is released or the session is closed. */
export type Kept = Pick<Tensor, "type" | "dims">;

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

export interface Session {
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
  /** Gives the runtime a tensor to keep, as if a run had made it; its numbers are copied, or moved where `transfer` says so. */
  hold(tensor: Tensor, options?: Pick<RunOptions, "transfer">): Kept;
  /** A part of a kept tensor as a tensor of its own: the same memory, from number `from` on. */
  view(kept: Kept, from: number, dims: readonly number[]): Kept;
  /**
   * Opens another model in this session's thread: what either keeps may be fed to both. Closing it gives its model back;
   * closing this one closes both.
   */
  beside(model: string, options?: SessionOptions): Promise<Session>;
  /** Keeps a tensor of zeros, which takes memory as it is written. */
  zeros(type: Tensor["type"], dims: readonly number[]): Promise<Kept>;
  /** The part of kept tensors from one index of the first dimension to before another: not copies but the same memory. */
  rows(kept: readonly Kept[], from: number, to: number): readonly Kept[];
  /**
   * Copies a row of kept tensors [rows, heads, places, width] over a row of others, or of the same, up to so many places; the
   * two have as many heads, as wide, but not as many places.
   */
  copyRow(from: readonly Kept[], row: number, into: readonly Kept[], over: number, places: number): void;
  /** The numbers of a kept tensor as they are when the runs asked for before are done. */
  read(kept: Kept): Promise<Tensor>;
  /** Gives the memory of kept tensors back, once the runs asked for before are done. */
  release(kept: readonly Kept[]): void;
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

  const numbers = new Map<Kept, number>();
  let count = FIRST + 1;
  let closing: Promise<void> | null = null;
  /** Settles when all that was asked for is done. */
  let done: Promise<unknown> = Promise.resolve();

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = done.then(work);
    done = turn.catch(() => undefined);
    return turn;
  };

  const numberOf = (kept: Kept, use: string): number => {
    const number = numbers.get(kept);
    if (number === undefined)
      throw new InputError(`${called}: ${use} a tensor that was released or is another session's; keep it`);
    return number;
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

  const newKept = (type: Tensor["type"], dims: readonly number[]): { kept: Kept; number: number } => {
    const [kept, number] = [{ type, dims }, count++];
    numbers.set(kept, number);
    return { kept, number };
  };

  const view: Session["view"] = (kept, from, dims) => {
    const size = countOf(dims);
    if (from < 0 || from + size > countOf(kept.dims))
      throw new InputError(
        `${called}: [${kept.dims.join(", ")}] has no ${size} numbers from ${from} on; take fewer`,
      );
    const of = numberOf(kept, "part of");
    const { kept: part, number } = newKept(kept.type, dims);
    done = done.then(() => thread.tell({ kind: "view", number, of, from, dims }));
    return part;
  };

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
      const tensors = outputs.filter(({ type }) => type !== "other").map(({ name }) => name);
      const unkept = tensors.filter((name) => !elsewhere.has(name));
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
      for (const [name, handle] of ran.kept) numbers.set(handle, job.keep.get(name) ?? -1);
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
      hold(tensor, { transfer = false } = {}) {
        const { kept, number } = newKept(tensor.type, tensor.dims);
        const copy = transfer ? tensor : copyOf(tensor);
        done = done.then(() =>
          thread.tell({ kind: "hold", number, tensor: copy }, [copy.data.buffer as ArrayBuffer]),
        );
        return kept;
      },
      view,
      async zeros(type, dims) {
        const { kept, number } = newKept(type, dims);
        const making = inTurn(() => asked("made", { kind: "zeros", number, type, dims }));
        await making.catch((error: unknown) => {
          numbers.delete(kept);
          throw asError(error);
        });
        return kept;
      },
      rows: (handles, from, to) =>
        handles.map((whole) => {
          const [rows = 0, ...dims] = whole.dims;
          if (!(from >= 0 && from <= to && to <= rows))
            throw new InputError(`${called}: rows ${from} to ${to} of ${rows}; name some that are there`);
          return view(whole, from * countOf(dims), [to - from, ...dims]);
        }),
      copyRow(from, row, into, over, places) {
        for (const [at, source] of from.entries()) {
          const target = into[at] ?? source;
          const fits = ({ dims: [rows = 0, , most = 0] }: Kept, at: number): boolean =>
            at < rows && places <= most;
          if (!fits(source, row) || !fits(target, over))
            throw new InputError(
              `${called}: ${places} places of row ${row} do not fit row ${over}; make room first`,
            );
          const [read, written] = [numberOf(source, "copy of"), numberOf(target, "copy over")];
          done = done.then(() =>
            thread.tell({ kind: "copyRow", from: read, row, into: written, over, places }),
          );
        }
      },
      async beside(other, given = {}) {
        const begun = startOf(other, given);
        const at = count++;
        const answer = await inTurn(() => asked("opened", { kind: "open", number: at, start: begun }));
        return sessionOn(at, `model "${other}"`, answer);
      },
      async read(kept) {
        const number = numberOf(kept, "read of");
        return (await inTurn(() => asked("read", { kind: "read", number }))).tensor;
      },
      release(handles) {
        const kept = handles.flatMap((handle) => numbers.get(handle) ?? []);
        for (const handle of handles) numbers.delete(handle);
        done = done.then(() => thread.tell({ kind: "release", kept }));
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

function copyOf(tensor: Tensor): Tensor {
  // A cast because the copy of an array is an array of its type, which TypeScript can't see for all types at once.
  return { ...tensor, data: tensor.data.slice() } as Tensor;
}
