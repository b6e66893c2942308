// Our tokenizer trainer, stores and batches against Python: tokenizers trains on CPython's own files, transformers loads what we
// wrote and cuts pieces as the Hugging Face course does, torch computes the course's weighted loss.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import type { SourceFile } from "../../src/core/record.js";
import { uniforms } from "../../src/core/random.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { causalBatch } from "../../src/train/batches.js";
import { splitChunks } from "../../src/train/chunks.js";
import { keyTokensOf } from "../../src/train/keytokens.js";
import { readSources } from "../../src/train/sources.js";
import { encodeTo, openTokens } from "../../src/train/tokens.js";
import { trainTokenizerTo } from "../../src/train/tokenizer.js";
import { askPython, pythonWith } from "./python.js";

const TRAIN = `
import json, sys
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
job = json.load(sys.stdin)
tokenizer = Tokenizer(models.BPE())
words = pre_tokenizers.ByteLevel(add_prefix_space=False)
digits = pre_tokenizers.Digits(individual_digits=True)
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, words]) if job["single"] else words
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(vocab_size=job["vocabSize"], min_frequency=2, special_tokens=["<|endoftext|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
tokenizer.train_from_iterator(json.load(open(job["texts"])), trainer)
print(tokenizer.to_str())
`;

const CUT = `
import json, sys
from transformers import AutoTokenizer
job = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(job["folder"])
texts = json.load(open(job["texts"]))
cut = tokenizer(texts, truncation=True, max_length=128, return_overflowing_tokens=True, return_length=True)
whole = [ids for ids, length in zip(cut["input_ids"], cut["length"]) if length == 128]
several = [word for word in job["words"] if len(tokenizer(word)["input_ids"]) != 1]
json.dump({"pieces": whole, "ends": [tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id],
    "several": several, "backend": tokenizer.is_fast}, sys.stdout)
`;

const LOSS = `
import json, sys, torch
job = json.load(sys.stdin)
inputs, logits = torch.tensor(job["ids"]), torch.tensor(job["logits"])
each = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), inputs[:, 1:], reduction="none")
keys = sum((inputs == key).sum(1) for key in job["keys"])
weighted = (each.mean(1) * job["alpha"] * (1.0 + keys)).mean()
flat = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(job["targets"]), reduction="none")
ours = (flat * torch.tensor(job["weights"])).sum() / job["denominator"]
print(json.dumps([weighted.item(), ours.item()]))
`;

const root = mkdtempSync(path.join(os.tmpdir(), "training-"));
afterAll(() => rmSync(root, { recursive: true }));

const python = pythonWith("tokenizers", "transformers", "torch") ?? "";
if (python === "")
  console.warn("skipped: no Python with tokenizers, transformers and torch; SELFALIGN_PYTHON may name one");

const textsFile = path.join(root, "texts.json");
async function writeTexts(most = Infinity): Promise<readonly SourceFile[]> {
  const files = await collect(readSources(await openCorpus("stdlib"), { files: most }));
  writeFileSync(textsFile, JSON.stringify(files.map(({ text }) => text)));
  return files;
}

// eslint-disable-next-line @typescript-eslint/require-await -- files come asynchronously
async function* these(files: readonly SourceFile[]): AsyncGenerator<SourceFile> {
  yield* files;
}

describe.skipIf(python === "")("a tokenizer trained on the standard library", () => {
  it.each(["words", "single"] as const)("is that of tokenizers, to the file: %s", async (digits) => {
    await writeTexts();
    const folder = path.join(root, digits);
    await trainTokenizerTo("stdlib", folder, { vocabSize: 12_000, digits });
    const job = { texts: textsFile, vocabSize: 12_000, single: digits === "single" };
    const theirs = askPython(python, TRAIN, job);
    const ours: unknown = JSON.parse(readFileSync(path.join(folder, "tokenizer.json"), "utf8"));
    expect(ours).toEqual(theirs);
  });

  it("is loaded by transformers, which cuts the same pieces and finds the same key tokens", async () => {
    const files = await writeTexts(120);
    const folder = path.join(root, "pieces");
    await trainTokenizerTo("stdlib", folder, { vocabSize: 2_000 });
    const store = path.join(root, "store");
    await encodeTo(store, these(files), folder, { content: {} });
    const tokens = await openTokens(store, folder);
    const { train } = splitChunks(tokens.documents, { context: 128, share: 0 });
    const pieces = await Promise.all([...train.starts].map((start) => tokens.read(start, 128)));
    await tokens.close();
    const words = ["self", " self", "return", " zzzz", "testtest"];
    const theirs = askPython(python, CUT, { folder, texts: textsFile, words }) as {
      pieces: number[][];
      ends: number[];
      several: string[];
    };
    expect(pieces.length).toBeGreaterThan(3_000);
    expect(pieces.map((ids) => ids.join())).toEqual(theirs.pieces.map((ids) => ids.join()));
    const tokenizer = await loadTokenizer(folder);
    expect(theirs.ends).toEqual([tokenizer.special.bos, tokenizer.special.eos[0], tokenizer.special.pad]);
    expect(keyTokensOf(tokenizer, words).several).toEqual(theirs.several);
    expect(theirs.several).toContain("testtest");
  });
});

it.skipIf(python === "")("weighs key tokens to the course's loss", () => {
  const next = uniforms(5, "loss");
  const [rows, length, vocabulary, alpha] = [6, 16, 11, 0.7];
  const ids = Array.from({ length: rows }, () =>
    Uint16Array.from({ length }, () => Math.floor(next() * vocabulary)),
  );
  const logits = ids.map((row) =>
    Array.from(row, () => Array.from({ length: vocabulary }, () => 6 * next() - 3)),
  );
  const keys = [2, 7, 9];
  const batch = causalBatch(ids, { rows, keyTokens: { ids: keys, alpha } });
  const numbers = (name: string) => Array.from(batch[name]?.data ?? [], Number);
  const [theirs = 0, ours = 1] = askPython(python, LOSS, {
    ids: ids.map((row) => Array.from(row)),
    logits,
    keys,
    alpha,
    targets: numbers("targets"),
    weights: numbers("weights"),
    denominator: numbers("denominator")[0],
  }) as number[];
  expect(ours).toBeCloseTo(theirs, 5);
  expect(theirs).toBeGreaterThan(3);
});
