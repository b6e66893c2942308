// Adapters against PEFT's and torch's in float64 (scripts/golden/lora.py), and merged weights against adapters. Runs on the
// compiled thread in dist.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { initialNumbers } from "../../src/grad/parameters.js";
import { gemm } from "../../src/grad/nodes.js";
import { newTape } from "../../src/grad/tape.js";
import { newGraph } from "../../src/onnx/graph.js";
import type { Tensor } from "../../src/onnx/tensor.js";
import { buildingOf } from "../../src/train/graphs.js";
import { openLearner } from "../../src/train/learning.js";
import { adaptersOf, lora, merged, type Lora } from "../../src/train/lora.js";
import type { ReadWeight } from "../../src/train/pretrained.js";
import type { CausalModel, Trainable } from "../../src/train/trainable.js";
import { openedGraph } from "../grad/differences.js";
import {
  batchOf,
  difference,
  goldenOf,
  gradientsOf,
  MODELS,
  tensorOf,
  trainableOf,
  unpacked,
  type Packed,
} from "./golden.js";

interface Adapted {
  readonly model: string;
  readonly int8: boolean;
  readonly config: {
    readonly r: number;
    readonly lora_alpha: number;
    readonly target_modules: Lora["targets"];
  };
  readonly loss: number;
  readonly weights: Readonly<Record<string, Packed>>;
  readonly gradients: Readonly<Record<string, Packed>>;
}

function adaptedOf(name: string): Adapted & { readonly options: Lora } {
  const file = path.resolve(import.meta.dirname, `../fixtures/lora/${name}.json`);
  // A cast because the file is ours.
  const made = JSON.parse(readFileSync(file, "utf8")) as Adapted;
  const { r: rank, lora_alpha: alpha, target_modules: targets } = made.config;
  return { ...made, options: { rank, alpha, targets, dropout: 0 } };
}

const reading =
  (weights: Readonly<Record<string, Packed>>): ReadWeight =>
  ({ name }) =>
    Promise.resolve(tensorOf(weights[name] ?? { dims: [], data: "" }));

const NAMES = ["gpt2", "starcoder2", "starcoder2-all", "t5", "t5-all", "bart", "gpt2-int8", "bart-int8"];

it.each(NAMES)("%s has PEFT's names, shapes, loss and gradients", async (name) => {
  const { model, int8, options, loss, weights, gradients } = adaptedOf(name);
  const golden = goldenOf(model);
  const base = reading(golden.weights);
  const trainable = lora(trainableOf(model, golden), base, options, int8 ? "int8" : "fp32");
  const shapes = Object.entries(weights).map(([own, { dims }]) => [own, dims]);
  expect(Object.fromEntries(trainable.parameters.map(({ name: own, dims }) => [own, dims]))).toEqual(
    Object.fromEntries(shapes),
  );
  const ours = await gradientsOf(trainable, golden, weights);
  expect(ours.loss).toBeCloseTo(loss, 5);
  for (const [at, { name: own }] of trainable.parameters.entries()) {
    const expected = unpacked(gradients[own] ?? { dims: [], data: "" });
    expect([own, difference(ours.gradients[at] ?? [], expected) < 1e-5]).toEqual([own, true]);
  }
});

/** A model's logits in the place of its loss, [B * T, vocabulary]. */
const logits = (model: CausalModel): Trainable => ({
  parameters: model.parameters,
  loss(building) {
    // A cast because a batch's types are known when it arrives.
    const { hidden, head } = model.foretell(building, building.input("ids") as never);
    return gemm(building.tape, hidden, head, { b: true });
  },
});

async function computed(trainable: Trainable, name: string, given: Readonly<Record<string, Tensor>>) {
  const tape = newTape(newGraph("logits"));
  const batch = batchOf(goldenOf(name));
  const { building } = buildingOf(tape, trainable, batch, false);
  const y = trainable.loss(building, building.input("weights"));
  tape.graph.output(y.value, "float32", y.dims);
  const session = await openedGraph(tape.graph);
  const frozen: [string, Tensor][] = [];
  for (const { name: own, read } of trainable.frozen ?? []) frozen.push([own, await read()]);
  const fed = Object.entries(batch).map(([own, tensor]) => [`batch ${own}`, tensor] as const);
  const outputs = await session.run({ ...given, ...Object.fromEntries([...frozen, ...fed]) });
  await session.close();
  return outputs[y.value]?.data as Float32Array;
}

