// One run of the graph whose loop is inside: plain numbers in, tokens and a grown cache out. The cache stays with the runtime.
import type { Kept } from "../onnx/kept.js";
import type { Session } from "../onnx/session.js";
import type { Tensor } from "../onnx/tensor.js";
import type { Architecture } from "./architecture.js";
import { cacheNames } from "./graphs.js";
import { CANDIDATES } from "./sampling.js";
import type { Format } from "./weights.js";

/** Keys and values of some rows, as a run left them. */
export interface Cache {
  /** In the order of the graph's inputs. */
  readonly parts: readonly Kept[];
  readonly rows: number;
}

/** One row of a run. */
export interface RowInput {
  /** Tokens that are new to the cache, at least one. */
  readonly ids: readonly number[];
  /** Tokens of this row that the cache has. */
  readonly cached: number;
  /** Row of the cache that it goes on from: those of `past`, then those of `joining`. */
  readonly from: number;
  /** Tokens that may be drawn. */
  readonly limit: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number | null;
  /** One number in [0, 1) for each step. */
  readonly uniforms: readonly number[];
}

export interface RunInput {
  readonly rows: readonly RowInput[];
  /** Most tokens to draw for each row; 0 only puts the caches together. */
  readonly steps: number;
  readonly stopTokens: readonly number[];
  readonly past: Cache | null;
  readonly joining: Cache | null;
  /** Whether the cache is wanted afterwards. */
  readonly keep: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface RunOutput {
  /** Tokens of each row, as many for all; behind a row's end they mean nothing. */
  readonly tokens: readonly (readonly number[])[];
  /** The highest logit of each row's first step. */
  readonly highest: readonly number[];
  readonly cache: Cache | null;
}

/** A session of a graph that draws, either of the two, and what it is of. */
export interface Decoding {
  readonly session: Session;
  readonly model: Architecture;
  readonly format: Format;
}

/** Whether the session's graph has the loop inside, and not one step alone. */
export function isLooped({ session }: Decoding): boolean {
  return session.inputs.some(({ name }) => name === "steps");
}

/** What every graph that goes on from a cache is fed of rows: their new tokens, and how many they come to have. */
export function tokenFeeds(
  rows: readonly Pick<RowInput, "ids" | "cached">[],
): Readonly<Record<string, Tensor>> {
  const count = rows.length;
  const width = Math.max(...rows.map(({ ids }) => ids.length));
  const ids = new BigInt64Array(count * width);
  for (const [row, { ids: own }] of rows.entries())
    for (const [at, id] of own.entries()) ids[row * width + at] = BigInt(id);
  return {
    ids: { type: "int64", dims: [count, width], data: ids },
    lengths: {
      type: "int32",
      dims: [count],
      data: Int32Array.from(rows, ({ ids: own, cached }) => cached + own.length - 1),
    },
    total: {
      type: "int32",
      dims: [],
      data: Int32Array.of(Math.max(...rows.map(({ ids: own, cached }) => cached + own.length))),
    },
  };
}

/** Where the last of each row's new tokens is, for graphs that take several at once. */
export function lastFeed(rows: readonly Pick<RowInput, "ids">[]): Tensor {
  return whole(
    rows.map(({ ids }) => ids.length - 1),
    [rows.length, 1],
  );
}

/** What both graphs that draw are fed of rows that may take so many steps. */
export function rowFeeds(
  rows: readonly Omit<RowInput, "from" | "limit">[],
  steps: number,
): Readonly<Record<string, Tensor>> {
  const count = rows.length;
  const uniforms = new Float32Array(steps * count);
  for (const [row, { uniforms: own }] of rows.entries())
    for (let step = 0; step < steps; step++) uniforms[step * count + row] = own[step] ?? 0;
  const single = (values: readonly number[]): Tensor => ({
    type: "float32",
    dims: [count, 1],
    data: Float32Array.from(values),
  });
  return {
    ...tokenFeeds(rows),
    last: lastFeed(rows),
    uniforms: { type: "float32", dims: [steps, count, 1], data: uniforms },
    temperature: single(rows.map(({ temperature }) => temperature)),
    top_p: single(rows.map(({ topP }) => topP)),
    top_k: whole(
      rows.map(({ topK }) => topK ?? CANDIDATES),
      [count, 1],
    ),
  };
}

/** An int64 tensor. */
export const whole = (values: readonly number[], dims: readonly number[]): Tensor => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});

export async function runDecode({ session, model, format }: Decoding, input: RunInput): Promise<RunOutput> {
  const { rows, steps, past, joining, stopTokens, keep, signal } = input;
  const names = cacheNames(model.layers);
  const count = rows.length;
  const feeds: Record<string, Tensor | Kept> = {
    ...rowFeeds(rows, steps),
    finished: { type: "bool", dims: [count, 1], data: new Uint8Array(count) },
    steps: whole([steps], []),
    limits: whole(
      rows.map(({ limit }) => limit),
      [count, 1],
    ),
    stop_tokens: whole(stopTokens.length > 0 ? stopTokens : [-1], [Math.max(1, stopTokens.length)]),
    rows: whole(
      rows.map(({ from }) => from),
      [count],
    ),
  };
  // Where there is no cache at all, each row goes on from nothing, which has a row too.
  const none = emptyPart(model, format, 0);
  const start = past === null && joining === null ? emptyPart(model, format, count) : none;
  for (const [at, name] of names.past.entries()) feeds[name] = past?.parts[at] ?? start;
  for (const [at, name] of names.joining.entries()) feeds[name] = joining?.parts[at] ?? none;
  const kept = keep ? names.present : [];
  const ran = await session.runKeeping(feeds, kept, { fetch: ["tokens", "highest"], signal });
  const drawn = ran.outputs["tokens"]?.data as BigInt64Array;
  const taken = drawn.length / count;
  return {
    tokens: rows.map((_, row) =>
      Array.from({ length: taken }, (__, step) => Number(drawn[step * count + row])),
    ),
    highest: [...(ran.outputs["highest"]?.data as Float32Array).subarray(0, count)],
    cache: keep ? { parts: names.present.map((name) => ran.kept[name] as Kept), rows: count } : null,
  };
}

function emptyPart({ kvHeads, headDim }: Architecture, { activations }: Format, rows: number): Tensor {
  const dims = [rows, kvHeads, 0, headDim];
  return activations === "float16"
    ? { type: "float16", dims, data: new Uint16Array() }
    : { type: "float32", dims, data: new Float32Array() };
}
