// A learner on ONNX Runtime: weights, gradients and moments stay in the runtime's thread, where graphs read them and write
// over them. A step runs the gradients of each batch, then their norm, then the update: apart, so that a batch that gives no
// finite number changes nothing, that any number of batches makes a step, and that the update goes over memory in pieces
// that fit a processor's cache.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { uniforms } from "../core/random.js";
import { ADAMW, FACTORS, factorsOf, type AdamW } from "../grad/adamw.js";
import { initialNumbers, type Parameter } from "../grad/parameters.js";
import type { Graph } from "../onnx/graph.js";
import { countOf } from "../onnx/header.js";
import { modelBytes } from "../onnx/model.js";
import type { Kept } from "../onnx/kept.js";
import { openSession, type Feeds, type Session, type SessionOptions } from "../onnx/session.js";
import type { Tensor } from "../onnx/tensor.js";
import {
  batchName,
  CHANGED,
  gradientGraph,
  KEY,
  lossGraph,
  normGraph,
  pieceName,
  SHARE,
  sumName,
  updateGraph,
} from "./graphs.js";
import type { Batch, Learner, LearnerState } from "./learner.js";
import { layoutOf } from "./layout.js";
import { openStore, type Store, type Tensors } from "./store.js";
import type { Trainable } from "./trainable.js";

export interface LearnerOptions {
  /** Decides where the weights begin and what is dropped out. Default 0. */
  readonly seed?: number;
  /** Weights to begin with instead, by their names, e.g. a checkpoint's. */
  readonly weights?: Tensors;
  /** Default `ADAMW`. */
  readonly optimiser?: Partial<AdamW>;
  /** Threads of the runtime; default as many as this process may use at once. */
  readonly threads?: number;
  /** Writes what every operation took to PREFIX-GRAPH_<time>.json when the learner is closed. */
  readonly profile?: string;
}

/** Numbers that are updated at once: with their gradients, moments and what comes between they stay in the cache. */
const PIECE = 2 ** 16;
/** More pieces than that make the update's graph slow to open: the runtime's time grows with their square. */
const PIECES = 128;

/** From so many numbers on the memory that the arena keeps is more than the time that it saves is worth. */
const LARGE = 5e7;

/** Names of the moments in a learner's state begin with these. */
const MOMENTS = { means: "adamw.mean.", squares: "adamw.square." } as const;

/**
 * Opens a learner for a model. Each new shape of batch makes graphs of its own, which stay open: pad to few lengths.
 * @throws InputError for weights that are not this model's.
 */
