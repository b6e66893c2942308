// A causal model from a corpus to a folder that transformers loads: filter, tokenizer, token store, training, model. Everything
// lies in one folder and each part is made once, so that the same command goes on where it was stopped:
//   tokenizer/  tokens/  training/ (see folder.ts)  model/
import { stat } from "node:fs/promises";
import path from "node:path";
import type { CorpusOptions } from "../corpus/open.js";
import { stoppedBySignals } from "../core/interrupt.js";
import { startProgress, type Draw } from "../core/progress.js";
import { rateFactor } from "../grad/schedule.js";
import { loadTokenizer } from "../model/tokenizer.js";
import { causal } from "./causal.js";
import { openCausalData, trainingDataOf, type CausalData, type DataStats } from "./causaldata.js";
import { stepsIn } from "./data.js";
import { fit, type FitOptions, type FitResult } from "./fit.js";
import { openLearner } from "./learning.js";
import { causalModelOf, configFor, countParameters, saveModel, type Config } from "./models.js";
import { overfitOneBatch, type Overfit } from "./overfit.js";
import { presetOf, type Preset, type PresetName } from "./presets.js";
import { trainTokenizerTo } from "./tokenizer.js";

export interface CausalRunOptions extends Partial<Preset> {
  /** What is not given here is the preset's; default "laptop". */
  readonly preset?: PresetName;
  /** Folder of a tokenizer; default one that is learned from the same files. */
  readonly tokenizer?: string;
  /** Files to read at most; default all. */
  readonly files?: number;
  /** Steps in all; default as many as `epochs` take. */
  readonly steps?: number;
  /** Times that every sample is seen, default 1. */
  readonly epochs?: number;
  /** Draws files, split, first weights and batches. Default 0. */
  readonly seed?: number;
  /** Evaluations in a row without a better one after which training ends; default never. */
  readonly patience?: number;
  /** Threads of the runtime; default one per processor. */
  readonly threads?: number;
  /** Learns the first batch by heart instead, and writes no model: what is right learns it. */
  readonly overfitOneBatch?: boolean;
  readonly draw?: Draw;
  readonly signal?: AbortSignal;
  readonly env?: CorpusOptions["env"];
}

export interface CausalRun {
  /** The model's folder; null after `overfitOneBatch`. */
  readonly model: string | null;
  readonly parameters: number;
  /** What became of the corpus's files and tokens. */
  readonly data: DataStats;
  readonly training: FitResult | Overfit;
}

type Settings = Preset &
  CausalRunOptions & { readonly corpus?: string } & { readonly seed: number; readonly signal: AbortSignal };

/**
 * Trains a causal model on the corpus named `spec`, in `folder`.
 * @throws InputError for everything that the caller can mend; Interrupted when stopped, with all that was learned saved.
 */
export async function trainCausalTo(
  spec: string,
  folder: string,
  options: CausalRunOptions = {},
): Promise<CausalRun> {
  const { signal, release } = options.signal
    ? { signal: options.signal, release: () => undefined }
    : stoppedBySignals();
  try {
    const settings: Settings = { seed: 0, ...presetOf(options.preset ?? "laptop"), ...options, signal };
    const tokenizer = settings.tokenizer ?? (await learnedTokenizer(spec, folder, settings));
    return await trained(folder, tokenizer, { ...settings, corpus: spec });
  } finally {
    release();
  }
}

/** The tokenizer of the folder, learned where it is not there yet. */
async function learnedTokenizer(spec: string, folder: string, settings: Settings): Promise<string> {
  const place = path.join(folder, "tokenizer");
  const there = await stat(path.join(place, "tokenizer.json")).catch(() => null);
  if (there === null) await trainTokenizerTo(spec, place, settings);
  return place;
}

async function trained(folder: string, place: string, settings: Settings): Promise<CausalRun> {
  const { seed, threads, draw } = settings;
  const config = configFor(settings.config, await loadTokenizer(place));
  const model = causalModelOf(config);
  const progress = startProgress(draw === undefined ? {} : { draw });
  const data = await openCausalData(path.join(folder, "tokens"), place, {
    ...settings,
    share: settings.validation,
    dataSeed: seed,
    progress,
  }).finally(() => progress.close());
  const learner = await openLearner(causal(model), { seed, ...(threads === undefined ? {} : { threads }) });
  try {
    const batches = trainingDataOf(data, settings.accumulation);
    const training = settings.overfitOneBatch
      ? await overfitOneBatch(learner, batches, { ...settings, schedule: () => settings.rate })
      : await fit(learner, batches, fitOptions(folder, config, data, settings));
    const weights = path.join(folder, "training/best/model.safetensors");
    const out = path.join(folder, "model");
    if (!settings.overfitOneBatch) await saveModel(out, config, weights, place);
    return {
      model: settings.overfitOneBatch ? null : out,
      parameters: countParameters(model),
      data: data.stats,
      training,
    };
  } finally {
    await learner.close();
    await data.close();
  }
}

function fitOptions(folder: string, config: Config, data: CausalData, settings: Settings): FitOptions {
  const {
    accumulation,
    epochs = 1,
    rate,
    warmup,
    schedule,
    evaluateEvery,
    seed,
    patience,
    draw,
    signal,
  } = settings;
  const { context, rows, keyWords, validation } = settings;
  const steps = settings.steps ?? stepsIn(epochs, data.train.count, accumulation);
  return {
    folder: path.join(folder, "training"),
    steps,
    accumulation,
    evaluateEvery,
    checkpointEvery: evaluateEvery,
    schedule: (step) => rate * rateFactor(schedule, step, { warmup, updates: steps }),
    facts: {
      config: JSON.stringify(config),
      tokens: data.stats.digest,
      samples: JSON.stringify({ context, rows, keyWords, validation }),
      rates: JSON.stringify({ schedule, rate, warmup, steps }),
      seed,
    },
    ...(patience === undefined ? {} : { patience }),
    draw,
    signal,
  };
}
