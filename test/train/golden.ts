// Small models with the losses and gradients that torch has for them (scripts/golden/training.py).
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Tensor } from "../../src/onnx/tensor.js";
import { bartOf } from "../../src/model/bart.js";
import { t5Of } from "../../src/model/t5.js";
import { bart } from "../../src/train/bart.js";
import { causal } from "../../src/train/causal.js";
import { gpt2 } from "../../src/train/gpt2.js";
import { gradientGraph } from "../../src/train/graphs.js";
import type { Batch } from "../../src/train/learner.js";
import { seq2seq } from "../../src/train/seq2seq.js";
import { starcoder2 } from "../../src/train/starcoder2.js";
import { t5 } from "../../src/train/t5.js";
import type { CausalModel, Trainable } from "../../src/train/trainable.js";
import { openedGraph } from "../grad/differences.js";

export interface Packed {
  readonly dims: readonly number[];
  readonly data: string;
}

type Rows = readonly (readonly number[])[];

export interface Golden {
  readonly smoothing: number;
  readonly config: unknown;
  readonly batch: Readonly<Record<"ids" | "targets" | "weights", Rows>> & { readonly mask?: Rows };
  readonly bias?: Packed;
  readonly loss: number;
  readonly weights: Readonly<Record<string, Packed>>;
  readonly gradients: Readonly<Record<string, Packed>>;
}

const STARCODER2 = {
  vocabulary: 29,
  hidden: 16,
  inner: 24,
  headDim: 4,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  epsilon: 1e-5,
  positions: 16,
};

export const MODELS: Readonly<Record<string, CausalModel>> = {
  gpt2: gpt2({ vocabulary: 29, positions: 12, hidden: 16, layers: 2, heads: 2, epsilon: 1e-5, dropout: 0 }),
  "starcoder2-sliding": starcoder2({
    ...STARCODER2,
    ropeTheta: 300,
    slidingWindow: 4,
    bias: true,
    tied: true,
  }),
  "starcoder2-untied": starcoder2({
    ...STARCODER2,
    ropeTheta: 10_000,
    slidingWindow: null,
    bias: false,
    tied: false,
  }),
};

export function unpacked({ data }: Packed): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  return new Float32Array(bytes.buffer);
}

const dimsOf = (rows: Rows): readonly number[] => [rows.length, rows[0]?.length ?? 0];
const whole = (rows: Rows): Tensor => ({
  type: "int64",
  dims: dimsOf(rows),
  data: BigInt64Array.from(rows.flat(), BigInt),
});
const real = (rows: Rows): Tensor => ({
  type: "float32",
  dims: dimsOf(rows),
  data: Float32Array.from(rows.flat()),
});

export function batchOf({ batch: { ids, targets, weights, mask } }: Golden): Batch {
  const batch = { ids: whole(ids), targets: whole(targets), weights: real(weights) };
  return mask === undefined ? batch : { ...batch, mask: real(mask) };
}

/** The fixture of a model. */
export function goldenOf(name: string): Golden {
  const file = path.resolve(import.meta.dirname, `../fixtures/training/${name}.json`);
  // A cast because the file is ours.
  return JSON.parse(readFileSync(file, "utf8")) as Golden;
}

/** The models that read a text before they write one are made of what their configuration says. */
export function trainableOf(name: string, { config, bias, smoothing }: Golden): Trainable {
  if (name.startsWith("t5")) return seq2seq(t5(t5Of(config, name)), { smoothing });
  if (name.startsWith("bart"))
    return seq2seq(bart(bartOf(config, name), bias && { logitsBias: unpacked(bias) }), { smoothing });
  const model = MODELS[name];
  if (model === undefined) throw new Error(`no model ${name}`);
  return causal(model, { smoothing });
}

/**
 * The largest difference of two arrays, relative to the largest of the expected numbers. Where all of these are nothing but
 * rounding, as by a bias that all of a softmax's scores have in common, ours are, too.
 */
export function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  const gaps = Array.from(expected, (value, at) => Math.abs(value - (ours[at] ?? NaN)));
  return Math.max(...gaps) / Math.max(NOTHING, ...Array.from(expected, Math.abs));
}
const NOTHING = 1e-3;

/** A model's loss and the gradients by what it learns, in its order, for these numbers. */
export async function gradientsOf(
  trainable: Trainable,
  golden: Golden,
  weights: Readonly<Record<string, Packed>>,
): Promise<{ readonly loss: number; readonly gradients: readonly Float32Array[] }> {
  const batch = batchOf(golden);
  const total = golden.batch.weights.flat().reduce((sum, weight) => sum + weight, 0);
  const session = await openedGraph(gradientGraph(trainable, batch, false));
  const frozen: [string, Tensor][] = [];
  for (const { name, read } of trainable.frozen ?? []) frozen.push([name, await read()]);
  const outputs = await session.run({
    ...Object.fromEntries(frozen),
    ...Object.fromEntries(Object.entries(weights).map(([name, packed]) => [name, tensorOf(packed)])),
    ...Object.fromEntries(Object.entries(batch).map(([own, tensor]) => [`batch ${own}`, tensor])),
    share: { type: "float32", dims: [], data: Float32Array.of(1 / total) },
    key: { type: "int32", dims: [2], data: Int32Array.of(0, 0) },
  });
  await session.close();
  const given = session.outputs.map(({ name }) => outputs[name]?.data as Float32Array);
  return { loss: given.at(-1)?.[0] ?? NaN, gradients: given.slice(0, -1) };
}

/** Packed numbers as a tensor. */
export function tensorOf(packed: Packed): Tensor<"float32"> {
  return { type: "float32", dims: packed.dims, data: unpacked(packed) };
}
