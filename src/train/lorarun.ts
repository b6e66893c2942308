// Instruction tuning from a model and a file of exchanges to a folder of adapters that PEFT loads. Everything lies in one
// folder, so that the same command goes on where it was stopped:
//   tokenizer/  training/ (see folder.ts)  adapters/
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { stoppable } from "../core/interrupt.js";
import { lockFolder } from "../core/lock.js";
import { startProgress, type Draw } from "../core/progress.js";
import { rateFactor, type ScheduleName } from "../grad/schedule.js";
import { COPIED } from "../model/files.js";
import type { SourceOptions } from "../model/source.js";
import { loadTokenizer, type Tokenizer } from "../model/tokenizer.js";
import { countOf } from "../onnx/header.js";
import { openBase, type Base } from "./base.js";
import type { Batches } from "./batches.js";
import { trainingDataOf } from "./causaldata.js";
import { weightsOf } from "./checkpoints.js";
import { stepsIn } from "./data.js";
import { fit, type FitOptions, type FitResult } from "./fit.js";
import { BASE_TYPES, type BaseType } from "./frozen.js";
import { openLearner } from "./learning.js";
import { openLessonBatches, openPairBatches, type LessonBatchOptions } from "./lessonbatches.js";
import { readLessons, type Lesson, type Lessons } from "./lessons.js";
import { lessonSides, splitLessons, type Exchanges } from "./lessonsides.js";
import { LORA, lora, TARGETS, type Lora } from "./lora.js";
import { saveAdapters } from "./peft.js";

export interface LoraRunOptions extends Partial<Lora> {
  /** How the model's own matrices are held; default fp32. */
  readonly base?: BaseType;
  /** Longest row in tokens; default 512. Longer exchanges are left out. */
  readonly context?: number;
  /** Rows of a batch, default 4, and batches of a step, default 4. */
  readonly rows?: number;
  readonly accumulation?: number;
  /** Several exchanges in a row. Default false: each is filled up. */
  readonly packed?: boolean;
  /** Highest learning rate, default 2e-4; share of the steps until it is reached, default 0.03; then, default cosine. */
  readonly rate?: number;
  readonly warmup?: number;
  readonly schedule?: ScheduleName;
  /** Times that every exchange is seen; default 1. */
  readonly epochs?: number;
  /** Steps in all; default as many as `epochs` take. */
  readonly steps?: number;
  /** Share of the exchanges that is kept for validation; default 0.05. */
  readonly validation?: number;
  /** Steps between two evaluations and between two checkpoints; default 50. */
  readonly evaluateEvery?: number;
  /** Evaluations in a row without a better one after which training ends; default never. */
  readonly patience?: number;
  /** Draws first weights, dropout, validation and batches. Default 0. */
  readonly seed?: number;
  /** Threads of the runtime; default one per processor. */
  readonly threads?: number;
  readonly draw?: Draw;
  readonly signal?: AbortSignal;
  readonly env?: SourceOptions["env"];
}

export interface LoraRun {
  /** Folder of the adapters. */
  readonly adapters: string;
  /** Numbers that are learned, and numbers of the model. */
  readonly learned: number;
  readonly parameters: number;
  /** Exchanges to learn and to validate with, and what was left out by the reason. */
  readonly lessons: number;
  readonly validation: number;
  readonly dropped: Lessons["dropped"];
  readonly training: FitResult;
}

const DEFAULTS = {
  ...LORA,
  base: "fp32",
  context: 512,
  rows: 4,
  accumulation: 4,
  packed: false,
  rate: 2e-4,
  warmup: 0.03,
  schedule: "cosine",
  epochs: 1,
  validation: 0.05,
  evaluateEvery: 50,
  seed: 0,
} as const;

type Settings = LoraRunOptions & {
  readonly [Name in keyof typeof DEFAULTS | "targets" | "signal"]-?: NonNullable<LoraRunOptions[Name]>;
};

/**
 * Teaches a model, a folder's or a repository's, exchanges: of a file that `exportTo` has written, or given with their sides. All
 * that is made lies in `folder`.
 * @throws InputError for everything that the caller can mend; Interrupted when stopped, with all that was learned saved.
 */
export async function trainLoraTo(
  model: string,
  data: string | Exchanges,
  folder: string,
  options: LoraRunOptions = {},
): Promise<LoraRun> {
  return stoppable(options.signal, async (signal) => {
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      const base = await opened(model, options, signal);
      const targets = options.targets ?? TARGETS[base.type] ?? [];
      return await trained(base, data, folder, { ...DEFAULTS, targets, ...options, signal });
    } finally {
      await unlock();
    }
  });
}

async function opened(model: string, { draw, env }: LoraRunOptions, signal: AbortSignal): Promise<Base> {
  const progress = startProgress(draw === undefined ? {} : { draw });
  try {
    const onNotice = (text: string): void => progress.say(text);
    return await openBase(model, { signal, onNotice, ...(env === undefined ? {} : { env }) });
  } finally {
    progress.close();
  }
}

