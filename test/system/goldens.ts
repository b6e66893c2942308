// The goldens of test/fixtures as numbers, and the fixtures converted and opened, for tests of the graphs.
import { readFileSync } from "node:fs";
import path from "node:path";
import { convert, drawingGraph, formatOf, GRAPHS, type Dtype } from "../../src/model/convert.js";
import { draw, type DrawOptions } from "../../src/model/decode.js";
import type { Drawn, DrawRequest } from "../../src/model/rows.js";
import type { Decoding } from "../../src/model/run.js";
import { folderSource } from "../../src/onnx/safetensors.js";
import type { Kept } from "../../src/onnx/kept.js";
import { openSession, type Session } from "../../src/onnx/session.js";
import type { Tensor } from "../../src/onnx/tensor.js";

export interface Golden {
  readonly rows: readonly {
    readonly prompt: readonly number[];
    /** Of each position of the prompt, and those that each of `tokens` was chosen from. */
    readonly logits: readonly Float32Array[];
    readonly tokens: readonly number[];
    readonly steps: readonly Float32Array[];
  }[];
  readonly pairs: readonly {
    readonly prompt: readonly number[];
    readonly text: readonly number[];
    readonly nll: readonly number[];
    readonly mean: number;
  }[];
}

/** What transformers and torch answered on the checkpoint of this folder. */
export function readGolden(folder: string): Golden {
  const golden = JSON.parse(readFileSync(path.join(folder, "golden.json"), "utf8")) as {
    rows: { prompt: number[]; logits: string; tokens: number[]; steps: string }[];
    pairs: Golden["pairs"];
  };
  const rows = golden.rows.map(({ prompt, logits, tokens, steps }) => ({
    prompt,
    logits: vectors(logits, prompt.length),
    tokens,
    steps: vectors(steps, tokens.length),
  }));
  return { rows, pairs: golden.pairs };
}

/** Little-endian floats in base64, as so many vectors. */
function vectors(text: string, count: number): readonly Float32Array[] {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  const values = new Float32Array(bytes.buffer);
  const width = values.length / count;
  return Array.from({ length: count }, (_, at) => values.subarray(at * width, (at + 1) * width));
}

export interface Opened extends Decoding {
  readonly folder: string;
  /** Log-probabilities of all tokens at every position of a text. */
  logProbabilities(text: readonly number[]): Promise<readonly Float32Array[]>;
  readonly score: Session;
  close(): Promise<void>;
}

/** Converts a checkpoint and opens its graphs on the processor, those for CUDA too; `graph` draws, default its own device's. */
export async function convertAndOpen(
  checkpoint: string,
  folder: string,
  dtype: Dtype,
  device: "cpu" | "cuda" = "cpu",
  graph: "step" | "decode" = drawingGraph({ version: 2, device }),
): Promise<Opened> {
  const quiet = { dtype, device, draw: () => undefined };
  const { model } = await convert(folderSource(checkpoint), folder, quiet);
  const session = await openSession(path.join(folder, GRAPHS[graph]), { threads: 1 });
  const score = await openSession(path.join(folder, GRAPHS.score), { threads: 1 });
  return {
    folder,
    model,
    format: formatOf(dtype, device),
    session,
    score,
    async logProbabilities(text) {
      const all = [text.length, model.vocabulary];
      const places = text.flatMap((_, at) => Array.from({ length: model.vocabulary }, () => [0, at]).flat());
      const targets = text.flatMap(() => Array.from({ length: model.vocabulary }, (_, token) => token));
      const { nll } = await score.run({
        ids: int64(text, [1, text.length]),
        lengths: int32([text.length - 1], [1]),
        total: int32([text.length], []),
        places: int64(places, [...all, 2]),
        targets: int64(targets, all),
      });
      const values = (nll?.data as Float32Array).map((value) => -value);
      return text.map((_, at) => values.subarray(at * model.vocabulary, (at + 1) * model.vocabulary));
    },
    async close() {
      await session.close();
      await score.close();
    },
  };
}

