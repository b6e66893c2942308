// A causal model from a corpus to a folder that transformers loads: filter, tokenizer, token store, training, model. Everything
// lies in one folder and each part is made once, so that the same command goes on where it was stopped:
//   tokenizer/  tokens/  training/ (see folder.ts)  model/
import { mkdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { openCorpus, type CorpusOptions } from "../corpus/open.js";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import { stoppedBySignals } from "../core/interrupt.js";
import { lockFolder } from "../core/lock.js";
import { startProgress, type Draw } from "../core/progress.js";
import { changesOf, type ContentOptions } from "../core/run.js";
import { rateFactor } from "../grad/schedule.js";
import { loadTokenizer } from "../model/tokenizer.js";
import { causal } from "./causal.js";
import { openCausalData, trainingDataOf, type CausalData, type DataStats } from "./causaldata.js";
import { checkpointName } from "./checkpoints.js";
import { stepsIn } from "./data.js";
import { fit, type FitOptions, type FitResult } from "./fit.js";
import type { Learner } from "./learner.js";
import { openLearner } from "./learning.js";
import { causalModelOf, configFor, countParameters, saveModel, type Config } from "./models.js";
import { overfitOneBatch, type Overfit } from "./overfit.js";
import { presetOf, type Preset, type PresetName } from "./presets.js";
import { trainTokenizerTo } from "./tokenizer.js";

export interface CausalRunOptions extends Partial<Preset> {
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
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      const { tokenizer } = settings;
      const place =
        tokenizer === undefined
          ? await learnedTokenizer(spec, folder, settings)
          : await tokenizerFolder(tokenizer);
      return await trained(folder, place, { ...settings, corpus: spec });
    } finally {
      await unlock();
    }
  } finally {
    release();
  }
}

/** What a folder's tokenizer was learned from; written when it is there. */
const LEARNED_FROM = "learned-from.json";

/**
 * The tokenizer of the folder, learned where it is not there yet.
 * @throws InputError where it was learned from something else.
 */
async function learnedTokenizer(spec: string, folder: string, settings: Settings): Promise<string> {
  const { seed, files = Infinity, mentions, vocabSize, env } = settings;
  const { identity } = await openCorpus(spec, env === undefined ? {} : { env });
  const content: ContentOptions = {
    corpus: identity,
    seed,
    files: Number.isFinite(files) ? files : "all",
    mentions: mentions.join(","),
    vocabSize,
  };
  const place = path.join(folder, "tokenizer");
  const note = path.join(place, LEARNED_FROM);
  const text = await readFile(note, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (text === null) {
    await trainTokenizerTo(spec, place, settings);
    await writeWhole(note, `${JSON.stringify(content, null, 2)}\n`);
    return place;
  }
  // A cast because the note is written above alone.
  const changes = changesOf(JSON.parse(text) as ContentOptions, content);
  if (changes === null) return place;
  throw new InputError(
    `tokenizer ${place} was learned from something else (${changes}): choose another folder, or remove this one`,
  );
}

/** The folder of a tokenizer that is named by it or by its tokenizer.json. */
async function tokenizerFolder(place: string): Promise<string> {
  const isFolder = (await stat(place).catch(() => null))?.isDirectory() === true;
  if (isFolder || path.basename(place) !== "tokenizer.json") return place;
  return path.dirname(place);
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
  let learner: Learner | null = null;
  try {
    learner = await openLearner(causal(model), { seed, ...(threads === undefined ? {} : { threads }) });
    const batches = trainingDataOf(data, settings.accumulation);
    const training = settings.overfitOneBatch
      ? await overfitOneBatch(learner, batches, { ...settings, schedule: () => settings.rate })
      : await fit(learner, batches, fitOptions(folder, config, data, settings));
    const out = path.join(folder, "model");
    const isFit = "ended" in training;
    if (isFit) await saveModel(out, config, weightsOf(folder, training), place);
    return {
      model: isFit ? out : null,
      parameters: countParameters(model),
      data: data.stats,
      training,
    };
  } finally {
    await learner?.close();
    await data.close();
  }
}

/** The file of the best weights; the last ones where nothing was kept apart to tell. */
function weightsOf(folder: string, { best, step }: FitResult): string {
  const at = best === null ? checkpointName(step) : "best";
  return path.join(folder, "training", at, "model.safetensors");
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
