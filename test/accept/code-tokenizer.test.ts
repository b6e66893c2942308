// Real code through the tokenizer of code pieces and back, 5,000 files and more: SELFALIGN_CODE names a folder with them. Learned
// from a part of the files, tried on all. Prints what it measured.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { trainCodeTokenizerTo } from "../../src/complete/tokenizer.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { readSources } from "../../src/train/sources.js";

const { SELFALIGN_CODE = "" } = process.env;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-accept-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

if (SELFALIGN_CODE === "") console.warn("SELFALIGN_CODE names no folder of code: real files are not tried");

it.skipIf(SELFALIGN_CODE === "").each([
  ["all that is frequent", {}],
  ["at most 4,096 tokens", { vocabSize: 4_096 }],
])("gives 5,000 real files back: %s", async (name, options) => {
  const spec = `folder:${SELFALIGN_CODE}`;
  const { tokens: vocabulary } = await trainCodeTokenizerTo(spec, base, { files: 1_000, ...options });
  const { encode, decode } = await loadTokenizer(base);
  let [files, bytes, tokens] = [0, 0, 0];
  const wrong: string[] = [];
  for await (const { text, path: file } of readSources(await openCorpus(spec))) {
    const ids = encode(text, { specialAsText: true });
    if (decode(ids) !== text) wrong.push(file);
    files++;
    bytes += Buffer.byteLength(text);
    tokens += ids.length;
  }
  expect(wrong).toEqual([]);
  expect(files).toBeGreaterThanOrEqual(5_000);
  const each = (bytes / tokens).toFixed(3);
  console.log(`${name}: ${files} files, ${vocabulary} tokens in the vocabulary, ${each} bytes a token`);
});