export async function openLearner(trainable: Trainable, options: LearnerOptions = {}): Promise<Learner> {
  const { seed = 0, threads, profile } = options;
  const optimiser = { ...ADAMW, ...options.optimiser };
  const [size, besides] = [sizeOf(trainable.parameters), sizeOf(trainable.frozen ?? [])];
  const layout = layoutOf(trainable.parameters, Math.max(PIECE, Math.ceil(size / PIECES)));
  const parameters = layout.places.map(({ parameter }) => parameter);
  const model: Trainable = { ...trainable, parameters };
  const settings = (name: string): SessionOptions => ({
    ...(threads === undefined ? {} : { threads }),
    ...(profile === undefined ? {} : { profile: `${profile}-${name}` }),
    arena: layout.size + besides < LARGE,
    // Threads that wait for work by spinning cost more processor time than they save.
    sessionConfig: { "session.intra_op.allow_spinning": "0" },
  });
  if (options.weights !== undefined) checkNames(parameters, options.weights, "");

  const norm = await openGraph(normGraph(layout.pieces), (file) => openSession(file, settings("norm")));
  const beside = (graph: Graph): Promise<Session> =>
    openGraph(graph, (file) => norm.beside(file, settings(graph.name)));
  const first = (): Tensors => options.weights ?? initialWeights(parameters, seed);
  const openAll = async (): Promise<readonly [Session, Store, Readonly<Record<string, Kept>>]> => {
    const opening = await beside(updateGraph(layout.pieces, optimiser));
    return [opening, openStore(norm, layout, { weights: first() }), await heldIn(norm, trainable)];
  };
  const [update, begun, frozen] = await openAll().catch(async (error: unknown) => {
    await norm.close();
    throw error;
  });
  let store = begun;
  const loss = norm.hold(number(0));
  let updates = 0;
  const opened = new Map<string, Promise<Session>>();

  /** The session of a graph for batches of these shapes. */
  const graphFor = (kind: string, batch: Batch, build: () => Graph): Promise<Session> => {
    const key = `${kind} ${JSON.stringify(Object.entries(batch).map(([name, { dims }]) => [name, dims]))}`;
    const session = opened.get(key) ?? beside(build());
    opened.set(key, session);
    return session;
  };

  const feedsOf = (batch: Batch, share: number): Feeds => ({
    ...frozen,
    ...Object.fromEntries(parameters.map(({ name }, at) => [name, store.parameter("weights", at)])),
    ...Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [batchName(name), tensor])),
    [SHARE]: number(share),
  });

  /** Loss of one of a step's batches; its gradients are added to those of the batches before. */
  async function addGradients(batch: Batch, share: number, at: number): Promise<number> {
    const adding = at > 0;
    const session = await graphFor(`${adding}`, batch, () => gradientGraph(model, batch, adding));
    const sums = parameters.map(({ name }, i) => [sumName(name), store.parameter("gradient", i)] as const);
    const names = session.outputs.map(({ name }) => name);
    const [lossName = ""] = names.slice(-1);
    const places: Record<string, Kept> = { [lossName]: loss };
    for (const [i, [, kept]] of sums.entries()) places[names[i] ?? ""] = kept;
    const key: Tensor = { type: "int32", dims: [2], data: keyOf(seed, updates, at) };
    const feeds = { ...feedsOf(batch, share), [KEY]: key, ...(adding ? Object.fromEntries(sums) : {}) };
    return single(await session.run(feeds, { into: places, fetch: [lossName] }));
  }

  async function normOfGradients(): Promise<number> {
    const feeds: Feeds = Object.fromEntries(
      layout.pieces.map((_, at) => [pieceName("gradient", at), store.piece("gradient", at)]),
    );
    return Math.sqrt(single(await norm.run(feeds)));
  }

  async function applyUpdate(rate: number, size: number): Promise<void> {
    const factors = factorsOf(optimiser, updates + 1, rate, size);
    const feeds: Record<string, Feeds[string]> = {};
    const into: Record<string, ReturnType<Store["piece"]>> = {};
    for (const [at, name] of FACTORS.entries()) feeds[name] = number(factors[at] ?? 0);
    for (const at of layout.pieces.keys()) {
      feeds[pieceName("gradient", at)] = store.piece("gradient", at);
      for (const [i, what] of CHANGED.entries()) {
        feeds[pieceName(what, at)] = store.piece(what, at);
        into[update.outputs[CHANGED.length * at + i]?.name ?? ""] = store.piece(what, at);
      }
    }
    await update.run(feeds, { into });
    updates++;
  }

  return {
    async step(batches, rate) {
      const share = 1 / batches.reduce((sum, batch) => sum + weightOf(batch), 0);
      let sum = 0;
      for (const [at, batch] of batches.entries()) sum += await addGradients(batch, share, at);
      const size = await normOfGradients();
      const applied = Number.isFinite(sum) && Number.isFinite(size);
      if (applied) await applyUpdate(rate, size);
      return { loss: sum, norm: size, applied };
    },
    async evaluate(batch) {
      const weight = weightOf(batch);
      const session = await graphFor("loss", batch, () => lossGraph(model, batch));
      return { loss: single(await session.run(feedsOf(batch, 1 / weight))), weight };
    },
    async state() {
      const moments = new Map<string, Tensor<"float32">>();
      for (const what of ["means", "squares"] as const)
        for (const [name, tensor] of await store.read(what)) moments.set(`${MOMENTS[what]}${name}`, tensor);
      return { updates, weights: await store.read("weights"), moments };
    },
    async load(state) {
      const numbers = checked(parameters, state);
      store.release();
      store = openStore(norm, layout, numbers);
      updates = state.updates;
      // Refuses where the session is closed already.
      await norm.read(store.piece("weights", 0));
    },
    close: () => norm.close(),
  };
}

