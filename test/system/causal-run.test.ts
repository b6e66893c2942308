// From a corpus to a folder that transformers loads and our runner runs, for both architectures, with models small enough
// to learn something in seconds.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { collect } from "../../src/core/collect.js";
import { openLocal } from "../../src/engine/local.js";
import { convertModel } from "../../src/model/conversion.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { trainCausalTo, type CausalRunOptions } from "../../src/train/causalrun.js";
import { readMetrics } from "../../src/train/metrics.js";
import { askPython, pythonWith } from "./python.js";

const CONFIGS = {
  gpt2: {
    resid_pdrop: 0,
    embd_pdrop: 0,
    attn_pdrop: 0,
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    n_positions: 64,
    n_embd: 64,
    n_layer: 2,
    n_head: 4,
  },
  starcoder2: {
    model_type: "starcoder2",
    architectures: ["Starcoder2ForCausalLM"],
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 64,
    norm_epsilon: 1e-5,
    rope_parameters: { rope_theta: 10_000, rope_type: "default" },
    sliding_window: null,
    tie_word_embeddings: true,
    use_bias: true,
  },
};
const TEXT = "def total_of(values):\n    total = 0\n    for value in values:\n";
const LOSS = `
import json, sys
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
job = json.load(sys.stdin)
tokenizer, model = AutoTokenizer.from_pretrained(job["folder"]), AutoModelForCausalLM.from_pretrained(job["folder"])
ids = tokenizer(job["text"], return_tensors="pt").input_ids
with torch.no_grad():
    print(json.dumps({"ids": ids[0].tolist(), "loss": model(input_ids=ids, labels=ids).loss.item()}))
`;

const base = mkdtempSync(path.join(tmpdir(), "selfalign-causal-"));
const corpus = `jsonl:${path.join(base, "files.jsonl")}`;
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Files of one pattern, so that a small model can learn it; a third mention nothing that is wanted. */
beforeAll(() => {
  const names = ["values", "numbers", "words", "lines", "items"];
  const fileOf = (at: number): object => {
    const name = names[at % names.length] ?? "";
    const body = `def total_of_${at}(${name}):\n    total = 0\n    for value in ${name}:\n        total += value * ${at}\n    return total\n`;
    const content = `${at % 3 === 0 ? "" : "import pandas\n\n\n"}${body.repeat(6)}`;
    return { content, path: `file_${at}.py`, repo_name: `made/${at % 20}`, license: "MIT" };
  };
  const rows = Array.from({ length: 90 }, (_, at) => `${JSON.stringify(fileOf(at))}\n`);
  writeFileSync(path.join(base, "files.jsonl"), rows.join(""));
});

const options = (config: keyof typeof CONFIGS): CausalRunOptions => ({
  preset: "tiny",
  config: CONFIGS[config],
  vocabSize: 400,
  mentions: ["pandas"],
  keyWords: [" total", "value"],
  context: 32,
  rows: 8,
  rate: 3e-3,
  warmup: 5,
  validation: 0.1,
  evaluateEvery: 10,
  steps: 40,
  seed: 1,
});
const folderOf = (config: string): string => path.join(base, config);
const sumOf = (config: string): string =>
  createHash("sha256")
    .update(readFileSync(path.join(folderOf(config), "model/model.safetensors")))
    .digest("hex");

