// An encoder-decoder from pairs of texts to a folder that transformers loads and `rewrite` runs: tokenizer, training, model.
// Everything lies in one folder and each part is made once, so that the same command goes on where it was stopped:
//   tokenizer/  training/ (see train/folder.ts)  model/
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { stoppable } from "../core/interrupt.js";
import { lockFolder } from "../core/lock.js";
import { startProgress, type Draw } from "../core/progress.js";
import { rateFactor, type ScheduleName } from "../grad/schedule.js";
import { t5Of } from "../model/t5.js";
import { loadTokenizer } from "../model/tokenizer.js";
import { countOf } from "../onnx/header.js";
import type { Batches } from "../train/batches.js";
import { trainingDataOf } from "../train/causaldata.js";
import { weightsOf } from "../train/checkpoints.js";
import { stepsIn } from "../train/data.js";
import { fit, type FitOptions, type FitResult } from "../train/fit.js";
import { madeOnce, tokenizerFolder } from "../train/learned.js";
import { openLearner } from "../train/learning.js";
import { openPairBatches } from "../train/lessonbatches.js";
import type { Lesson } from "../train/lessons.js";
import { lessonSides } from "../train/lessonsides.js";
import { saveModel, type Config } from "../train/models.js";
import { seq2seq } from "../train/seq2seq.js";
import { t5 } from "../train/t5.js";
import { trainTokenizer } from "../train/tokenizer.js";
import { writeTokenizer } from "../train/tokenizerfile.js";
import { exchangesOf, openPairs, type PairData, type PairDataOptions } from "./data.js";
import type { RewritePair } from "./pairs.js";

/** What a small encoder-decoder is, and how it is trained. */
export interface Seq2SeqPreset {
  /** Of a T5's config.json, all but the vocabulary and its special tokens, which are the tokenizer's. */
  readonly config: Config;
  /** Tokens of a tokenizer that is learned from the pairs. */
  readonly vocabSize: number;
  /** Longest text in tokens, on either side. Pairs with a longer one are left out. */
  readonly context: number;
  readonly rows: number;
  readonly accumulation: number;
  /** Highest learning rate, the steps until it is reached, and what it does then. */
  readonly rate: number;
  readonly warmup: number;
  readonly schedule: ScheduleName;
  readonly epochs: number;
  /** Steps between two evaluations and between two checkpoints. */
  readonly evaluateEvery: number;
}

const T5 = {
  architectures: ["T5ForConditionalGeneration"],
  model_type: "t5",
  is_encoder_decoder: true,
  feed_forward_proj: "relu",
  tie_word_embeddings: true,
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  layer_norm_epsilon: 1e-6,
  initializer_factor: 1,
};

export const SEQ2SEQ_PRESETS = {
  /** Two million weights: learns to copy and to fit words together in an hour on two cores. */
  tiny: {
    config: { ...T5, d_model: 128, d_kv: 32, d_ff: 512, num_layers: 3, num_heads: 4, dropout_rate: 0.1 },
    vocabSize: 2_048,
    context: 96,
    rows: 32,
    accumulation: 1,
    rate: 1e-3,
    warmup: 200,
    schedule: "cosine",
    epochs: 30,
    evaluateEvery: 200,
  },
  /** T5-small's size, 60 million weights with its vocabulary; wants a GPU. */
  "t5-small": {
    config: { ...T5, d_model: 512, d_kv: 64, d_ff: 2_048, num_layers: 6, num_heads: 8, dropout_rate: 0.1 },
    vocabSize: 32_000,
    context: 256,
    rows: 32,
    accumulation: 4,
    rate: 1e-3,
    warmup: 1_000,
    schedule: "cosine",
    epochs: 10,
    evaluateEvery: 500,
  },
} as const satisfies Readonly<Record<string, Seq2SeqPreset>>;

export type Seq2SeqPresetName = keyof typeof SEQ2SEQ_PRESETS;

export interface Seq2SeqRunOptions extends Partial<Seq2SeqPreset>, PairDataOptions {
  /** What is not given here is the preset's; default "tiny". */
  readonly preset?: Seq2SeqPresetName;
  /** Folder or tokenizer.json of a tokenizer; default one that is learned from the pairs. */
  readonly tokenizer?: string;
  /** Steps in all; default as many as `epochs` take. */
  readonly steps?: number;
  /** Evaluations in a row without a better one after which training ends; default never. */
  readonly patience?: number;
  /** Threads of the runtime; default one per processor. */
  readonly threads?: number;
  readonly draw?: Draw;
  readonly signal?: AbortSignal;
}

export interface Seq2SeqRun {
  /** The model's folder. */
  readonly model: string;
  readonly parameters: number;
  /** Pairs to learn and to validate with, and what was left out, by the reason. */
  readonly pairs: number;
  readonly validation: number;
  readonly dropped: PairData["dropped"];
  readonly training: FitResult;
}

type Settings = Seq2SeqPreset & Seq2SeqRunOptions & { readonly seed: number; readonly signal: AbortSignal };

