// The tokenizer of code pieces beside BPE of an equally large vocabulary, learned from the same files: how long files that
// neither has seen become, and how fast. With `--steps N` a small model is trained on each, equal but for its embedding, over
// equally many bytes of the same text: N steps with BPE. What can be compared is bits per byte; a loss per token can't.
// `--num-samples` is the size of the vocabulary, default all pieces that the files have ten times.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadTokenizer, openCorpus, PRESETS } from "selfalign";
import { bitsPerByte, lengthStats } from "../../dist/complete/analysis.js";
import { trainCodeTokenizer, writeCodeTokenizer } from "../../dist/complete/tokenizer.js";
import { rateFactor } from "../../dist/grad/schedule.js";
import { openBatches } from "../../dist/train/batches.js";
import { causal } from "../../dist/train/causal.js";
import { splitChunks } from "../../dist/train/chunks.js";
import { openLearner } from "../../dist/train/learning.js";
import { causalModelOf, configFor, countParameters } from "../../dist/train/models.js";
import { readSources } from "../../dist/train/sources.js";
import { trainTokenizer } from "../../dist/train/tokenizer.js";
import { writeTokenizer } from "../../dist/train/tokenizerfile.js";
import { encodeTo, openTokens } from "../../dist/train/tokens.js";

const SEED = 3407;
/** Every so many files one is kept apart. */
const VALIDATION = 20;
/** Of encoding: rounds, which alternate, and the best counts. */
const ROUNDS = 3;
const MODEL = PRESETS.tiny;