async function trained(
  base: Base,
  data: string | Exchanges,
  folder: string,
  settings: Settings,
): Promise<LoraRun> {
  const { seed, threads } = settings;
  checkSettings(settings);
  const { train, valid, lessons, dropped, digest } = await dataOf(base, data, folder, settings);
  const trainable = lora(base.trainable(), base.read, settings, settings.base);
  const optimiser = { decay: 0 };
  const learner = await openLearner(trainable, {
    seed,
    optimiser,
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    const training = await fit(
      learner,
      trainingDataOf({ train, valid }, settings.accumulation),
      fitOptions(folder, base, digest, train.count, settings),
    );
    const adapters = path.join(folder, "adapters");
    await saveAdapters(adapters, base, settings, weightsOf(path.join(folder, "training"), training));
    const size = (all: readonly { readonly dims: readonly number[] }[]): number =>
      all.reduce((sum, { dims }) => sum + countOf(dims), 0);
    const [learned, parameters] = [size(trainable.parameters), size(base.parameters)];
    return { adapters, learned, parameters, ...lessons, dropped, training };
  } finally {
    await learner.close();
  }
}

/** Refuses at once what would be refused after the model was read. */
function checkSettings({ base, validation, schedule }: Settings): void {
  rateFactor(schedule, 0, { updates: 1 });
  if (!BASE_TYPES.includes(base))
    throw new InputError(`base "${base}" does not exist: choose from ${BASE_TYPES.join(", ")}`);
  if (!(validation >= 0 && validation < 1))
    throw new InputError(`a share of ${validation} can't be validation: give a number from 0 to below 1`);
}

interface Data {
  readonly train: Batches;
  readonly valid: Batches | null;
  readonly lessons: { readonly lessons: number; readonly validation: number };
  readonly dropped: Lessons["dropped"];
  /** sha256 of all lessons. */
  readonly digest: string;
}

async function dataOf(
  base: Base,
  data: string | Exchanges,
  folder: string,
  settings: Settings,
): Promise<Data> {
  const { context, rows, packed, seed } = settings;
  const tokenizer = await tokenizerOf(base, path.join(folder, "tokenizer"));
  const end = base.end ?? tokenizer.special.eos[0];
  if (end === undefined)
    throw new InputError(`model "${base.model}" names no eos_token_id; add it to its config.json`);
  const { twoSided, begin } = base;
  const framed = { context, end, twoSided, begin };
  const { training, validation, dropped, digest } =
    typeof data === "string"
      ? splitLessons(await readLessons(data, tokenizer, framed), settings)
      : lessonSides(data, tokenizer, framed);
  const batches = (some: readonly Lesson[], own: Partial<LessonBatchOptions>): Batches =>
    (twoSided ? openPairBatches : openLessonBatches)(some, {
      ...{ rows, context, pad: tokenizer.special.pad ?? end, seed },
      ...own,
    });
  return {
    train: batches(training, { packed }),
    valid: validation.length === 0 ? null : batches(validation, { seed: null }),
    lessons: { lessons: training.length, validation: validation.length },
    dropped,
    digest,
  };
}

/** The model's tokenizer, whose files are put into `place`: a repository's are elsewhere. */
async function tokenizerOf({ source }: Base, place: string): Promise<Tokenizer> {
  await mkdir(place, { recursive: true });
  for (const file of [...COPIED, "config.json"]) {
    const size = await source.size(file);
    if (size !== null) await writeFile(path.join(place, file), await source.read(file, 0, size));
  }
  return loadTokenizer(place);
}

function fitOptions(
  folder: string,
  { origin }: Base,
  digest: string,
  batches: number,
  settings: Settings,
): FitOptions {
  const { rank, alpha, dropout, targets, base, context, rows, packed, validation, seed } = settings;
  const { accumulation, epochs, rate, schedule, evaluateEvery, patience, draw, signal } = settings;
  const steps = settings.steps ?? stepsIn(epochs, batches, accumulation);
  const warmup = Math.round(settings.warmup * steps);
  return {
    folder: path.join(folder, "training"),
    steps,
    accumulation,
    evaluateEvery,
    checkpointEvery: evaluateEvery,
    schedule: (step) => rate * rateFactor(schedule, step, { warmup, updates: steps }),
    facts: {
      model: origin,
      adapters: JSON.stringify({ rank, alpha, dropout, targets, base }),
      lessons: digest,
      samples: JSON.stringify({ context, rows, packed, validation }),
      rates: JSON.stringify({ schedule, rate, warmup, steps, accumulation }),
      seed,
    },
    ...(patience === undefined ? {} : { patience }),
    draw,
    signal,
  };
}
