// What a caller may say of an evaluation: defaults, and what is refused before anything is opened.
import { InputError } from "../core/errors.js";
import type { Draw } from "../core/progress.js";
import type { GenerateOptions } from "../engine/generate.js";
import { settingsOf, type VerifyOptions } from "../validate/options.js";

export interface EvaluateOptions {
  /** An engine as `openEngine` names it. Either this or `samples`. */
  readonly model?: string;
  /** A file of samples to be judged: `{task_id, solution | completion}` a line. */
  readonly samples?: string;
  /** Samples of each task, default 1. */
  readonly numSamples?: number;
  /** Default 0, the likeliest token each time, for one sample, and 0.8 for several. */
  readonly temperature?: number;
  /** Share of probability that is drawn from; default 0.95. */
  readonly topP?: number;
  /** Most new tokens of a sample; default 512. */
  readonly maxTokens?: number;
  /** Draws the samples; default 0. */
  readonly seed?: number;
  /** The ks of pass@k; default 1, 10 and 100. Those that need more samples than there are, are left out. */
  readonly k?: readonly number[];
  /** How the model runs: its server, batches and threads. */
  readonly engine?: Pick<GenerateOptions, "baseUrl" | "api" | "batchSize" | "concurrency" | "threads">;
  /** How programs are judged. */
  readonly judging?: Omit<VerifyOptions, "mutants" | "draw" | "signal">;
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw;
  /** Stops the work; what was finished is kept. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
}

/** The options that are checked here, with their defaults. */
export interface EvaluationSettings {
  readonly model: string | null;
  readonly samples: string | null;
  readonly numSamples: number;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Ascending, none twice. */
  readonly k: readonly number[];
}

/** @throws InputError for values that mean nothing, or contradict one another. */
export function evaluationSettings(options: EvaluateOptions): EvaluationSettings {
  const { model = null, samples = null, numSamples = 1, seed = 0, maxTokens = 512 } = options;
  const { temperature = numSamples === 1 ? 0 : 0.8, topP = 0.95, k = [1, 10, 100] } = options;
  if ((model === null) === (samples === null))
    throw new InputError("an evaluation needs either a model or a file of samples: name one of them");
  checkCount("num-samples", numSamples);
  const wrong = k.find((each) => !isCount(each));
  if (k.length === 0 || wrong !== undefined)
    throw new InputError(`k must be whole numbers from 1, e.g. 1,10, not "${k.join(",")}"`);
  if (samples === null && !k.some((each) => each <= numSamples))
    throw new InputError(
      `pass@${Math.min(...k)} needs as many samples of a task: raise num-samples, it is ${numSamples}`,
    );
  if (temperature === 0 && numSamples > 1)
    throw new InputError(
      `at temperature 0 all ${numSamples} samples of a task would be the same: raise it, or draw one`,
    );
  settingsOf(options.judging ?? {});
  const ks = [...new Set(k)].sort((a, b) => a - b);
  return { model, samples, numSamples, temperature, topP, maxTokens, seed, k: ks };
}

function checkCount(what: string, value: number): void {
  if (!isCount(value)) throw new InputError(`${what} must be a whole number from 1, not "${value}"`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
