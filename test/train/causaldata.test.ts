import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import type { Corpus } from "../../src/corpus/corpus.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { openTokens } from "../../src/train/tokens.js";
import { openCausalData, trainingDataOf } from "../../src/train/causaldata.js";
import { trainTokenizerTo } from "../../src/train/tokenizer.js";
import { causalBatch } from "../../src/train/batches.js";
import type { Batch } from "../../src/train/learner.js";

const tokenizer = path.resolve(import.meta.dirname, "../fixtures/tokenizer/tokenizer.json");
const root = mkdtempSync(path.join(os.tmpdir(), "data-"));
let corpus: Corpus;
beforeAll(async () => {
  corpus = await openCorpus("stdlib");
});
afterAll(() => rmSync(root, { recursive: true }));

const options = { files: 12, mentions: ["import re"], context: 64, rows: 8, share: 0.2, seed: 4, workers: 1 };
const numbers = (batch: Batch, name: string) => Array.from(batch[name]?.data ?? [], Number);

it("leads from a corpus to batches, and accounts for every file and token", async () => {
  const folder = path.join(root, "store");
  const data = await openCausalData(folder, tokenizer, corpus, options);
  const { sources, tokens, split, train, valid } = data.stats;
  expect(sources.kept).toBe(12);
  expect(sources.dropped["no-keyword"]).toBeGreaterThan(0);
  expect(split.unit).toBe("file");
  expect(split.groups.train + split.groups.valid).toBe(12);
  expect(split.groups.valid).toBeGreaterThan(0);
  expect(train.tokens + train.dropped + valid.tokens + valid.dropped).toBe(tokens);
  expect(data.train.count).toBe(Math.ceil(train.chunks / 8));
  expect(data.valid?.count).toBe(Math.ceil(valid.chunks / 8));
  const batch = await data.train.batch(0, 0);
  expect(batch["ids"]?.dims).toEqual([8, 64]);
  const text = (await loadTokenizer(tokenizer)).decode(numbers(batch, "ids"));
  expect(text).toContain("self");
  await data.close();

  // Once more, from the store: the same counts, and the same batches.
  const again = await openCausalData(folder, tokenizer, corpus, options);
  expect(again.stats).toEqual(data.stats);
  expect(await again.train.batch(0, 0)).toEqual(batch);
  await again.close();
  const shuffled = await openCausalData(folder, tokenizer, corpus, { ...options, seed: 5 });
  expect(shuffled.stats).toEqual(data.stats);
  expect(await shuffled.train.batch(0, 0)).not.toEqual(batch);
  await shuffled.close();
  await expect(openCausalData(folder, tokenizer, corpus, { ...options, files: 13 })).rejects.toThrow(
    "files was 12 and is now 13",
  );
});

it("begins and ends files with the end token where a model should know how files end", async () => {
  const folder = path.join(root, "whole");
  const whole = { ...options, mentions: [], wholeFiles: true };
  await expect(openCausalData(folder, tokenizer, corpus, whole)).rejects.toThrow("no token that ends texts");
  const own = path.join(root, "own-tokenizer");
  await trainTokenizerTo("stdlib", own, { files: 2, vocabSize: 300, workers: 1 });
  const data = await openCausalData(folder, own, corpus, whole);
  const { special } = await loadTokenizer(own);
  const [end = -1] = special.eos;
  const tokens = await openTokens(folder, own);
  const files = tokens.documents.filter(({ tokens: length }) => length >= 64);
  // Every file of a sample's length at least is in the samples to its last token, on one side or the other.
  const { train, valid } = data.stats;
  expect(train.chunks + valid.chunks).toBe(files.reduce((sum, file) => sum + Math.ceil(file.tokens / 64), 0));
  let start = 0;
  for (const { tokens: length } of tokens.documents) {
    const ids = [...(await tokens.read(start, length))];
    expect([ids[0], ids.at(-1), ids.indexOf(end, 1)]).toEqual([end, end, length - 1]);
    start += length;
  }
  await tokens.close();
  await data.close();
});

it("weighs samples by their key words while training, and none in validation", async () => {
  const keyed = { ...options, keyWords: [" self", "antidisestablishment"], alpha: 0.5 };
  const data = await openCausalData(path.join(root, "keyed"), tokenizer, corpus, keyed);
  expect(data.stats.severalTokens).toEqual(["antidisestablishment"]);
  const self = (await loadTokenizer(tokenizer)).idOf("Ġself");
  const batch = await data.train.batch(0, 0);
  const ids = numbers(batch, "ids");
  const weights = numbers(batch, "weights");
  for (let row = 0; row < 8; row++) {
    const found = ids.slice(64 * row, 64 * (row + 1)).filter((id) => id === self).length;
    expect(weights[64 * row]).toBe(0.5 * (1 + found));
  }
  expect(new Set(weights).size).toBeGreaterThan(2);
  expect(numbers(batch, "denominator")).toEqual([8 * 63]);
  expect(new Set(numbers((await data.valid?.batch(0, 0)) ?? {}, "weights"))).toEqual(new Set([0, 1]));
  await data.close();
});

it("is read by steps, epoch after epoch, and its validation again and again", async () => {
  const asked: string[] = [];
  const side = (name: string, count: number) => ({
    count,
    batch(epoch: number, k: number): Promise<Batch> {
      asked.push(`${name} ${epoch}.${k}`);
      return Promise.resolve({});
    },
  });
  const data = trainingDataOf({ train: side("train", 3), valid: side("valid", 2) }, 2);
  for (let step = 0; step < 2; step++) for (let micro = 0; micro < 2; micro++) await data.batch(step, micro);
  expect(asked.splice(0)).toEqual(["train 0.0", "train 0.1", "train 0.2", "train 1.0"]);
  for (let time = 0; time < 2; time++)
    expect(await collect(data.validation as AsyncIterable<Batch>)).toHaveLength(2);
  expect(asked).toEqual(["valid 0.0", "valid 0.1", "valid 0.0", "valid 0.1"]);
  const without = trainingDataOf({ train: side("train", 3), valid: null });
  expect(await collect(without.validation as AsyncIterable<Batch>)).toEqual([]);
  const samples = [Uint16Array.of(1, 2, 3), Uint16Array.of(4, 5, 6)];
  expect(data.tokens(causalBatch(samples, { rows: 3 }))).toBe(4);
});

it("refuses a corpus without one sample", async () => {
  const long = { ...options, files: 1, context: 10_000_000 };
  await expect(openCausalData(path.join(root, "none"), tokenizer, corpus, long)).rejects.toThrow(
    "no file of the corpus has 10000000 tokens",
  );
});
