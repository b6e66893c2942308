// An encoder-decoder from pairs to a folder that our runner and transformers read, small enough to learn something in seconds.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { Interrupted } from "../../src/core/errors.js";
import { trainSeq2SeqTo, type Seq2SeqRunOptions } from "../../src/rewrite/learn.js";
import { openSeq2Seq } from "../../src/seq2seq/open.js";
import { readMetrics } from "../../src/train/metrics.js";
import { askPython, pythonWith } from "./python.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-seq2seq-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const WORDS = ["red", "blue", "green", "one", "two", "three"];
/** Says which word stands behind "not". */
const pairs = Array.from({ length: 300 }, (_, at) => {
  const [a = "", b = ""] = [WORDS[at % 6], WORDS[(at * 5 + 1 + (at >> 3)) % 6]];
  return { prompt: `${a} not ${b}`, completion: `it is ${a}` };
});
const file = path.join(base, "pairs.jsonl");
writeFileSync(file, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(""));

const options: Seq2SeqRunOptions = {
  config: {
    model_type: "t5",
    architectures: ["T5ForConditionalGeneration"],
    d_model: 48,
    d_kv: 16,
    d_ff: 96,
    num_layers: 1,
    num_heads: 3,
    dropout_rate: 0,
    feed_forward_proj: "relu",
    tie_word_embeddings: true,
  },
  vocabSize: 300,
  context: 16,
  rows: 16,
  rate: 5e-3,
  warmup: 5,
  evaluateEvery: 20,
  steps: 80,
  seed: 2,
};
const sumOf = (folder: string): string =>
  createHash("sha256")
    .update(readFileSync(path.join(folder, "model/model.safetensors")))
    .digest("hex");

it("learns pairs, goes on where it was stopped, and writes what transformers writes", async (context) => {
  const calm = path.join(base, "calm");
  const made = await trainSeq2SeqTo(file, calm, options);
  expect(made).toMatchObject({ pairs: 270, validation: 30, dropped: {} });
  const metrics = await readMetrics(path.join(calm, "training/metrics.jsonl"));
  const validation = metrics.flatMap((row) => row.validation ?? []);
  expect(validation[0]).toBeGreaterThan(4);
  expect(validation.at(-1)).toBeLessThan(0.5);

  const rough = path.join(base, "rough");
  const stop = new AbortController();
  const draw = (text: string): void => {
    if (text.includes("train")) stop.abort(new Interrupted("stopped"));
  };
  const stopped = trainSeq2SeqTo(file, rough, { ...options, draw, signal: stop.signal });
  await expect(stopped).rejects.toThrow(Interrupted);
  await trainSeq2SeqTo(file, rough, options);
  expect(sumOf(rough)).toBe(sumOf(calm));
  await expect(trainSeq2SeqTo(file, rough, { ...options, vocabSize: 290 })).rejects.toThrow(
    "was learned from something else (vocabSize",
  );

  const texts = ["red not blue", "two not one", "green not three"];
  const model = await openSeq2Seq(made.model);
  const read = texts.map((text) => model.idsOf(text));
  const written = await model.write(read, { maxTokens: 12 });
  await model.close();
  const ours = written.map(([best]) => best?.text);
  expect(ours).toEqual(["it is red", "it is two", "it is green"]);

  const python = pythonWith("torch", "transformers");
  if (python === null) return context.skip("no Python with transformers; SELFALIGN_PYTHON may name one");
  const theirs = askPython(
    python,
    `import json, sys, torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
job = json.load(sys.stdin)
tokenizer, model = AutoTokenizer.from_pretrained(job["folder"]), AutoModelForSeq2SeqLM.from_pretrained(job["folder"])
texts = []
for ids in job["read"]:
    ids = torch.tensor([ids])
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
    texts.append(tokenizer.decode(out[0], skip_special_tokens=True))
print(json.dumps(texts))`,
    { folder: made.model, read },
  );
  expect(theirs).toEqual(ours);
}, 120_000);

it("says what is wrong before anything is read", async () => {
  const folder = path.join(base, "wrong");
  await expect(trainSeq2SeqTo("none.jsonl", folder, options)).rejects.toThrow("none.jsonl");
  await expect(trainSeq2SeqTo(file, folder, { preset: "huge" as "tiny" })).rejects.toThrow(
    "choose from tiny, t5-small",
  );
  const odd = { ...options, config: { ...options.config, feed_forward_proj: "odd" } };
  await expect(trainSeq2SeqTo(file, folder, odd)).rejects.toThrow("feed_forward_proj");
});