export async function bench({ corpus, files, size, steps }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "code-tokenizer-"));
  try {
    const sides = await readSides(corpus, files);
    const tokenizers = await learnBoth(sides.train, size, folder);
    const rows = tokenizers.map(({ name, tokenizer }) => lengthRow(name, tokenizer, sides.valid));
    const rates = encodeRates(tokenizers, sides.valid);
    for (const [at, row] of rows.entries()) row["encode MB/s"] = rates[at];
    if (steps !== undefined) {
      const bytes = steps * tokensOfStep() * rows[1]["bytes per token"];
      for (const [at, { name, place, tokenizer }] of tokenizers.entries()) {
        const own = Math.round(bytes / tokensOfStep() / rows[at]["bytes per token"]);
        Object.assign(rows[at], await trained(name, place, tokenizer, sides, own, folder));
      }
    }
    return { rows, ratios: ratiosOf(rows), figures: figuresOf(sides) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const tokensOfStep = () => MODEL.rows * MODEL.context;
const bytesOf = (files) => files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
const rounded = (number, digits = 3) => Number(number.toFixed(digits));

/** The files to learn from and those kept apart; equal contents come once, so that no copy is on both sides. */
async function readSides(name, files) {
  const sides = { train: [], valid: [] };
  let at = 0;
  for await (const file of readSources(await openCorpus(name), { seed: SEED, files, unique: true }))
    sides[at++ % VALIDATION === 0 ? "valid" : "train"].push(file);
  return sides;
}

async function learnBoth(files, vocabSize, folder) {
  const texts = async function* () {
    for (const { text } of files) yield text;
  };
  const [code, bpe] = ["code", "bpe"].map((name) => path.join(folder, name));
  const pieces = await trainCodeTokenizer(texts(), vocabSize === undefined ? {} : { vocabSize });
  await writeCodeTokenizer(pieces, code);
  await writeTokenizer(await trainTokenizer(texts(), { vocabSize: pieces.tokens.length }), bpe);
  return [
    { name: "code pieces", place: code, tokenizer: await loadTokenizer(code) },
    { name: "BPE", place: bpe, tokenizer: await loadTokenizer(bpe) },
  ];
}

const encoded = (tokenizer, text) => tokenizer.encode(text, { specialAsText: true });

function lengthRow(what, tokenizer, files) {
  const stats = lengthStats(
    files.map(({ text }) => ({ bytes: Buffer.byteLength(text), tokens: encoded(tokenizer, text).length })),
  );
  return {
    what,
    vocabulary: tokenizer.vocabSize,
    "tokens per file": Math.round(stats.meanTokens),
    "bytes per token": rounded(stats.bytesPerToken),
  };
}

/** Megabytes per processor second. */
function encodeRates(tokenizers, files) {
  const best = tokenizers.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++)
    for (const [at, { tokenizer }] of tokenizers.entries()) {
      const begun = process.cpuUsage();
      for (const { text } of files) encoded(tokenizer, text);
      const { user, system } = process.cpuUsage(begun);
      best[at] = Math.min(best[at], (user + system) / 1e6);
    }
  return best.map((seconds) => rounded(bytesOf(files) / 1e6 / seconds, 1));
}

/** A model of the preset `tiny` after so many steps: its size, what it has seen and what it needs for a byte of unseen files. */
async function trained(name, place, tokenizer, sides, steps, folder) {
  const side = async (which) => {
    const store = path.join(folder, `${which}-${path.basename(place)}`);
    const files = async function* () {
      yield* sides[which];
    };
    await encodeTo(store, files(), place, { content: { which }, enclosed: true });
    const tokens = await openTokens(store, place);
    const { train } = splitChunks(tokens.documents, {
      context: MODEL.context,
      share: 0,
      reachBack: true,
    });
    const seed = which === "train" ? SEED : null;
    return {
      tokens,
      batches: openBatches(tokens, train.starts, { context: MODEL.context, rows: MODEL.rows, seed }),
    };
  };
  const [train, valid] = [await side("train"), await side("valid")];
  const model = causalModelOf(configFor(MODEL.config, tokenizer));
  const learner = await openLearner(causal(model), { seed: SEED });
  try {
    for (let step = 0; step < steps; step++) {
      const { count } = train.batches;
      const batch = await train.batches.batch(Math.floor(step / count), step % count);
      const warmup = Math.min(MODEL.warmup, Math.ceil(steps / 10));
      const { loss } = await learner.step(
        [batch],
        MODEL.rate * rateFactor(MODEL.schedule, step, { warmup, updates: steps }),
      );
      if ((step + 1) % 100 === 0)
        console.error(`${name}: step ${step + 1} of ${steps}, loss ${loss.toFixed(3)}`);
    }
    const loss = await meanLoss(learner, valid.batches);
    const tokens = valid.tokens.manifest.tokens;
    const parameters = countParameters(model);
    return {
      "parameters without embedding": parameters - tokenizer.vocabSize * MODEL.config.n_embd,
      parameters,
      steps,
      "MB seen": rounded(
        (steps * tokensOfStep() * bytesOf(sides.train)) / train.tokens.manifest.tokens / 1e6,
        2,
      ),
      "loss per token": rounded(loss),
      "bits per byte": rounded(bitsPerByte(loss, { tokens, bytes: bytesOf(sides.valid) }), 4),
    };
  } finally {
    await learner.close();
    await train.tokens.close();
    await valid.tokens.close();
  }
}

async function meanLoss(learner, batches) {
  let [sum, weights] = [0, 0];
  for (let k = 0; k < batches.count; k++) {
    const { loss, weight } = await learner.evaluate(await batches.batch(0, k));
    sum += loss * weight;
    weights += weight;
  }
  return sum / weights;
}

function ratiosOf([code, bpe]) {
  const ratio = (key) => code[key] / bpe[key];
  return {
    "tokens per file, code / BPE": ratio("tokens per file"),
    "encoding speed, code / BPE": ratio("encode MB/s"),
    ...(code["bits per byte"] === undefined ? {} : { "bits per byte, code / BPE": ratio("bits per byte") }),
  };
}

function figuresOf({ train, valid }) {
  const told = (files) => `${files.length} files, ${rounded(bytesOf(files) / 1e6, 1)} MB`;
  return { "learned from": told(train), "measured on": told(valid) };
}
