// What a training run is fed, and the single moves of its loop: batches of a step, its rate, one step, one evaluation.
import { InputError } from "../core/errors.js";
import { asError } from "../core/files.js";
import type { Batch, Learner, StepResult } from "./learner.js";
import type { Standing } from "./standing.js";

export interface TrainingData {
  /** The `micro`-th batch of a step; both count from 0. The same numbers give the same batch, whatever came before. */
  batch(step: number, micro: number): Batch | Promise<Batch>;
  /** Batches that evaluations read, always the same; may be empty. Each evaluation reads them again. */
  readonly validation: Iterable<Batch> | AsyncIterable<Batch>;
  /** Tokens that a batch has, for counting them. */
  tokens(batch: Batch): number;
}

/** Learning rate of a step; the first one is step 0. */
export type Schedule = (step: number) => number;

/** Steps in which `epochs` of so many batches each are seen, at `accumulation` batches a step. */
export function stepsIn(epochs: number, batches: number, accumulation = 1): number {
  return Math.ceil((epochs * batches) / accumulation);
}

/** The batches of a step. */
export async function batchesOf(data: TrainingData, step: number, count: number): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (let micro = 0; micro < count; micro++) batches.push(await data.batch(step, micro));
  return batches;
}

/** Tokens in all of these. */
export function tokensIn(data: TrainingData, batches: readonly Batch[]): number {
  return batches.reduce((sum, batch) => sum + data.tokens(batch), 0);
}

/** @throws InputError where the schedule gives no rate. */
export function rateOf(schedule: Schedule, step: number): number {
  const rate = schedule(step);
  if (Number.isFinite(rate) && rate >= 0) return rate;
  throw new InputError(`the schedule gives ${rate} for step ${step}: a rate is a finite number, 0 or more`);
}

/** Takes a step; a failure says which one it was. */
export async function stepOf(
  learner: Learner,
  batches: readonly Batch[],
  rate: number,
  step: number,
): Promise<StepResult> {
  try {
    return await learner.step(batches, rate);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new Error(`training step ${step + 1} failed: ${asError(error).message}`, { cause: error });
  }
}

/**
 * Mean loss of the validation batches, each weighted by its targets; null where there are no batches.
 * @throws InputError where they count for nothing, or can't be read a second time.
 */
export async function evaluate(
  learner: Learner,
  { validation }: TrainingData,
  { step, best }: Standing,
): Promise<number | null> {
  let [sum, weights, batches] = [0, 0, 0];
  for await (const batch of validation) {
    const { loss, weight } = await learner.evaluate(batch);
    // A batch without a target may have any loss.
    if (weight > 0) sum += loss * weight;
    weights += weight;
    batches++;
  }
  if (batches === 0) {
    if (best === null) return null;
    throw new InputError(
      `validation gave no batch after step ${step}, though it did before: give a list, or what can be read again`,
    );
  }
  if (weights > 0) return sum / weights;
  throw new InputError(`none of the ${batches} validation batches has a target: give others`);
}
