// Our tokenizer beside @huggingface/tokenizers and Python's `tokenizers` (Rust, one thread): Python files through each,
// tokens per processor second, and the files whose ids are those of Python. `--tokenizer` names a model's tokenizer.json.
import { readFileSync } from "node:fs";
import path from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { openCorpus } from "selfalign";
import { loadTokenizer } from "../../dist/model/tokenizer.js";
import { askPython, need } from "./rig/python.mjs";

const SEED = 3407;
const SMALL = path.join(import.meta.dirname, "../../test/fixtures/tokenizer/tokenizer.json");

export async function bench({ python, corpus, files, tokenizer = SMALL }) {
  need(python, ["tokenizers"]);
  const file = path.resolve(tokenizer);
  const texts = await textsOf(corpus, files);
  const ours = await measured(texts, async () => {
    const one = await loadTokenizer(file);
    return {
      encode: (text) => one.encode(text),
      decode: (ids) => one.decode(ids, { skipSpecial: false }),
    };
  });
  const javascript = await measured(texts, () => {
    const one = new Tokenizer(JSON.parse(readFileSync(file, "utf8")), {});
    return {
      encode: (text) => one.encode(text, { add_special_tokens: false }).ids,
      // It refuses to decode nothing.
      decode: (ids) => (ids.length === 0 ? "" : one.decode(ids, { skip_special_tokens: false })),
    };
  });
  const rust = await askPython(python, "tokenizer.py", { file, texts });
  const rows = [
    rowOf("ours", ours, rust),
    rowOf("@huggingface/tokenizers", javascript, rust),
    rowOf("tokenizers (Python)", rust, rust),
  ];
  const per = (key) => ({
    [`${key}: ours / @huggingface/tokenizers`]: rows[0][key] / rows[1][key],
    [`${key}: ours / tokenizers (Python)`]: rows[0][key] / rows[2][key],
  });
  return {
    rows,
    ratios: { ...per("first"), ...per("again"), ...per("decode") },
    figures: {
      files: texts.length,
      characters: texts.reduce((sum, { length }) => sum + length, 0),
      "files that we decode to their text": texts.filter((text, at) => text === ours.texts[at]).length,
    },
  };
}

async function textsOf(name, files) {
  const corpus = await openCorpus(name);
  const texts = [];
  for await (const item of corpus.files({ seed: SEED })) {
    if ("file" in item) texts.push(item.file.text);
    if (texts.length === files) break;
  }
  return texts;
}

/** Processor seconds of each step, and what it made. */
async function measured(texts, load) {
  const one = await timed(load);
  const first = await timed(() => texts.map(one.result.encode));
  const again = await timed(() => texts.map(one.result.encode));
  const decode = await timed(() => first.result.map(one.result.decode));
  return {
    ids: first.result,
    texts: decode.result,
    load: one.seconds,
    first: first.seconds,
    again: again.seconds,
    decode: decode.seconds,
  };
}

async function timed(work) {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (user + system) / 1e6 };
}

/** Thousands of tokens per processor second; the load in milliseconds. */
function rowOf(what, { ids, load, first, again, decode }, rust) {
  const tokens = ids.reduce((sum, { length }) => sum + length, 0);
  const speed = (seconds) => Math.round(tokens / seconds / 1e3);
  const equal = ids.filter((row, at) => row.join() === rust.ids[at].join()).length;
  return {
    what,
    tokens,
    "files as Python": equal,
    loadMs: Math.round(load * 1e3),
    first: speed(first),
    again: speed(again),
    decode: speed(decode),
  };
}