/** The session, with a look at each run before and after it. */
export function observed(
  { session }: Opened,
  before: (feeds: Parameters<Session["runKeeping"]>[0]) => void,
  after: (outputs: Readonly<Record<string, Tensor>>) => void = () => undefined,
): { readonly session: Session; readonly held: Set<Kept> } {
  const held = new Set<Kept>();
  const runKeeping: Session["runKeeping"] = async (feeds, keep, options) => {
    before(feeds);
    const ran = await session.runKeeping(feeds, keep, options);
    after(ran.outputs);
    for (const kept of Object.values<Kept>(ran.kept)) held.add(kept);
    return ran;
  };
  const zeros: Session["zeros"] = async (type, dims) => {
    const kept = await session.zeros(type, dims);
    held.add(kept);
    return kept;
  };
  const rows: Session["rows"] = (whole, from, to) => {
    const views = session.rows(whole, from, to);
    for (const kept of views) held.add(kept);
    return views;
  };
  const release: Session["release"] = (kept) => {
    for (const one of kept) held.delete(one);
    session.release(kept);
  };
  return { session: { ...session, runKeeping, zeros, rows, release }, held };
}

export function int64(values: readonly number[], dims: readonly number[]): Tensor {
  return { type: "int64", dims, data: BigInt64Array.from(values, BigInt) };
}

export function int32(values: readonly number[], dims: readonly number[]): Tensor {
  return { type: "int32", dims, data: Int32Array.from(values) };
}

/** A request that takes the likeliest token each time. */
export function greedily(
  prompt: readonly number[],
  key: string,
  changes: Partial<DrawRequest> = {},
): DrawRequest {
  return { key, prompt, maxTokens: 32, temperature: 0, topP: 1, topK: null, seed: 0, ...changes };
}

/** What is drawn for each request, in their order. */
export async function drawAll(
  decoding: Decoding,
  requests: readonly DrawRequest[],
  options: Partial<DrawOptions> = {},
): Promise<readonly Drawn[]> {
  const drawn = new Map<string, Drawn>();
  const settings = { batchSize: 64, chunk: null, stopTokens: [], ...options };
  for await (const one of draw(decoding, coming(requests), settings)) drawn.set(one.key, one);
  return requests.map(({ key }) => drawn.get(key) ?? { key, tokens: [], ended: "length" });
}

/** One after the other. */
export async function* coming<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

/** Greatest difference of two lists of numbers. */
export function farthest(ours: ArrayLike<number>, golden: ArrayLike<number>): number {
  if (ours.length !== golden.length) return Infinity;
  let most = 0;
  for (let at = 0; at < golden.length; at++) {
    const distance = Math.abs((ours[at] ?? NaN) - (golden[at] ?? NaN));
    if (!(distance <= most)) most = distance;
  }
  return most;
}

/** Natural logarithms of probabilities from logits. */
export function logSoftmax(logits: ArrayLike<number>): readonly number[] {
  const values = Array.from(logits);
  const highest = Math.max(...values);
  const sum = Math.log(values.reduce((total, value) => total + Math.exp(value - highest), 0));
  return values.map((value) => value - highest - sum);
}

export interface Distance {
  /** Mean and greatest Kullback-Leibler divergence per position, in nats. */
  readonly mean: number;
  readonly worst: number;
  /** Share of positions with the same likeliest token. */
  readonly agreement: number;
  readonly positions: number;
}

/** How far a model's distributions are from the golden ones, over all prompts and what was decoded from them. */
export async function distanceOf(opened: Opened, { rows }: Golden): Promise<Distance> {
  const divergences: number[] = [];
  let agreed = 0;
  for (const { prompt, logits, tokens, steps } of rows) {
    const ours = await opened.logProbabilities([...prompt, ...tokens.slice(0, -1)]);
    for (const [at, golden] of [...logits, ...steps.slice(1)].entries()) {
      const [theirs, own] = [logSoftmax(golden), Array.from(ours[at] ?? [])];
      divergences.push(theirs.reduce((sum, p, token) => sum + Math.exp(p) * (p - (own[token] ?? NaN)), 0));
      if (likeliest(theirs) === likeliest(own)) agreed++;
    }
  }
  const positions = divergences.length;
  const mean = divergences.reduce((sum, value) => sum + value, 0) / positions;
  return { mean, worst: Math.max(...divergences), agreement: agreed / positions, positions };
}

function likeliest(scores: readonly number[]): number {
  return scores.indexOf(Math.max(...scores));
}
