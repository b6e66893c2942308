import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { openCausalData } from "../../src/train/causaldata.js";
import type { Batch } from "../../src/train/learner.js";

const tokenizer = path.resolve(import.meta.dirname, "../fixtures/tokenizer/tokenizer.json");
const root = mkdtempSync(path.join(os.tmpdir(), "data-"));
afterAll(() => rmSync(root, { recursive: true }));

const options = { files: 12, mentions: ["import re"], context: 64, rows: 8, share: 0.2, seed: 4, workers: 1 };
const numbers = (batch: Batch, name: string) => Array.from(batch[name]?.data ?? [], Number);

it("leads from a corpus's name to batches, and accounts for every file and token", async () => {
  const folder = path.join(root, "store");
  const data = await openCausalData(folder, tokenizer, options);
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
  const again = await openCausalData(folder, tokenizer, options);
  expect(again.stats).toEqual(data.stats);
  expect(await again.train.batch(0, 0)).toEqual(batch);
  await again.close();
  const shuffled = await openCausalData(folder, tokenizer, { ...options, seed: 5 });
  expect(shuffled.stats).toEqual(data.stats);
  expect(await shuffled.train.batch(0, 0)).not.toEqual(batch);
  await shuffled.close();
  await expect(openCausalData(folder, tokenizer, { ...options, files: 13 })).rejects.toThrow(
    "files was 12 and is now 13",
  );
});

it("weighs samples by their key words while training, and none in validation", async () => {
  const keyed = { ...options, keyWords: [" self", "antidisestablishment"], alpha: 0.5 };
  const data = await openCausalData(path.join(root, "keyed"), tokenizer, keyed);
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

it("refuses a corpus without one sample", async () => {
  const long = { ...options, files: 1, context: 10_000_000 };
  await expect(openCausalData(path.join(root, "none"), tokenizer, long)).rejects.toThrow(
    "no file of the corpus has 10000000 tokens",
  );
});
