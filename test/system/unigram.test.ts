// T5's kind of tokenizer on the rules that T5 has, beside Python's `tokenizers`; and a T5 of random weights that reads and writes
// text by it, beside transformers, and learns by adapters. Runs on the compiled thread in dist.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { rewriteTo, type RewrittenRow } from "../../src/seq2seq/rewrite.js";
import { trainLoraTo } from "../../src/train/lorarun.js";
import { unigramDifferences, type UnigramGolden } from "../model/unigram-golden.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("transformers", "torch", "sentencepiece");
if (python === null) console.warn("skipped: no Python with transformers, torch and sentencepiece");

const folder = mkdtempSync(path.join(tmpdir(), "unigram-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);
const SCRIPT = path.resolve(import.meta.dirname, "../../scripts/golden/unigram.py");

/** Each character up to U+3000 that is no surrogate, between letters, and lines of the standard library. */
async function texts(): Promise<readonly string[]> {
  const characters = Array.from({ length: 0x3001 }, (_, code) => `a${String.fromCodePoint(code)}b`);
  const accents = characters.filter((_, at) => at % 7 === 0).map((text) => `${text}\u0301\r\n${text}`);
  const files = await collect((await openCorpus("stdlib")).files({ seed: 1 }));
  const lines = files.flatMap((item) => ("file" in item ? item.file.text.split("\n\n") : [])).slice(0, 4000);
  return [...characters, ...accents, ...lines];
}

const GENERATE = `
import json, sys
import torch
from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration
job = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(job["model"])
torch.manual_seed(1)
config = T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=48, num_heads=3, num_layers=2, decoder_start_token_id=0)
model = T5ForConditionalGeneration(config).eval()
with torch.no_grad():
    for name, weight in model.named_parameters():
        weight.normal_(1.0 if "norm" in name else 0.0, 0.3)
model.save_pretrained(job["model"])
written = {}
for beams in job["beams"]:
    rows = [model.generate(**tokenizer(text, return_tensors="pt"), num_beams=beams, max_new_tokens=24)[0] for text in job["texts"]]
    written[beams] = [tokenizer.decode(row, skip_special_tokens=True, clean_up_tokenization_spaces=False) for row in rows]
print(json.dumps(written))
`;

const INTENTS = [
  "sort a list of dictionaries `l` by key 'name'",
  "Read file  line by\nline",
  "½ of 'ﬁles'",
  "<extra_id_0> of a list",
  "-------- x ========",
];

describe.skipIf(python === null)("a tokenizer with T5's rules", () => {
  beforeAll(async () => {
    writeFileSync(at("texts.json"), JSON.stringify(await texts()));
    const { status, stderr } = spawnSync(
      python ?? "",
      [SCRIPT, at("tokenizer"), "nmt_nfkc", at("texts.json")],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    mkdirSync(at("model"));
    cpSync(at("tokenizer/tokenizer.json"), at("model/tokenizer.json"));
    const special = { eos_token: "</s>", pad_token: "<pad>", unk_token: "<unk>" };
    const settings = { ...special, tokenizer_class: "T5Tokenizer" };
    writeFileSync(at("model/tokenizer_config.json"), JSON.stringify(settings));
  }, 300_000);

  it.each(["tokenizer.json", "later.json"])("is equal to Python's: %s", async (name) => {
    const golden = JSON.parse(readFileSync(at("tokenizer/golden.json"), "utf8")) as UnigramGolden;
    const cases = name === "later.json" ? golden.other : golden.cases;
    expect(cases.length).toBeGreaterThan(16_000);
    expect(unigramDifferences(await loadTokenizer(at(`tokenizer/${name}`)), cases)).toEqual([]);
  });

  it("lets a T5 write what transformers writes, greedily and by beams, and learn", async () => {
    const job = { model: at("model"), texts: INTENTS, beams: [1, 4] };
    const theirs = askPython(python ?? "", GENERATE, job) as Readonly<Record<string, readonly string[]>>;
    writeFileSync(at("in.jsonl"), INTENTS.map((text, id) => `${JSON.stringify({ id, text })}\n`).join(""));
    for (const numBeams of [1, 4]) {
      const out = at(`out-${numBeams}.jsonl`);
      const quiet = { threads: 1, draw: () => undefined };
      await rewriteTo(at("model"), at("in.jsonl"), out, { ...quiet, numBeams, maxTokens: 24 });
      const rows = readFileSync(out, "utf8").trimEnd().split("\n");
      expect(rows.map((row) => (JSON.parse(row) as RewrittenRow).text)).toEqual(theirs[numBeams]);
    }
    expect(new Set(theirs["1"]).size).toBeGreaterThan(2);

    const lesson = (prompt: string): string => `${JSON.stringify({ prompt, completion: `do ${prompt}` })}\n`;
    writeFileSync(at("data.jsonl"), INTENTS.map(lesson).join(""));
    const given = { context: 64, rows: 2, accumulation: 1, steps: 30, rate: 2e-2, evaluateEvery: 15 };
    const how = { ...given, validation: 0, threads: 1, draw: () => undefined };
    const run = await trainLoraTo(at("model"), at("data.jsonl"), at("lora"), how);
    expect(run).toMatchObject({ lessons: 5, dropped: {} });
    expect(readFileSync(at("lora/tokenizer/tokenizer.json"))).toEqual(
      readFileSync(at("model/tokenizer.json")),
    );
  });
});