/**
 * Trains a T5 from random first weights on the pairs named `data`, in `folder`.
 * @throws InputError for everything that the caller can mend; Interrupted when stopped, with all that was learned saved.
 */
export async function trainSeq2SeqTo(
  data: string,
  folder: string,
  options: Seq2SeqRunOptions = {},
): Promise<Seq2SeqRun> {
  return stoppable(options.signal, async (signal) => {
    const settings: Settings = { seed: 0, ...presetOf(options.preset ?? "tiny"), ...options, signal };
    // Refused at once, not after the pairs were read. The vocabulary is the tokenizer's, which is not there yet.
    rateFactor(settings.schedule, 0, { updates: 1 });
    t5Of({ ...settings.config, vocab_size: 1 }, "config.json");
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      return await trained(await openPairs(data, settings), folder, settings);
    } finally {
      await unlock();
    }
  });
}

function presetOf(name: string): Seq2SeqPreset {
  const found = Object.entries(SEQ2SEQ_PRESETS).find(([known]) => known === name)?.[1];
  if (found !== undefined) return found;
  throw new InputError(
    `preset "${name}" does not exist: choose from ${Object.keys(SEQ2SEQ_PRESETS).join(", ")}`,
  );
}

async function trained(pairs: PairData, folder: string, settings: Settings): Promise<Seq2SeqRun> {
  const place = await tokenizerOf(pairs, folder, settings);
  const tokenizer = await loadTokenizer(place);
  const [end] = tokenizer.special.eos;
  if (end === undefined)
    throw new InputError(`tokenizer "${place}" has no token that ends texts: choose another one`);
  const ends = { pad_token_id: end, eos_token_id: end, decoder_start_token_id: end };
  const config: Config = { ...settings.config, vocab_size: tokenizer.vocabSize, ...ends };
  const model = t5(t5Of(config, "config.json"));
  const { training, validation, dropped, digest } = lessonSides(exchangesOf(pairs), tokenizer, {
    context: settings.context,
    twoSided: true,
    end,
  });
  const { rows, context, seed, threads } = settings;
  const batches = (some: readonly Lesson[], order: number | null): Batches =>
    openPairBatches(some, { rows, context, pad: end, seed: order });
  const train = batches(training, seed);
  const valid = validation.length === 0 ? null : batches(validation, null);
  const learner = await openLearner(seq2seq(model), { seed, ...(threads === undefined ? {} : { threads }) });
  try {
    const data = trainingDataOf({ train, valid }, settings.accumulation);
    const result = await fit(learner, data, fitOptions(folder, config, digest, train.count, settings));
    const out = path.join(folder, "model");
    await saveModel(out, config, weightsOf(path.join(folder, "training"), result), place);
    const parameters = model.parameters.reduce((sum, { dims }) => sum + countOf(dims), 0);
    const counts = { pairs: training.length, validation: validation.length };
    return { model: out, parameters, ...counts, dropped: { ...pairs.dropped, ...dropped }, training: result };
  } finally {
    await learner.close();
  }
}

/** The folder of the tokenizer, which is learned once from what is to be learned, on both sides. */
async function tokenizerOf(pairs: PairData, folder: string, settings: Settings): Promise<string> {
  const { tokenizer, vocabSize, draw, signal } = settings;
  if (tokenizer !== undefined) return tokenizerFolder(tokenizer);
  const place = path.join(folder, "tokenizer");
  const hash = createHash("sha256");
  for (const pair of pairs.training) hash.update(`${JSON.stringify(pair)}\n`);
  await madeOnce(place, { pairs: hash.digest("hex"), vocabSize }, async () => {
    const progress = startProgress(draw === undefined ? {} : { draw });
    try {
      const made = await trainTokenizer(textsOf(pairs.training), { vocabSize, signal, progress, workers: 1 });
      await writeTokenizer(made, place);
    } finally {
      progress.close();
    }
  });
  return place;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a tokenizer learns from what comes in its own time
async function* textsOf(pairs: readonly RewritePair[]): AsyncGenerator<string> {
  for (const { source, target } of pairs) {
    yield source;
    yield target;
  }
}

function fitOptions(
  folder: string,
  config: Config,
  digest: string,
  batches: number,
  settings: Settings,
): FitOptions {
  const { accumulation, epochs, rate, warmup, schedule, evaluateEvery, rows, context, seed } = settings;
  const { patience, draw, signal } = settings;
  const steps = settings.steps ?? stepsIn(epochs, batches, accumulation);
  return {
    folder: path.join(folder, "training"),
    steps,
    accumulation,
    evaluateEvery,
    checkpointEvery: evaluateEvery,
    schedule: (step) => rate * rateFactor(schedule, step, { warmup, updates: steps }),
    facts: {
      config: JSON.stringify(config),
      pairs: digest,
      samples: JSON.stringify({ context, rows }),
      rates: JSON.stringify({ schedule, rate, warmup, steps, accumulation }),
      seed,
    },
    ...(patience === undefined ? {} : { patience }),
    draw,
    signal,
  };
}
