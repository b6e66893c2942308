// Learning rates over a training run, as factors of the peak: functions of how many updates were applied before. They equal
// those of transformers' get_*_schedule_with_warmup up to the last update, and stay 0 after it.
import { InputError } from "../core/errors.js";

/** What the rate does after the warm-up: stays, falls on a line to 0, or falls to 0 on half a wave. */
export const SCHEDULES = ["constant", "linear", "cosine"] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

export interface ScheduleOptions {
  /** Updates over which the rate rises from 0 to its peak. Default 0. */
  readonly warmup?: number;
  /** Updates of the whole run, the warm-up's included. */
  readonly updates: number;
}

/** The factor, 0 to 1, for the update after `done` others. @throws InputError for a schedule that does not exist. */
export function rateFactor(
  schedule: ScheduleName,
  done: number,
  { warmup = 0, updates }: ScheduleOptions,
): number {
  if (!SCHEDULES.includes(schedule))
    throw new InputError(`schedule "${schedule}" does not exist: choose from ${SCHEDULES.join(", ")}`);
  if (done < warmup) return done / warmup;
  if (schedule === "constant") return 1;
  const progress = (done - warmup) / Math.max(1, updates - warmup);
  if (schedule === "linear") return Math.max(0, 1 - progress);
  return progress >= 1 ? 0 : (1 + Math.cos(Math.PI * progress)) / 2;
}
