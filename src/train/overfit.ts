// The first thing to try with a new model or new data: a learner that can't learn one batch by heart has a fault, and no
// amount of data helps. Nothing is written to disk.
import { startProgress, type Draw } from "../core/progress.js";
import { rateOf, stepOf, type Schedule, type TrainingData } from "./data.js";
import type { Learner } from "./learner.js";

export interface OverfitOptions {
  readonly schedule: Schedule;
  /** Most steps, default 300. */
  readonly steps?: number;
  /** Loss that counts as near zero, default 0.05. */
  readonly near?: number;
  readonly draw?: Draw | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Overfit {
  /** True as soon as the loss was near zero. */
  readonly learned: boolean;
  /** Steps taken. */
  readonly steps: number;
  /** Loss before the first step, and the last one that was seen. */
  readonly first: number;
  readonly last: number;
}

/** Drives the first batch only, until its loss is near zero, no number any more, or the steps are over. */
export async function overfitOneBatch(
  learner: Learner,
  data: TrainingData,
  { schedule, steps = 300, near = 0.05, draw, signal }: OverfitOptions,
): Promise<Overfit> {
  const batch = await data.batch(0, 0);
  const progress = startProgress(draw === undefined ? {} : { draw });
  const task = progress.start("one batch", steps);
  const losses: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const { loss, applied } = await stepOf(learner, [batch], rateOf(schedule, step), step);
      losses.push(loss);
      // Without an update the next step would say the same.
      if (!applied || loss <= near) break;
      task.note(`loss ${loss.toFixed(3)}`);
      task.tick();
    }
  } finally {
    progress.close();
  }
  const [first = NaN, last = NaN] = [losses[0], losses.at(-1)];
  const learned = last <= near;
  task.end(
    `loss ${first.toFixed(3)} to ${last.toFixed(3)} in ${losses.length} steps${learned ? "" : ": not learned"}`,
  );
  return { learned, steps: losses.length, first, last };
}