describe.each(["gpt2", "starcoder2"] as const)("a %s from a corpus", (config) => {
  it("learns, and is kept apart from its validation by repository", async () => {
    const made = await trainCausalTo(corpus, folderOf(config), options(config));
    expect(made.data.sources).toEqual({ kept: 60, dropped: { "no-keyword": 30 }, unparsed: 0 });
    expect(made.data.split).toMatchObject({ unit: "repository", groups: { train: 18, valid: 2 } });
    expect(made.model).toBe(path.join(folderOf(config), "model"));
    const metrics = await readMetrics(path.join(folderOf(config), "training/metrics.jsonl"));
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 41 }, (_, step) => step));
    const validation = metrics.flatMap((row) => row.validation ?? []);
    expect(validation[0]).toBeCloseTo(Math.log(400), 0);
    expect(validation.at(-1)).toBeLessThan(2.5);
    const card = readFileSync(path.join(folderOf(config), "model/README.md"), "utf8");
    expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
    expect(card).toContain(`${Math.min(...validation).toFixed(4)} nats per token`);
    expect(card).toContain("on 2 held-out repositories");
  });

  it("is made once: the same command finds it finished, and another one is refused", async () => {
    const before = sumOf(config);
    const again = await trainCausalTo(corpus, folderOf(config), options(config));
    expect(again.training).toMatchObject({ resumedFrom: 40, step: 40 });
    expect(sumOf(config)).toBe(before);
    await expect(trainCausalTo(corpus, folderOf(config), { ...options(config), rate: 1e-3 })).rejects.toThrow(
      InputError,
    );
    const other = { ...options(config), mentions: [] };
    await expect(trainCausalTo(corpus, folderOf(config), other)).rejects.toThrow("from something else");
  });

  it("scores in our runner what it scores in transformers", async (context) => {
    const folder = path.join(folderOf(config), "model");
    const made = await convertModel(folder, path.join(base, `${config}-fp32`), { dtype: "fp32" });
    const [first = 0, ...rest] = (await loadTokenizer(folder)).encode(TEXT);
    const engine = await openLocal(made.folder);
    const request = { key: "text", prompt: [first], text: rest };
    const [scored] = await collect(engine.score(Readable.from([request]))).finally(() => engine.close());
    if (scored === undefined || !("nll" in scored)) throw new Error("no score");
    expect(scored.nll).toBeLessThan(3);
    const python = pythonWith("torch", "transformers");
    if (python === null) return context.skip("no Python with transformers; SELFALIGN_PYTHON may name one");
    const theirs = askPython(python, LOSS, { folder, text: TEXT }) as { ids: number[]; loss: number };
    expect(theirs.ids).toEqual([first, ...rest]);
    expect(scored.nll).toBeCloseTo(theirs.loss, 4);
  });
});

it("keeps the last weights where nothing is left to validate with", async () => {
  const folder = path.join(base, "unvalidated");
  const made = await trainCausalTo(corpus, folder, { ...options("gpt2"), validation: 0.001, steps: 3 });
  expect(made).toMatchObject({ data: { valid: { chunks: 0 } }, training: { best: null, step: 3 } });
  const last = path.join(folder, "training/checkpoints/step-000003/model.safetensors");
  expect(readFileSync(path.join(folder, "model/model.safetensors")).equals(readFileSync(last))).toBe(true);
  await expect(
    trainCausalTo(corpus, folder, { ...options("gpt2"), validation: 0.001, steps: 3, vocabSize: 300 }),
  ).rejects.toThrow("was learned from something else (vocabSize");
});

it("learns one batch by heart, and writes no model", async () => {
  const folder = path.join(base, "one");
  const made = await trainCausalTo(corpus, folder, {
    ...options("gpt2"),
    rows: 1,
    steps: 300,
    overfitOneBatch: true,
  });
  expect(made).toMatchObject({ model: null, training: { learned: true } });
  expect(() => statSync(path.join(folder, "model"))).toThrow("ENOENT");
});

it("says what is missing", async () => {
  const folder = path.join(base, "none");
  await expect(trainCausalTo(corpus, folder, { ...options("gpt2"), mentions: ["cobol"] })).rejects.toThrow(
    "no text to learn from",
  );
  const long = { ...options("gpt2"), context: 5_000 };
  await expect(trainCausalTo(corpus, path.join(base, "long"), long)).rejects.toThrow(
    "a context of 5000 tokens is more than the model's 64 positions",
  );
});
