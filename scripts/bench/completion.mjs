// A completion model of ours beside the recipe of JBlitzar/code-completion in torch, on the same files, for equally much processor
// time: how many bits either needs for a byte of files that neither has read. Ours is a StarCoder2 of five million weights beside
// its embedding, with byte-level BPE; the other recipe is in peers/completion.py. Both read files without comments and docstrings,
// which that recipe throws away, split by files: its own split is by chunks, so that training saw the files it was measured on.
// Beside what it is, ours has a rate that falls as the budget is spent, where theirs stays, and no label smoothing, which costs
// theirs likelihood; and three times the weights within, since theirs spends most of its own on a large vocabulary.
// `--num-samples` is each side's processor seconds of training, default 3,000; both run at once, with a thread each.
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { finished } from "node:stream/promises";
import { loadTokenizer, openCorpus, readRows } from "selfalign";
import { bitsPerByte } from "../../dist/complete/analysis.js";
import { rateFactor } from "../../dist/grad/schedule.js";
import { causalBatch, openBatches } from "../../dist/train/batches.js";
import { causal } from "../../dist/train/causal.js";
import { splitChunks } from "../../dist/train/chunks.js";
import { openLearner } from "../../dist/train/learning.js";
import { causalModelOf, configFor, countParameters } from "../../dist/train/models.js";
import { readSources } from "../../dist/train/sources.js";
import { trainTokenizer } from "../../dist/train/tokenizer.js";
import { writeTokenizer } from "../../dist/train/tokenizerfile.js";
import { encodeTo, openTokens } from "../../dist/train/tokens.js";
import { RECIPE } from "../tiny/recipe.mjs";
import { askPython, need } from "./rig/python.mjs";

const SEED = 3407;
/** Every so many files one is kept apart. */
const VALIDATION = 100;
const SECONDS = 3_000;
const CONTEXT = 256;
const OURS = {
  config: {
    ...RECIPE.config,
    hidden_size: 256,
    intermediate_size: 1_024,
    num_hidden_layers: 7,
    num_attention_heads: 8,
  },
  vocabSize: 8_192,
  rows: 8,
  rate: 2e-3,
};
/** Shares of the budget in which the rate of ours rises and falls. */
const SCHEDULE = { warmup: 20, updates: 1_000 };

