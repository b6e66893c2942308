// Our tokenizer on StarCoder2's real vocabulary, which is not ours to ship, against its published test vectors and against
// Python's `tokenizers` on a thousand Python files. `npm run bench -- tokenizer` measures the same with figures.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { askPython, pythonWith } from "./python.js";

const data = path.resolve(import.meta.dirname, "../../../shared/data/tokenizer");
const file = path.join(data, "starcoder2-tokenizer.json");
const here = existsSync(file);
if (!here) console.warn(`skipped: no vocabulary of StarCoder2 at ${file}`);

const FILES = 1_000;
const ENCODE = `
import json, sys
from tokenizers import Tokenizer
job = json.load(sys.stdin)
tokenizer = Tokenizer.from_file(job["file"])
ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in json.load(open(job["texts"]))]
same = [[tokenizer.decode(row, skip_special_tokens=skip) for row in ids] for skip in (True, False)]
json.dump({"ids": ids, "shown": same[0], "decoded": same[1]}, open(job["out"], "w"))
print("null")
`;

const folder = mkdtempSync(path.join(os.tmpdir(), "tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!here)("with the vocabulary of StarCoder2", () => {
  it("gives the ids of all 47 test vectors", async () => {
    const texts = readFileSync(path.join(data, "starcoder.gguf.inp"), "utf8").split(
      "\n__ggml_vocab_test__\n",
    );
    const ids = readFileSync(path.join(data, "starcoder.gguf.out"), "utf8")
      .split("\n")
      .slice(0, texts.length);
    expect(texts).toHaveLength(47);
    const tokenizer = await loadTokenizer(file);
    expect(tokenizer.vocabSize).toBe(49_152);
    expect(texts.map((text) => tokenizer.encode(text).join(" "))).toEqual(ids.map((line) => line.trim()));
    expect(texts.map((text) => tokenizer.decode(tokenizer.encode(text)))).toEqual(texts);
  });

  it(`is equal to Python's on ${FILES} files`, async (context) => {
    const python = pythonWith("tokenizers");
    if (python === null) return context.skip("no Python with tokenizers; SELFALIGN_PYTHON may name one");
    const texts = await pythonFiles(python);
    expect(texts).toHaveLength(FILES);
    const [asked, out] = [path.join(folder, "texts.json"), path.join(folder, "out.json")];
    writeFileSync(asked, JSON.stringify(texts));
    askPython(python, ENCODE, { file, texts: asked, out });
    const theirs = JSON.parse(readFileSync(out, "utf8")) as {
      readonly ids: readonly number[][];
      readonly shown: readonly string[];
      readonly decoded: readonly string[];
    };
    const tokenizer = await loadTokenizer(file);
    const different = texts.filter((text, at) => {
      const ids = tokenizer.encode(text);
      const same =
        ids.join() === theirs.ids[at]?.join() &&
        tokenizer.decode(ids) === theirs.shown[at] &&
        tokenizer.decode(ids, { skipSpecial: false }) === theirs.decoded[at] &&
        theirs.decoded[at] === text;
      return !same;
    });
    expect(different).toEqual([]);
  });
});

/** The embedded standard library, and as many of the interpreter's own packages as are missing. */
async function pythonFiles(python: string): Promise<string[]> {
  const packages = askPython(
    python,
    `import json, os, tokenizers; print(json.dumps(os.path.dirname(os.path.dirname(tokenizers.__file__))))`,
  );
  const texts: string[] = [];
  for (const name of ["stdlib", `folder:${String(packages)}`]) {
    const items = await collect((await openCorpus(name)).files({ seed: 1 }));
    texts.push(...items.flatMap((item) => ("file" in item ? [item.file.text] : [])));
  }
  return texts.slice(0, FILES);
}
