// The files of a training run's corpus as tokens, on the side that each was on: the same split, made again.
import path from "node:path";
import { openCorpus } from "selfalign";
import { splitChunks } from "../../dist/train/chunks.js";
import { openTokens } from "../../dist/train/tokens.js";

/** `{ train, valid }`, each `{ path, bytes, ids }` of its files in the corpus's order of paths. */
export async function sidesOf(folder, { context, validation, seed, wholeFiles }) {
  const tokens = await openTokens(path.join(folder, "tokens"), path.join(folder, "tokenizer"));
  const options = { context, share: validation, seed, reachBack: wholeFiles };
  const kept = new Set(splitChunks(tokens.documents, options).valid.starts);
  const bytes = await bytesByPath();
  const sides = { train: [], valid: [] };
  let start = 0;
  for (const document of tokens.documents) {
    const ids = await tokens.read(start, document.tokens);
    const file = { path: document.path, bytes: bytes.get(document.path), ids };
    sides[kept.has(start) ? "valid" : "train"].push(file);
    start += document.tokens;
  }
  await tokens.close();
  for (const files of Object.values(sides)) files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return sides;
}

async function bytesByPath() {
  const bytes = new Map();
  for await (const item of (await openCorpus("stdlib")).files({ seed: 0 }))
    if ("file" in item) bytes.set(item.file.path, Buffer.byteLength(item.file.text));
  return bytes;
}
