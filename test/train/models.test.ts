// Loss and gradients of whole models against those of transformers and torch in float64 (scripts/golden/training.py). Runs
// on the compiled thread in dist.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
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

interface Packed {
  readonly dims: readonly number[];
  readonly data: string;
}

type Rows = readonly (readonly number[])[];

interface Golden {
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

const MODELS: Readonly<Record<string, CausalModel>> = {
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

function unpacked({ data }: Packed): Float32Array {
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

function batchOf({ batch: { ids, targets, weights, mask } }: Golden): Batch {
  const batch = { ids: whole(ids), targets: whole(targets), weights: real(weights) };
  return mask === undefined ? batch : { ...batch, mask: real(mask) };
}

/** The models that read a text before they write one are made of what their configuration says. */
function trainableOf(name: string, { config, bias, smoothing }: Golden): Trainable {
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
function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  const gaps = Array.from(expected, (value, at) => Math.abs(value - (ours[at] ?? NaN)));
  return Math.max(...gaps) / Math.max(NOTHING, ...Array.from(expected, Math.abs));
}
const NOTHING = 1e-3;

const ENCODER_DECODERS = ["t5-relu", "t5-gated-gelu", "t5-gated-silu", "bart", "bart-scaled"];

describe.each([...Object.keys(MODELS), ...ENCODER_DECODERS])("%s", (name) => {
  const file = path.resolve(import.meta.dirname, `../fixtures/training/${name}.json`);
  // A cast because the file is ours.
  const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
  const trainable = trainableOf(name, golden);

  it("has the parameters of a checkpoint of transformers, by name and shape", () => {
    const ours = Object.fromEntries(trainable.parameters.map(({ name: own, dims }) => [own, dims]));
    const theirs = Object.fromEntries(Object.entries(golden.weights).map(([own, { dims }]) => [own, dims]));
    expect(ours).toEqual(theirs);
  });

  it("has torch's loss and gradients", async () => {
    const batch = batchOf(golden);
    const total = golden.batch.weights.flat().reduce((sum, weight) => sum + weight, 0);
    const session = await openedGraph(gradientGraph(trainable, batch, false));
    const weights = Object.entries(golden.weights).map(([own, packed]): [string, Tensor] => [
      own,
      { type: "float32", dims: packed.dims, data: unpacked(packed) },
    ]);
    const outputs = await session.run({
      ...Object.fromEntries(weights),
      ...Object.fromEntries(Object.entries(batch).map(([own, tensor]) => [`batch ${own}`, tensor])),
      share: { type: "float32", dims: [], data: Float32Array.of(1 / total) },
      key: { type: "int32", dims: [2], data: Int32Array.of(0, 0) },
    });
    await session.close();
    const given = session.outputs.map(({ name: output }) => outputs[output]?.data as Float32Array);
    expect(given.at(-1)?.[0]).toBeCloseTo(golden.loss, 5);
    for (const [at, { name: own }] of trainable.parameters.entries()) {
      const expected = golden.gradients[own] ?? { dims: [], data: "" };
      expect([own, difference(given[at] ?? [], unpacked(expected)) < 1e-5]).toEqual([own, true]);
    }
  });
});

it("is refused where a batch is longer than its positions", () => {
  const dims = [1, 17];
  const ids = { type: "int64", dims, data: new BigInt64Array(17) } as const;
  const batch = {
    ids,
    targets: ids,
    weights: { type: "float32", dims, data: new Float32Array(17) },
  } as const;
  for (const model of Object.values(MODELS))
    expect(() => gradientGraph(causal(model), batch, false)).toThrow(/17 tokens long, the model has 1[26]/);
});
