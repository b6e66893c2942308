// Loss and gradients of whole models against those of transformers and torch in float64 (scripts/golden/training.py). Runs
// on the compiled thread in dist.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/onnx/tensor.js";
import { causal } from "../../src/train/causal.js";
import { gpt2 } from "../../src/train/gpt2.js";
import { gradientGraph } from "../../src/train/graphs.js";
import type { Batch } from "../../src/train/learner.js";
import { starcoder2 } from "../../src/train/starcoder2.js";
import type { CausalModel } from "../../src/train/trainable.js";
import { openedGraph } from "../grad/differences.js";

interface Packed {
  readonly dims: readonly number[];
  readonly data: string;
}

interface Golden {
  readonly smoothing: number;
  readonly batch: Readonly<Record<"ids" | "targets" | "weights", readonly (readonly number[])[]>>;
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

function batchOf({ batch: { ids, targets, weights } }: Golden): Batch {
  const dims = [ids.length, ids[0]?.length ?? 0];
  return {
    ids: { type: "int64", dims, data: BigInt64Array.from(ids.flat(), BigInt) },
    targets: { type: "int64", dims, data: BigInt64Array.from(targets.flat(), BigInt) },
    weights: { type: "float32", dims, data: Float32Array.from(weights.flat()) },
  };
}

/** The largest difference of two arrays, relative to the largest of the expected numbers. */
function difference(ours: ArrayLike<number>, expected: ArrayLike<number>): number {
  const gaps = Array.from(expected, (value, at) => Math.abs(value - (ours[at] ?? NaN)));
  return Math.max(...gaps) / Math.max(...Array.from(expected, Math.abs));
}

describe.each(Object.entries(MODELS))("%s", (name, model) => {
  const file = path.resolve(import.meta.dirname, `../fixtures/training/${name}.json`);
  // A cast because the file is ours.
  const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;

  it("has the parameters of a checkpoint of transformers, by name and shape", () => {
    const ours = Object.fromEntries(model.parameters.map(({ name: own, dims }) => [own, dims]));
    const theirs = Object.fromEntries(Object.entries(golden.weights).map(([own, { dims }]) => [own, dims]));
    expect(ours).toEqual(theirs);
  });

  it("has torch's loss and gradients", async () => {
    const batch = batchOf(golden);
    const trainable = causal(model, { smoothing: golden.smoothing });
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
    for (const [at, { name: own }] of model.parameters.entries()) {
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