const sizeOf = (all: readonly { readonly dims: readonly number[] }[]): number =>
  all.reduce((sum, { dims }) => sum + countOf(dims), 0);

/** What is frozen, one after another, in the runtime's thread. */
async function heldIn(session: Session, { frozen = [] }: Trainable): Promise<Readonly<Record<string, Kept>>> {
  const held: Record<string, Kept> = {};
  for (const { name, read } of frozen) held[name] = session.hold(await read(), { transfer: true });
  return held;
}

/** Opens a graph by way of a file, which is gone when it is open. */
async function openGraph(graph: Graph, open: (file: string) => Promise<Session>): Promise<Session> {
  const folder = await mkdtemp(path.join(tmpdir(), "selfalign-"));
  try {
    const file = path.join(folder, `${graph.name}.onnx`);
    await writeFile(file, modelBytes(graph));
    return await open(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function initialWeights(parameters: readonly Parameter[], seed: number): Tensors {
  return new Map(
    parameters.map((parameter) => [
      parameter.name,
      { type: "float32", dims: parameter.dims, data: initialNumbers(parameter, seed) },
    ]),
  );
}

/** A key of dropout that no other batch of the run has. */
function keyOf(seed: number, updates: number, at: number): Int32Array {
  const next = uniforms(seed, `dropout ${updates} ${at}`);
  return Int32Array.of((next() * 2 ** 32) | 0, (next() * 2 ** 32) | 0);
}

/** What a batch's loss is divided by: its `denominator`, or what its targets count for in all. */
function weightOf({ weights, denominator }: Batch): number {
  if (denominator !== undefined) return Number(denominator.data[0]);
  if (weights?.type !== "float32")
    throw new InputError(`a batch needs "weights" of float32, what each of its targets counts for; add them`);
  return weights.data.reduce((sum, weight) => sum + weight, 0);
}

/** A state's numbers by what they are. @throws InputError where they are not these parameters'. */
function checked(
  parameters: readonly Parameter[],
  { weights, moments }: LearnerState,
): Record<(typeof CHANGED)[number], Tensors> {
  checkNames(parameters, weights, "");
  const momentsOf = (prefix: string): Tensors => {
    checkNames(parameters, moments, prefix);
    const own = [...moments].filter(([name]) => name.startsWith(prefix));
    return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  };
  return { weights, means: momentsOf(MOMENTS.means), squares: momentsOf(MOMENTS.squares) };
}

function checkNames(parameters: readonly Parameter[], tensors: Tensors, prefix: string): void {
  for (const { name, dims } of parameters) {
    const tensor = tensors.get(`${prefix}${name}`);
    if (String(tensor?.dims) !== String(dims))
      throw new InputError(
        `"${prefix}${name}" is ${tensor === undefined ? "missing" : `[${tensor.dims.join()}]`}, the model's is [${dims.join()}]; ` +
          "load what was saved of this model",
      );
  }
  const known = new Set(parameters.map(({ name }) => `${prefix}${name}`));
  const stranger = [...tensors.keys()].find((name) => name.startsWith(prefix) && !known.has(name));
  if (stranger !== undefined && prefix === "")
    throw new InputError(`the model has no "${stranger}"; load what was saved of this model`);
}

function number(value: number): Tensor<"float32"> {
  return { type: "float32", dims: [], data: Float32Array.of(value) };
}

/** The one number that a run gives. */
function single(outputs: Readonly<Record<string, Tensor>>): number {
  return Number(Object.values(outputs)[0]?.data[0]);
}
