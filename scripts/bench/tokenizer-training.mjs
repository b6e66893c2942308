// Training a byte-level BPE tokenizer and encoding the corpus with it, ours beside Python's `tokenizers`, each on one thread and
// on all, each in a process of its own that reads the same JSON lines. `--num-samples` is the size of the vocabulary.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { openCorpus } from "selfalign";
import { askPython, need } from "./rig/python.mjs";

const SEED = 3407;

export async function bench({ python, corpus, files, size = 32_000 }) {
  need(python, ["tokenizers"]);
  const folder = mkdtempSync(path.join(os.tmpdir(), "training-"));
  try {
    const texts = path.join(folder, "texts.jsonl");
    const written = await writeTexts(corpus, files, texts);
    const threads = os.availableParallelism();
    const rows = [];
    for (const workers of [1, threads]) {
      const job = { texts, vocabSize: size, workers, folder: path.join(folder, `ours-${workers}`) };
      rows.push(rowOf("ours", workers, written, await askNode(job)));
      rows.push(rowOf("tokenizers", workers, written, await askPython(python, "tokenizer_training.py", job)));
    }
    const ratio = (key, a, b) => rows[a][key] / rows[b][key];
    return {
      rows,
      ratios: {
        "training, 1 thread: tokenizers' processor seconds / ours": ratio("trainCpu", 1, 0),
        "training: tokenizers' seconds on all threads / ours on one": ratio("train", 3, 0),
        "training: tokenizers' seconds on all threads / ours": ratio("train", 3, 2),
        "encoding, 1 thread: tokenizers' processor seconds / ours": ratio("encodeCpu", 1, 0),
        "encoding: tokenizers' seconds on all threads / ours": ratio("encode", 3, 2),
      },
      figures: {
        ...written,
        "same tokenizer.json": rows.every(({ tokenizer }) => tokenizer === rows[0].tokenizer),
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The texts as JSON lines, and how much that is. */
async function writeTexts(name, files, file) {
  const out = createWriteStream(file);
  const corpus = await openCorpus(name);
  let [count, bytes] = [0, 0];
  for await (const item of corpus.files({ seed: SEED })) {
    if (!("file" in item)) continue;
    count++;
    bytes += Buffer.byteLength(item.file.text);
    if (!out.write(`${JSON.stringify(item.file.text)}\n`)) await once(out, "drain");
    if (count === files) break;
  }
  out.end();
  await once(out, "close");
  return { files: count, MB: Math.round(bytes / 1e6) };
}

async function askNode(job) {
  const script = path.join(import.meta.dirname, "rig/train-tokenizer.mjs");
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(job));
  return JSON.parse(await text(child.stdout));
}

/** Seconds, processor seconds, and megabytes of memory at most while training. */
function rowOf(what, threads, { MB }, { train, trainCpu, peakMB, encode, encodeCpu, tokens, tokenizer }) {
  const rounded = (seconds) => Math.round(seconds * 100) / 100;
  return {
    what,
    threads,
    train: rounded(train),
    trainCpu: rounded(trainCpu),
    peakMB: Math.round(peakMB),
    encode: rounded(encode),
    encodeCpu: rounded(encodeCpu),
    "encode MB/s": rounded(MB / encode),
    tokens,
    tokenizer: tokenizer.slice(0, 8),
  };
}
