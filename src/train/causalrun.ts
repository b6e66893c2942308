// A causal model from a corpus to a folder that transformers loads: filter, tokenizer, token store, training, model. Everything
// lies in one folder and each part is made once, so that the same command goes on where it was stopped:
//   tokenizer/  tokens/  training/ (see folder.ts)  model/
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Corpus } from "../corpus/corpus.js";
import type { CorpusOptions } from "../corpus/open.js";
import { InputError } from "../core/errors.js";
import { stoppable } from "../core/interrupt.js";
import { lockFolder } from "../core/lock.js";
import { writeWhole } from "../core/files.js";
import type { Draw } from "../core/progress.js";
import { rateFactor } from "../grad/schedule.js";
import { architectureOf } from "../model/known.js";
import { loadTokenizer } from "../model/tokenizer.js";
import { modelCard } from "./card.js";
import { causal } from "./causal.js";
import { openCausalData, trainingDataOf, type CausalData, type DataStats } from "./causaldata.js";
import { weightsOf } from "./checkpoints.js";
import { stepsIn } from "./data.js";
import type { FilterOptions } from "./filters.js";
import { fit, type FitOptions, type FitResult } from "./fit.js";
import { learnOnce, tokenizerFolder } from "./learned.js";
import type { Learner } from "./learner.js";
import { openLearner } from "./learning.js";
import { causalModelOf, configFor, countParameters, saveModel, type Config } from "./models.js";
import { overfitOneBatch, type Overfit } from "./overfit.js";
import { presetOf, type Preset, type PresetName } from "./presets.js";
import { withCorpus } from "./reading.js";

export interface CausalRunOptions
  extends Partial<Preset>, Pick<FilterOptions, "scripts" | "unique" | "format" | "without"> {
  /** What is not given here is the preset's; default "laptop". */
  readonly preset?: PresetName;
  /** Folder or tokenizer.json of a tokenizer; default one that is learned from the same files. */
  readonly tokenizer?: string;
  /** Files to read at most; default all. */
  readonly files?: number;
  /** Steps in all; default as many as `epochs` take. The rates depend on it: a run can't be made longer later. */
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

/** Options with all that the preset gives. */
export type CausalSettings = Preset &
  CausalRunOptions & { readonly seed: number; readonly signal: AbortSignal };

/**
 * Trains a causal model on the corpus named `spec`, in `folder`.
 * @throws InputError for everything that the caller can mend; Interrupted when stopped, with all that was learned saved.
 */
export async function trainCausalTo(
  spec: string,
  folder: string,
  options: CausalRunOptions = {},
): Promise<CausalRun> {
  return stoppable(options.signal, async (signal) => {
    const settings = settingsOf(options, signal);
    checkSettings(settings);
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      const ready = await prepareCausal(spec, folder, settings);
      return await trained(folder, ready, settings).finally(() => ready.data.close());
    } finally {
      await unlock();
    }
  });
}

/** The preset's figures, and over them what is given otherwise. */
export function settingsOf(options: CausalRunOptions, signal: AbortSignal): CausalSettings {
  return { seed: 0, ...presetOf(options.preset ?? "laptop"), ...options, signal };
}

/** Refuses at once what training would refuse after files were read and encoded. @throws InputError */
export function checkSettings({ config, context, schedule }: CausalSettings): void {
  rateFactor(schedule, 0, { updates: 1 });
  // The vocabulary is the tokenizer's, which is not there yet.
  const { positions } = architectureOf({ ...config, vocab_size: 1 }, "config.json");
  if (context > positions)
    throw new InputError(
      `a context of ${context} tokens is more than the model's ${positions} positions; take a smaller one`,
    );
}

/** What training reads. */
export interface Prepared {
  readonly corpus: Corpus;
  /** Folder of the tokenizer. */
  readonly place: string;
  /** The batches of the corpus's tokens. */
  readonly data: CausalData;
}

/** Opens a corpus, and makes tokenizer and token store in `folder` where they are not there. */
export async function prepareCausal(
  spec: string,
  folder: string,
  settings: CausalSettings,
): Promise<Prepared> {
  const { tokenizer, seed } = settings;
  return withCorpus(spec, settings, async (corpus, progress) => {
    const place = tokenizer === undefined ? path.join(folder, "tokenizer") : await tokenizerFolder(tokenizer);
    if (tokenizer === undefined) await learnOnce(corpus, place, { ...settings, progress });
    const options = { ...settings, share: settings.validation, dataSeed: seed, progress };
    const data = await openCausalData(path.join(folder, "tokens"), place, corpus, options);
    return { corpus, place, data };
  });
}

/** Trains on what was prepared, in `folder`/training. */
export async function fitCausal(
  folder: string,
  { place, data }: Prepared,
  settings: CausalSettings,
): Promise<{ config: Config; parameters: number; training: FitResult }> {
  return withLearner(place, settings, async (learner, config, parameters) => {
    const batches = trainingDataOf(data, settings.accumulation);
    const training = await fit(learner, batches, fitOptions(folder, config, data, settings));
    return { config, parameters, training };
  });
}

async function withLearner<Result>(
  place: string,
  { config: asked, seed, threads }: CausalSettings,
  use: (learner: Learner, config: Config, parameters: number) => Promise<Result>,
): Promise<Result> {
  const config = configFor(asked, await loadTokenizer(place));
  const model = causalModelOf(config);
  const learner = await openLearner(causal(model), { seed, ...(threads === undefined ? {} : { threads }) });
  return use(learner, config, countParameters(model)).finally(() => learner.close());
}

async function byHeart({ place, data }: Prepared, settings: CausalSettings): Promise<CausalRun> {
  return withLearner(place, settings, async (learner, _, parameters) => {
    const batches = trainingDataOf(data, settings.accumulation);
    const schedule = (): number => settings.rate;
    const training = await overfitOneBatch(learner, batches, { ...settings, schedule });
    return { model: null, parameters, data: data.stats, training };
  });
}

async function trained(folder: string, ready: Prepared, settings: CausalSettings): Promise<CausalRun> {
  if (settings.overfitOneBatch) return byHeart(ready, settings);
  const { corpus, place, data } = ready;
  const { config, parameters, training } = await fitCausal(folder, ready, settings);
  const out = path.join(folder, "model");
  const { context, rows, accumulation, rate, warmup, schedule, seed } = settings;
  const { best, tokens, step: steps } = training;
  const { unit, groups } = data.stats.split;
  const card = modelCard({
    config,
    parameters,
    corpus,
    settings: { context, rows, accumulation, rate, warmup, schedule, seed },
    tokens,
    steps,
    validation: best === null ? null : { step: best.step, loss: best.validation },
    heldOut: { unit, count: groups.valid },
  });
  await saveModel(out, config, weightsOf(path.join(folder, "training"), training), place);
  await writeWhole(path.join(out, "README.md"), card);
  return { model: out, parameters, data: data.stats, training };
}

function fitOptions(folder: string, config: Config, data: CausalData, settings: CausalSettings): FitOptions {
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
