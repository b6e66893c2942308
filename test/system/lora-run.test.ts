// From a model and a file of exchanges to adapters, and to a merged model that answers as the two did. With the tiny model that
// comes with the package.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { initialNumbers } from "../../src/grad/parameters.js";
import { t5Of } from "../../src/model/t5.js";
import { writeTinyModel } from "../../src/model/tiny.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { openBase } from "../../src/train/base.js";
import { openLearner } from "../../src/train/learning.js";
import { openLessonBatches } from "../../src/train/lessonbatches.js";
import { trainLoraTo } from "../../src/train/lorarun.js";
import { lora } from "../../src/train/lora.js";
import { mergeAdaptersTo } from "../../src/train/merge.js";
import { readMetrics } from "../../src/train/metrics.js";
import { readAdapters } from "../../src/train/peft.js";
import { t5 } from "../../src/train/t5.js";
import { readWeights } from "../train/weights.js";

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-lora-"));
const [model, data] = [path.join(folder, "model"), path.join(folder, "data.jsonl")];
const rows = Array.from({ length: 12 }, (_, at) => ({
  messages: [
    { role: "user", content: `Add ${at} to x.` },
    { role: "assistant", content: `def add(x):\n    return x + ${at}\n` },
  ],
}));

beforeAll(async () => {
  await writeTinyModel(model);
  writeFileSync(data, [...rows, { text: "no" }].map((row) => `${JSON.stringify(row)}\n`).join(""));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const given = {
  ...{ context: 128, rows: 4, accumulation: 1, steps: 12, rate: 5e-3, evaluateEvery: 6 },
  ...{ validation: 0.2, threads: 1 },
};

it.each([
  ["fp32", false],
  ["int8", true],
] as const)(
  "a base of %s learns, packed: %s, goes on where it was, and is merged",
  async (base, packed) => {
    const out = path.join(folder, base);
    const run = await trainLoraTo(model, data, out, { ...given, base, packed });
    expect(run).toMatchObject({ lessons: 10, validation: 2, dropped: { "not-understood": 1 } });
    const losses = (await readMetrics(path.join(out, "training/metrics.jsonl"))).map(
      ({ validation }) => validation,
    );
    const [first, ...later] = losses.filter((loss) => loss !== null);
    expect(later.at(-1)).toBeLessThan(0.7 * (first ?? 0));

    const again = await trainLoraTo(model, data, out, { ...given, base, packed });
    expect(again.training).toMatchObject({ step: 12, resumedFrom: 12 });
    await expect(trainLoraTo(model, data, out, { ...given, base, packed, rank: 4 })).rejects.toThrow(
      InputError,
    );

    const opened = await openBase(model);
    const { options: saved, learned } = await readAdapters(run.adapters, opened.parameters);
    expect(saved).toMatchObject({ rank: 8, alpha: 16, targets: ["q_proj", "v_proj"] });
    for (const own of [model, run.adapters])
      await expect(mergeAdaptersTo(model, run.adapters, own)).rejects.toThrow(/would be written over/);
    await mergeAdaptersTo(model, run.adapters, path.join(out, "merged"));
    const merged = await openBase(path.join(out, "merged"));

    const batch = await openLessonBatches([{ prompt: [5, 6, 7], response: [8, 9] }], {
      ...{ rows: 1, context: 8, pad: 0, seed: null },
    }).batch(0, 0);
    const beside = await openLearner(lora(opened.trainable(), opened.read, saved), { weights: learned });
    const whole = await openLearner(merged.trainable(), {
      weights: await readWeights(merged.read, merged.parameters),
    });
    const [one, other] = [await beside.evaluate(batch), await whole.evaluate(batch)];
    // All weights of a model that was read from a folder can be learned, too.
    await whole.step([batch], 1e-3);
    const after = await whole.evaluate(batch);
    await beside.close();
    await whole.close();
    expect(other.loss).toBeCloseTo(one.loss, 5);
    expect(after.loss).toBeLessThan(other.loss);
  },
  300_000,
);

it("a model of two sides reads the question and learns the answer", async () => {
  const two = path.join(folder, "t5");
  await mkdir(two);
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    await copyFile(path.join(model, name), path.join(two, name));
  const { vocabSize, special } = await loadTokenizer(model);
  const config = {
    ...{
      model_type: "t5",
      vocab_size: vocabSize,
      d_model: 32,
      d_kv: 8,
      d_ff: 48,
      num_layers: 1,
      num_heads: 4,
    },
    ...{ pad_token_id: special.eos[0], eos_token_id: special.eos[0], dropout_rate: 0.1 },
  };
  writeFileSync(path.join(two, "config.json"), JSON.stringify(config));
  const tensors = t5(t5Of(config, "config.json")).parameters.map((one) => ({
    name: one.name,
    shape: one.dims,
    values: initialNumbers(one, 1),
  }));
  await writeSafetensors(path.join(two, "model.safetensors"), tensors);

  const out = path.join(folder, "two");
  const more = { steps: 40, rate: 2e-2, evaluateEvery: 20, targets: "all-linear", dropout: 0.05 } as const;
  const { training, adapters } = await trainLoraTo(two, data, out, { ...given, ...more });
  const [first] = await readMetrics(path.join(out, "training/metrics.jsonl"));
  expect(training.best?.validation).toBeLessThan(0.7 * (first?.validation ?? 0));
  const settings = JSON.parse(readFileSync(path.join(adapters, "adapter_config.json"), "utf8")) as object;
  expect(settings).toMatchObject({
    task_type: "SEQ_2_SEQ_LM",
    target_modules: "all-linear",
    fan_in_fan_out: false,
  });
  await expect(trainLoraTo(two, data, path.join(folder, "no"), { ...given, packed: true })).rejects.toThrow(
    /pack/,
  );

  const exchange = (at: number) => ({ prompt: `say ${at}`, response: `${at}` });
  const sides = {
    training: [exchange(1), exchange(2), { prompt: "p", response: "long ".repeat(200) }],
    validation: [exchange(3)],
  };
  const apart = path.join(folder, "apart");
  const { lessons, validation, dropped } = await trainLoraTo(two, sides, apart, { ...given, steps: 1 });
  expect({ lessons, validation, dropped }).toEqual({ lessons: 2, validation: 1, dropped: { "too-long": 1 } });
  const none = { training: sides.training.slice(2), validation: [] };
  await expect(trainLoraTo(two, none, path.join(folder, "none"), given)).rejects.toThrow(
    /none of 1 exchanges is of at most \d+ tokens/,
  );
}, 120_000);

it("refuses what it can't do before it trains", async () => {
  const out = path.join(folder, "refused");
  const refused = (more: object) => trainLoraTo(model, data, out, { ...more });
  await expect(refused({ base: "int4" })).rejects.toThrow(/base "int4" does not exist/);
  await expect(refused({ targets: ["c_attn"] })).rejects.toThrow(/no projection "c_attn"/);
  await expect(refused({ context: 4 })).rejects.toThrow(/12 too-long/);
  await expect(refused({ validation: 1 })).rejects.toThrow(/validation/);
});