it.each(["gpt2", "starcoder2-all"])("%s merged has the logits of base and adapters", async (name) => {
  const { model, options, weights } = adaptedOf(name);
  const golden = goldenOf(model);
  const causalModel = MODELS[model] as CausalModel;
  const learned = new Map(Object.entries(weights).map(([own, packed]) => [own, tensorOf(packed)]));
  const whole = Object.fromEntries(
    Object.entries(golden.weights).map(([own, packed]) => [own, tensorOf(packed)]),
  );
  const adapters = adaptersOf(causalModel.parameters, options);
  const changed = adapters.map((adapter): [string, Tensor<"float32">] => {
    const { name: own, dims } = adapter.weight;
    const before = whole[own]?.data ?? new Float32Array();
    return [own, { type: "float32", dims, data: merged(before, adapter, learned, options) }];
  });
  const beside = await computed(
    lora(logits(causalModel), reading(golden.weights), options),
    model,
    Object.fromEntries(learned),
  );
  const inside = await computed(logits(causalModel), model, { ...whole, ...Object.fromEntries(changed) });
  const without = await computed(logits(causalModel), model, whole);
  const farthest = (a: Float32Array, b: Float32Array): number =>
    Math.max(...a.map((value, at) => Math.abs(value - (b[at] ?? NaN))));
  expect(farthest(beside, inside)).toBeLessThan(1e-5);
  expect(farthest(beside, without)).toBeGreaterThan(0.1);
});

describe("the choice of projections", () => {
  const { parameters } = MODELS["gpt2"] as CausalModel;
  const chosen = (targets: Lora["targets"]): string[] =>
    adaptersOf(parameters, { rank: 2, alpha: 2, dropout: 0, targets }).map(({ weight }) =>
      weight.name.replace("transformer.h.", ""),
    );

  it("is by the last parts of their names", () => {
    expect(chosen(["c_attn"])).toEqual(["0.attn.c_attn.weight", "1.attn.c_attn.weight"]);
    expect(chosen(["mlp.c_proj", "h.0.attn.c_proj"])).toEqual([
      "0.attn.c_proj.weight",
      "0.mlp.c_proj.weight",
      "1.mlp.c_proj.weight",
    ]);
    expect(chosen("all-linear")).toHaveLength(8);
  });

  it.each([
    [["q_proj"], /no projection "q_proj"; choose from c_attn, c_proj, c_fc/],
    [["c_attn", "attn"], /no projection "attn"/],
    [["wte"], /no projection "wte"/],
    [[], /no projection/],
  ])("refuses %j", (targets, message) => {
    expect(() => chosen(targets)).toThrow(message);
  });

  it.each([0, 1.5])("refuses a rank of %s", (rank) => {
    expect(() => adaptersOf(parameters, { rank, alpha: 1, dropout: 0, targets: ["c_attn"] })).toThrow(/rank/);
  });
});

it("adapters begin with Kaiming's evenly spread numbers and zeros", () => {
  const { parameters } = MODELS["gpt2"] as CausalModel;
  const options = { rank: 64, alpha: 1, dropout: 0, targets: ["c_attn"] };
  const [adapter] = adaptersOf(parameters, options);
  if (adapter === undefined) throw new Error("no adapter");
  const { a, b } = adapter;
  const numbers = initialNumbers(a, 1);
  const bound = 16 ** -0.5;
  expect(Math.max(...numbers)).toBeLessThan(bound);
  expect(Math.max(...numbers)).toBeGreaterThan(0.98 * bound);
  expect(Math.min(...numbers)).toBeLessThan(-0.98 * bound);
  expect(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length).toBeCloseTo(bound ** 2 / 3, 2);
  expect(initialNumbers(b, 1).every((x) => x === 0)).toBe(true);
});

it.each(["fp32", "int8"] as const)(
  "learns over a base of %s, which is no part of its state",
  async (type) => {
    const golden = goldenOf("starcoder2-sliding");
    const options = { rank: 4, alpha: 8, dropout: 0, targets: "all-linear" } as const;
    const trainable = lora(trainableOf("starcoder2-sliding", golden), reading(golden.weights), options, type);
    const learner = await openLearner(trainable, { threads: 1, optimiser: { decay: 0 } });
    const batch = batchOf(golden);
    const before = (await learner.evaluate(batch)).loss;
    if (type === "fp32") expect(before).toBeCloseTo(golden.loss, 5);
    for (let step = 0; step < 60; step++) await learner.step([batch], 0.02);
    expect((await learner.evaluate(batch)).loss).toBeLessThan(before - 1);
    const { weights, moments } = await learner.state();
    await learner.close();
    expect([...weights.keys()].sort()).toEqual(trainable.parameters.map(({ name }) => name).sort());
    expect(moments.size).toBe(2 * weights.size);
  },
);
