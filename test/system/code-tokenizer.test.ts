// The tokenizer of code pieces against Python's own reading of the same files, and in a model's life: trained with, run with.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { trainCodeTokenizer, trainCodeTokenizerTo } from "../../src/complete/tokenizer.js";
import { collect } from "../../src/core/collect.js";
import { openCorpus } from "../../src/corpus/open.js";
import { openLocal } from "../../src/engine/local.js";
import { convertModel } from "../../src/model/conversion.js";
import { tokenOfPiece } from "../../src/model/piecesfile.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { REMARKS, withoutRemarks } from "../../src/python/remarks.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { trainCausalTo } from "../../src/train/causalrun.js";
import { readMetrics } from "../../src/train/metrics.js";
import { frequenciesOf } from "../../src/train/frequencies.js";
import { readSources, textsOf } from "../../src/train/sources.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("ast", "tokenize", "unicodedata");
const script = (name: string) => readFileSync(path.join(import.meta.dirname, name), "utf8");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-pieces-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Enough for a minute; all files of the library gave no other verdicts. */
const FILES = 200;
let texts: readonly string[] = [];
beforeAll(async () => {
  await loadGrammar();
  texts = await collect(textsOf(readSources(await openCorpus("stdlib"), { files: FILES })));
});

it.skipIf(python === null)("counts the pieces that a scanner in Python counts", async () => {
  // What its Unicode lacks is in no file but this one.
  const read = texts.filter((text) => !text.includes("unidata_version"));
  const asked = askPython(python ?? "", script("pieces.py"), read) as { counts: Record<string, number> };
  const expected = new Map(Object.entries(asked.counts));
  const { frequencies } = await frequenciesOf(Readable.from(read), "pieces", { workers: 1 });
  expect([...expected].filter(([piece, count]) => frequencies.get(piece) !== count)).toEqual([]);
  expect(frequencies.size).toBe(expected.size);
  // And the vocabulary has each that is there ten times.
  const { tokens } = await trainCodeTokenizer(Readable.from(read), { workers: 1 });
  const known = new Set(tokens);
  const wanted = [...expected].filter(([piece, count]) => count >= 10 && Buffer.byteLength(piece) > 1);
  expect(wanted.length).toBeGreaterThan(2_000);
  expect(wanted.filter(([piece]) => !known.has(tokenOfPiece(piece)))).toEqual([]);
});

it.skipIf(python === null).each([["comments"], ["docstrings"], REMARKS].map((remarks) => ({ remarks })))(
  "takes out what Python's tokenize and ast call $remarks, and nothing else",
  ({ remarks: given }) => {
    const remarks = REMARKS.filter((remark) => given.some((one) => one === remark));
    const jobs = texts.map((text) => [remarks, text, withoutRemarks(text, remarks) ?? ""]);
    const verdicts = askPython(python ?? "", script("remarks.py"), jobs) as (string | null)[];
    const wrong = verdicts.flatMap((verdict, at) =>
      verdict === null || verdict === "unread" ? [] : [{ verdict, text: texts[at]?.slice(0, 200) }],
    );
    expect(wrong).toEqual([]);
    // An older Python than the library's can't read a few of its files.
    expect(verdicts.filter((verdict) => verdict === null).length).toBeGreaterThan(0.95 * texts.length);
  },
);

it("serves a model: its files are encoded with it, and prompts are completed", async () => {
  const tokenizer = path.join(base, "tokenizer");
  const sources = { files: 40, without: ["comments", "docstrings"] } as const;
  await trainCodeTokenizerTo("stdlib", tokenizer, { ...sources, vocabSize: 1_000 });
  const options = { preset: "tiny", tokenizer, steps: 30, context: 32, rows: 8, evaluateEvery: 30 } as const;
  const run = await trainCausalTo("stdlib", path.join(base, "run"), { ...options, ...sources });
  expect(run.data.sources).toMatchObject({ kept: 40, unparsed: 0 });
  const losses = (await readMetrics(path.join(base, "run/training/metrics.jsonl"))).map(
    ({ loss }) => loss ?? 0,
  );
  expect(losses.at(-1)).toBeLessThan((losses[1] ?? 0) - 1);
  const folder = path.join(base, "int8");
  await convertModel(run.model ?? "", folder, { dtype: "int8", device: "cpu" });
  const engine = await openLocal(folder, { threads: 1 });
  try {
    const request = {
      key: "one",
      prompt: "import os\n\n\nclass FooBar(",
      maxTokens: 20,
      temperature: 0,
      topP: 1,
    };
    const requests = Readable.from([{ ...request, stop: [], seed: 0 }]);
    const [answer] = await collect(engine.generate(requests));
    if (answer === undefined || !("text" in answer)) throw new Error(JSON.stringify(answer));
    const { encode, decode } = await loadTokenizer(folder);
    expect(answer.promptTokens).toBe(encode(request.prompt).length);
    expect(answer.text).toBe(decode(answer.tokens ?? []));
    expect(answer.text).not.toBe("");
  } finally {
    await engine.close();
  }
});
