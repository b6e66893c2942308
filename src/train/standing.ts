// Where a training run stands: how far it has come, and what its validation losses have said so far. Pure: each step and
// each evaluation gives the next standing, which checkpoints keep.
import { InputError } from "../core/errors.js";
import type { StepResult } from "./learner.js";

export interface Best {
  /** Steps that had been taken when it was found. */
  readonly step: number;
  /** Its mean validation loss. */
  readonly validation: number;
}

export interface Standing {
  /** Steps taken, those included that changed nothing. */
  readonly step: number;
  /** Tokens seen, again where they were seen again. */
  readonly tokens: number;
  /** Steps whose loss or gradients were no finite numbers, and which changed nothing. */
  readonly skipped: number;
  /** How many of them came last, one after the other. */
  readonly skippedInARow: number;
  /** Null before the first evaluation. */
  readonly best: Best | null;
  /** Evaluations since the best one. */
  readonly sinceBest: number;
}

/** Where every run begins. */
export const BEGINNING: Standing = {
  step: 0,
  tokens: 0,
  skipped: 0,
  skippedInARow: 0,
  best: null,
  sinceBest: 0,
};

/** The standing after a step that saw so many tokens. */
export function afterStep(before: Standing, { applied }: StepResult, tokens: number): Standing {
  return {
    ...before,
    step: before.step + 1,
    tokens: before.tokens + tokens,
    skipped: before.skipped + (applied ? 0 : 1),
    skippedInARow: applied ? 0 : before.skippedInARow + 1,
  };
}

/** The standing after an evaluation; a loss that is no finite number is never the best. */
export function afterEvaluation(before: Standing, validation: number): Standing {
  const { step, best, sinceBest } = before;
  const better = Number.isFinite(validation) && (best === null || validation < best.validation);
  return better
    ? { ...before, best: { step, validation }, sinceBest: 0 }
    : { ...before, sinceBest: sinceBest + 1 };
}

/** Training has come to nothing: its settings are wrong, or its data. */
export class Diverged extends InputError {}

/** @throws Diverged where too many steps in a row came to nothing; `rate` was the last one's. */
export function refuseDivergence({ step, skippedInARow }: Standing, most: number, rate: number): void {
  if (skippedInARow < most) return;
  const first = step - skippedInARow + 1;
  const hint =
    first === 1
      ? "not even the first step gave one: look for damaged weights and for batches without a target"
      : `lower the learning rate (it was ${rate}) or warm it up for longer`;
  throw new Diverged(
    `steps ${first} to ${step} gave no finite loss or gradient and were skipped, the limit is ${most}: ` +
      `${hint}, and start again in another --output-dir`,
  );
}
