// The StarCoder2 that comes with the package, as a user gets at it: its size, what it expects of files that it has not seen, and
// that transformers agrees.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { openStdlib } from "../../src/corpus/stdlib.js";
import { openEngine } from "../../src/engine/open.js";
import { convertModel } from "../../src/model/conversion.js";
import { writeTinyModel } from "../../src/model/tiny.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { from } from "../engine/asking.js";
import { askPython, pythonWith } from "./python.js";
import { ROOT } from "./whole-run.js";

const TINY = path.join(ROOT, "data/models/starcoder2-tiny");
const log = JSON.parse(readFileSync(path.join(TINY, "training.json"), "utf8")) as {
  readonly heldOut: Readonly<Record<string, number>>;
  readonly bitsPerByte: { readonly fp32: number; readonly int8: number; readonly fiveGram: number };
};
const FILE = "linecache.py";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-tiny-"));
const at = (name: string): string => path.join(base, name);
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(() => writeTinyModel(at("tiny")));

it("takes six megabytes at most, and kept what its log says", () => {
  const bytes = readdirSync(TINY).reduce((sum, name) => sum + statSync(path.join(TINY, name)).size, 0);
  expect(bytes).toBeLessThan(6e6);
  const { fp32, int8, fiveGram } = log.bitsPerByte;
  expect(int8 / fiveGram).toBeLessThan(0.8);
  expect(Math.abs(int8 / fp32 - 1)).toBeLessThan(0.01);
});

it("expects a held-out file as it did, from its first token to the one that ends it, in int8 and in transformers", async (context) => {
  expect(Object.keys(log.heldOut)).toContain(FILE);
  let text = "";
  for await (const item of (await openStdlib()).files({ seed: 0 }))
    if ("file" in item && item.file.path === FILE) text = item.file.text;
  const bytes = Buffer.byteLength(text);
  expect(bytes).toBe(log.heldOut[FILE]);
  const tokenizer = await loadTokenizer(at("tiny"));
  const [end = -1] = tokenizer.special.eos;
  const ids = [...tokenizer.encode(text, { specialAsText: true }), end];
  const { folder } = await convertModel(at("tiny"), at("int8"), { dtype: "int8" });
  const engine = await openEngine(`local:${folder}`);
  const [scored] = await collect(engine.score(from([{ key: FILE, prompt: [end], text: ids }])));
  const written = await collect(
    engine.generate(
      from([
        {
          key: "f",
          prompt: "def area(width, height):",
          maxTokens: 30,
          temperature: 0,
          topP: 1,
          stop: [],
          seed: 1,
        },
      ]),
    ),
  );
  await engine.close();
  if (scored === undefined || !("nll" in scored)) throw new Error("no score");
  const bits = (scored.nll * ids.length) / Math.LN2 / bytes;
  expect(bits).toBeLessThan(log.bitsPerByte.fiveGram);
  expect(written[0]).toMatchObject({ text: expect.stringMatching(/^\n {4}\S/) as string });

  const python = pythonWith("torch", "transformers");
  if (python === null) return context.skip("no Python with transformers; SELFALIGN_PYTHON may name one");
  const theirs = askPython(
    python,
    `import json, sys, torch
from transformers import AutoModelForCausalLM
job = json.load(sys.stdin)
model = AutoModelForCausalLM.from_pretrained(job["folder"])
ids = torch.tensor([job["ids"]])
with torch.no_grad():
    print(json.dumps(model(input_ids=ids, labels=ids).loss.item()))`,
    { folder: at("tiny"), ids: [end, ...ids] },
  ) as number;
  expect(Math.abs(scored.nll / theirs - 1)).toBeLessThan(0.01);
});