export async function bench({ corpus, files, size = SECONDS, python }) {
  need(python, ["torch"]);
  const folder = mkdtempSync(path.join(os.tmpdir(), "completion-"));
  try {
    const sides = await readSides(corpus, files, folder);
    const ended = await Promise.allSettled([trained(sides, size, folder), peer(python, sides, size)]);
    const rows = ended.map(({ status, value, reason }) => {
      if (status === "rejected") throw reason;
      return value;
    });
    const [ours, theirs] = rows.map((row) => row["bits per byte"]);
    return {
      rows,
      ratios: { "bits per byte, ours / theirs": ours / theirs },
      figures: {
        "learned from": told(sides.train),
        "measured on": `${told(sides.valid)}, without comments and docstrings as all of it`,
        "not in theirs":
          "spaces within lines and letters beyond ASCII; case and rare words are told apart, by tables of the files it learned from",
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const told = ({ files, bytes }) => `${files} files, ${(bytes / 1e6).toFixed(1)} MB`;

/** The files to learn from and those kept apart, as JSON lines. */
async function readSides(name, files, folder) {
  const side = (which) => {
    const file = path.join(folder, `${which}.jsonl`);
    return { file, stream: createWriteStream(file), files: 0, bytes: 0 };
  };
  const sides = { train: side("train"), valid: side("valid") };
  const rules = { unique: true, without: ["comments", "docstrings"] };
  let at = 0;
  for await (const { text } of readSources(await openCorpus(name), { seed: SEED, files, ...rules })) {
    const side = sides[at++ % VALIDATION === 0 ? "valid" : "train"];
    side.files++;
    side.bytes += Buffer.byteLength(text);
    if (!side.stream.write(`${JSON.stringify(text)}\n`))
      await new Promise((done) => side.stream.once("drain", done));
  }
  for (const { stream } of Object.values(sides)) {
    stream.end();
    await finished(stream);
  }
  return sides;
}

async function* filesOf({ file }) {
  let at = 0;
  for await (const text of readRows(file)) yield { key: String(at++), path: "", repository: "", text };
}

async function tokensOf(side, tokenizer, folder) {
  const store = path.join(folder, path.basename(side.file, ".jsonl"));
  await encodeTo(store, filesOf(side), tokenizer, { content: {}, enclosed: true, workers: 1 });
  return openTokens(store, tokenizer);
}

/** Ours after so many processor seconds. */
async function trained(sides, seconds, folder) {
  const texts = async function* () {
    for await (const { text } of filesOf(sides.train)) yield text;
  };
  const place = path.join(folder, "tokenizer");
  await writeTokenizer(await trainTokenizer(texts(), { vocabSize: OURS.vocabSize, workers: 1 }), place);
  const tokenizer = await loadTokenizer(place);
  const [train, valid] = [
    await tokensOf(sides.train, place, folder),
    await tokensOf(sides.valid, place, folder),
  ];
  const batchesOf = (tokens, seed) => {
    const { starts } = splitChunks(tokens.documents, { context: CONTEXT, share: 0, reachBack: true }).train;
    return openBatches(tokens, starts, { context: CONTEXT, rows: OURS.rows, seed });
  };
  const model = causalModelOf(configFor(OURS.config, tokenizer));
  const learner = await openLearner(causal(model), { seed: SEED, threads: 1 });
  try {
    const steps = await learn(learner, batchesOf(train, SEED), seconds);
    const { tokens } = valid.manifest;
    const loss = await streamLoss(learner, valid);
    const seen = (steps * OURS.rows * CONTEXT) / train.manifest.tokens;
    const parameters = countParameters(model);
    return {
      what: "ours",
      vocabulary: tokenizer.vocabSize,
      parameters,
      "without embedding": parameters - tokenizer.vocabSize * OURS.config.hidden_size,
      steps,
      "MB seen": rounded((seen * sides.train.bytes) / 1e6, 1),
      "bytes per token": rounded(sides.valid.bytes / tokens, 2),
      "bits per byte": rounded(bitsPerByte(loss, { tokens, bytes: sides.valid.bytes }), 4),
    };
  } finally {
    await learner.close();
    await Promise.all([train.close(), valid.close()]);
  }
}

/** Trains for so many processor seconds; gives the steps. */
async function learn(learner, batches, seconds) {
  const spent = processorSeconds();
  for (let step = 0; ; step++) {
    const share = spent() / seconds;
    if (share >= 1) return step;
    const batch = await batches.batch(Math.floor(step / batches.count), step % batches.count);
    const factor = rateFactor("cosine", share * SCHEDULE.updates, SCHEDULE);
    const { loss } = await learner.step([batch], OURS.rate * factor);
    if (step % 50 === 0)
      console.error(`ours: step ${step}, ${(100 * share).toFixed(0)} %, loss ${loss.toFixed(3)}`);
  }
}

function processorSeconds() {
  const begun = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1e6;
  };
}

/** Nats per token of all files, one behind the other: each token once, from its window's first on, as theirs is measured. */
async function streamLoss(learner, tokens) {
  let [sum, weights] = [0, 0];
  for (let start = 0; start + 1 < tokens.manifest.tokens; start += CONTEXT) {
    const end = Math.min(start + CONTEXT + 1, tokens.manifest.tokens);
    const { loss, weight } = await learner.evaluate(
      causalBatch([await tokens.read(start, end - start)], { rows: 1 }),
    );
    sum += loss * weight;
    weights += weight;
  }
  return sum / weights;
}

async function peer(python, { train, valid }, seconds) {
  const job = { train: train.file, valid: valid.file, seconds, threads: 1, seed: SEED };
  const told = await askPython(python, "completion.py", job);
  const bits = (nats) => rounded(nats / Math.LN2 / valid.bytes, 4);
  return {
    what: "code-completion's recipe",
    vocabulary: told.vocabulary,
    parameters: told.parameters,
    "without embedding": told.inside,
    steps: told.steps,
    "MB seen": rounded((told.seen * train.bytes) / 1e6, 1),
    "bytes per token": rounded(valid.bytes / told.tokens, 2),
    "bits per byte": bits(told.model),
    "with case and rare words": bits(told.model + told.case + told.unknown),
  };
}

const rounded = (number, digits) => Number(number.toFixed(digits));
