// The thread that owns ONNX Runtime: started by session.ts with one model, it answers runs one after another, since a run
// blocks the thread that asks for it. Kept outputs stay here and are fed again by number, so that they never cross threads.
import { createRequire } from "node:module";
import path from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { env, InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";
import { asError } from "../core/files.js";
import { countOf } from "./header.js";
import type { Device } from "./failures.js";
import type { Tensor, TensorType } from "./tensor.js";
import { settle, type ThreadStart } from "./thread.js";
import { isUncopied, UNCOPIED } from "./uncopied.js";

/** What the thread is started with. */
export interface SessionStart {
  readonly model: string;
  readonly device: Device;
  readonly threads: number;
  readonly optimisation: "disabled" | "basic" | "extended" | "layout" | "all";
  readonly config: Readonly<Record<string, string>>;
  readonly arena: boolean;
  readonly profile: string | null;
}

/** An input or output of a model, as far as the model tells: a size that varies is a word. */
export interface Port {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

export interface RunJob {
  readonly kind: "run";
  readonly model: number;
  /** A number is that of a kept tensor. */
  readonly feeds: ReadonlyMap<string, Tensor | number>;
  readonly fetch: readonly string[];
  /** The numbers of kept tensors that outputs are written over. */
  readonly into: ReadonlyMap<string, number>;
  /** The numbers that outputs shall be kept under. */
  readonly keep: ReadonlyMap<string, number>;
}

/** A copy of one row of a kept tensor over one of another. */
export interface CopyJob {
  readonly kind: "copyRow";
  readonly from: number;
  readonly row: number;
  readonly into: number;
  readonly over: number;
  readonly places: number;
}

/** To hold, to view, to copy and to release has no answer. */
export type Job =
  | RunJob
  | CopyJob
  | { readonly kind: "open"; readonly number: number; readonly start: SessionStart }
  /** Closes one model, not the thread. */
  | { readonly kind: "drop"; readonly number: number }
  | {
      readonly kind: "view";
      readonly number: number;
      readonly of: number;
      readonly from: number;
      readonly dims: readonly number[];
    }
  | { readonly kind: "hold"; readonly number: number; readonly tensor: Tensor }
  | {
      readonly kind: "zeros";
      readonly number: number;
      readonly type: TensorType;
      readonly dims: readonly number[];
    }
  | { readonly kind: "read"; readonly number: number }
  | { readonly kind: "release"; readonly kept: readonly number[] }
  | { readonly kind: "close" };

export type Answer =
  | { readonly kind: "opened"; readonly inputs: readonly Port[]; readonly outputs: readonly Port[] }
  | {
      readonly kind: "ran";
      readonly outputs: ReadonlyMap<string, Tensor>;
      readonly kept: ReadonlyMap<string, Pick<Tensor, "type" | "dims">>;
    }
  | { readonly kind: "read"; readonly tensor: Tensor }
  | { readonly kind: "made" }
  | { readonly kind: "closed" }
  /** `libraries` is the folder of the runtime's native libraries. */
  | { readonly kind: "failed"; readonly message: string; readonly libraries: string };

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

// A cast because what a thread is given has no type; session.ts gives it this.
const { start, owing } = workerData as ThreadStart<SessionStart>;
const kept = new Map<number, RuntimeTensor>();
// Where Node has an array for half floats (from 24 on) the runtime's JavaScript makes one, which its native part then takes
// for empty. Without it both take the bits; it looks when it makes its first tensor.
Reflect.deleteProperty(globalThis, "Float16Array");
// Failures arrive as errors; the runtime's log would say them twice.
env.logLevel = "fatal";
const models = new Map<number, InferenceSession>();
void answer(() => open(0, start)).then((opened) => opened.kind === "failed" && parentPort?.close());

parentPort?.on("message", (job: Job) => {
  if (job.kind === "run") void answer(() => run(job));
  else if (job.kind === "read") void answer(() => read(job.number));
  else if (job.kind === "open") void answer(() => open(job.number, job.start));
  else if (job.kind === "drop") void answer(() => drop(job.number));
  else if (job.kind === "view") kept.set(job.number, viewOf(job.of, job.from, job.dims));
  else if (job.kind === "hold") kept.set(job.number, runtimeTensor(job.tensor));
  else if (job.kind === "zeros") void answer(() => zeros(job.number, job.type, job.dims));
  else if (job.kind === "copyRow") copyRow(job);
  else if (job.kind === "release") for (const number of job.kept) kept.delete(number);
  else void answer(close).then(() => parentPort?.close());
});

/** Posts what comes of a question; the buffers of outputs are moved, not copied. */
async function answer(question: () => Promise<Answer>): Promise<Answer> {
  const given = await question().catch((error: unknown): Answer => {
    const main = createRequire(import.meta.url).resolve("onnxruntime-node");
    const { platform, arch } = process;
    const libraries = path.join(path.dirname(main), "..", "bin", "napi-v6", platform, arch);
    return { kind: "failed", message: asError(error).message, libraries };
  });
  settle(owing);
  const outputs =
    given.kind === "ran" ? [...given.outputs.values()] : given.kind === "read" ? [given.tensor] : [];
  // A cast because an array's buffer could be shared; the runtime's are not.
  parentPort?.postMessage(given, [...new Set(outputs.map(({ data }) => data.buffer as ArrayBuffer))]);
  return given;
}

async function open(number: number, given: SessionStart): Promise<Answer> {
  const { model, device, threads, optimisation, config, arena, profile } = given;
  const session = await InferenceSession.create(model, {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    intraOpNumThreads: threads,
    graphOptimizationLevel: optimisation,
    logSeverityLevel: 4,
    extra: config,
    enableCpuMemArena: arena,
    ...(profile === null ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  });
  models.set(number, session);
  const { inputMetadata, outputMetadata } = session;
  return {
    kind: "opened",
    inputs: inputMetadata.map(portOf),
    outputs: outputMetadata.filter(({ name }) => name !== UNCOPIED).map(portOf),
  };
}

async function run({ model, feeds, fetch, into, keep }: RunJob): Promise<Answer> {
  const session = models.get(model);
  if (session === undefined) throw new Error("the model was closed");
  const values: Record<string, RuntimeTensor> = {};
  for (const [name, value] of feeds) values[name] = runtimeTensor(value);
  const wanted: Record<string, RuntimeTensor | null> = {};
  for (const name of [...fetch, ...keep.keys()]) wanted[name] = null;
  for (const [name, number] of into) wanted[name] = runtimeTensor(number);
  // The runtime's JavaScript leaves names out that it does not know.
  const unknown = Object.keys(wanted).find((name) => !session.outputNames.includes(name));
  if (unknown !== undefined) throw new Error(`the model has no output "${unknown}"`);
  const results = await runOver(session, values, wanted);
  const resultOf = (name: string): RuntimeTensor => {
    const result = into.has(name) ? wanted[name] : results[name];
    if (result === undefined || result === null) throw new Error(`internal: the run gave no "${name}"`);
    return result;
  };
  const stays = (name: string): boolean => keep.has(name) || into.has(name);
  const ran: Answer = {
    kind: "ran",
    outputs: new Map(fetch.map((name) => [name, plainTensor(name, resultOf(name), stays(name))])),
    kept: new Map([...keep.keys()].map((name) => [name, keptTensor(name, resultOf(name))])),
  };
  for (const [name, number] of keep) kept.set(number, resultOf(name));
  return ran;
}

/** Runs the model; where every output has a place that it is written to, and the graph allows it, none is copied. */
async function runOver(
  session: InferenceSession,
  values: Readonly<Record<string, RuntimeTensor>>,
  wanted: Readonly<Record<string, RuntimeTensor | null>>,
): Promise<Readonly<Record<string, RuntimeTensor>>> {
  if (!session.outputNames.includes(UNCOPIED) || Object.values(wanted).includes(null))
    return session.run(values, wanted);
  try {
    return await session.run(values, { ...wanted, [UNCOPIED]: null });
  } catch (error) {
    if (isUncopied(error)) return {};
    throw error;
  }
}

function zeros(number: number, type: TensorType, dims: readonly number[]): Promise<Answer> {
  return Promise.resolve().then(() => {
    kept.set(number, new RuntimeTensor(type, new ARRAYS[type](countOf(dims)), dims));
    return { kind: "made" };
  });
}

/** Head by head: a row's places lie one behind the other for each, and behind those that are filled nothing is touched. */
function copyRow({ from, row, into, over, places }: CopyJob): void {
  const [source, target] = [runtimeTensor(from), runtimeTensor(into)];
  const [, heads = 0, sourcePlaces = 0, width = 0] = source.dims;
  const targetPlaces = target.dims[2] ?? 0;
  for (let head = 0; head < heads; head++) {
    const begin = (row * heads + head) * sourcePlaces * width;
    const piece = numbersOf(source).subarray(begin, begin + places * width);
    numbersOf(target).set(piece, (over * heads + head) * targetPlaces * width);
  }
}

/** A cast because the runtime's types don't tie the array to the type; which type of numbers it is does not matter here. */
function numbersOf({ data }: RuntimeTensor): Float32Array<ArrayBuffer> {
  return data as Float32Array<ArrayBuffer>;
}

function read(number: number): Promise<Answer> {
  return Promise.resolve({ kind: "read", tensor: plainTensor("kept", runtimeTensor(number), true) });
}

async function close(): Promise<Answer> {
  for (const number of models.keys()) await drop(number);
  return { kind: "closed" };
}

async function drop(number: number): Promise<Answer> {
  await models.get(number)?.release();
  models.delete(number);
  return { kind: "closed" };
}

function viewOf(of: number, from: number, dims: readonly number[]): RuntimeTensor {
  const whole = runtimeTensor(of);
  return new RuntimeTensor(whole.type, numbersOf(whole).subarray(from, from + countOf(dims)), dims);
}

function runtimeTensor(value: Tensor | number): RuntimeTensor {
  if (typeof value !== "number") return new RuntimeTensor(value.type, value.data, value.dims);
  const tensor = kept.get(value);
  if (tensor === undefined) throw new Error(`internal: no output is kept as ${value}`);
  return tensor;
}

/** The tensor as it is posted, copied if it stays here too. */
function plainTensor(name: string, tensor: RuntimeTensor, copied: boolean): Tensor {
  const type = typeOf(name, tensor);
  // Casts because the runtime's types don't tie the array to the type; it is one of numbers by now.
  const { buffer, byteOffset, length } = tensor.data as Float32Array<ArrayBuffer>;
  const data = new ARRAYS[type](buffer, byteOffset, length);
  return { type, dims: [...tensor.dims], data: copied ? data.slice() : data } as Tensor;
}

function keptTensor(name: string, tensor: RuntimeTensor): Pick<Tensor, "type" | "dims"> {
  return { type: typeOf(name, tensor), dims: tensor.dims };
}

function typeOf(name: string, { type }: RuntimeTensor): TensorType {
  if (Object.hasOwn(ARRAYS, type)) return type as TensorType;
  throw new Error(`output "${name}" is of ${type}; only ${Object.keys(ARRAYS).join(", ")} are taken`);
}

function portOf(value: InferenceSession.ValueMetadata): Port {
  const { name } = value;
  return value.isTensor ? { name, type: value.type, shape: value.shape } : { name, type: "other", shape: [] };
}
