// Loss and gradients of whole models against those of transformers and torch in float64 (scripts/golden/training.py). Runs
// on the compiled thread in dist.
import { describe, expect, it } from "vitest";
import { causal } from "../../src/train/causal.js";
import { gradientGraph } from "../../src/train/graphs.js";
import { difference, goldenOf, gradientsOf, MODELS, trainableOf, unpacked } from "./golden.js";

const ENCODER_DECODERS = ["t5-relu", "t5-gated-gelu", "t5-gated-silu", "bart", "bart-scaled"];

describe.each([...Object.keys(MODELS), ...ENCODER_DECODERS])("%s", (name) => {
  const golden = goldenOf(name);
  const trainable = trainableOf(name, golden);

  it("has the parameters of a checkpoint of transformers, by name and shape", () => {
    const ours = Object.fromEntries(trainable.parameters.map(({ name: own, dims }) => [own, dims]));
    const theirs = Object.fromEntries(Object.entries(golden.weights).map(([own, { dims }]) => [own, dims]));
    expect(ours).toEqual(theirs);
  });

  it("has torch's loss and gradients", async () => {
    const { loss, gradients } = await gradientsOf(trainable, golden, golden.weights);
    expect(loss).toBeCloseTo(golden.loss, 5);
    for (const [at, { name: own }] of trainable.parameters.entries()) {
      const expected = golden.gradients[own] ?? { dims: [], data: "" };
      expect([own, difference(gradients[at] ?? [], unpacked(expected)) < 1e-5]).toEqual([own, true]);
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
