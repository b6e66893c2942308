// What a training run tells about each step: one row of `metrics.jsonl`. No clock is in it, so that the file of a run that
// was stopped and went on has the same bytes as that of one that never was.
import { InputError } from "../core/errors.js";
import { linesOf } from "../core/files.js";

/** Name of the file in a training folder. */
export const METRICS_FILE = "metrics.jsonl";

export interface StepMetrics {
  /** Steps taken so far: 1 for the first one, 0 for the model as it was before. */
  readonly step: number;
  /** Mean loss of the step's batches before its update; null before the first step, and where it was no finite number. */
  readonly loss: number | null;
  /** Mean loss over the validation batches after the step's update; null where none was taken. */
  readonly validation: number | null;
  /** Learning rate of the step; null before the first one. */
  readonly rate: number | null;
  /** Global norm of the gradients before clipping; null before the first step, and where it was no finite number. */
  readonly norm: number | null;
  /** Tokens seen so far, again where they were seen again. */
  readonly tokens: number;
  /** Steps so far whose loss or gradients were no finite numbers, and which changed nothing. */
  readonly skipped: number;
}

/**
 * The rows of a run's `metrics.jsonl`, also of one that is still growing: a last line that is not whole is left out.
 * @throws InputError naming file and line when another line is not JSON.
 */
export async function readMetrics(file: string): Promise<StepMetrics[]> {
  const rows: StepMetrics[] = [];
  for await (const { bytes, whole } of linesOf(file)) {
    if (!whole) break;
    try {
      rows.push(JSON.parse(bytes.toString("utf8")) as StepMetrics);
    } catch {
      throw new InputError(`${file} line ${rows.length + 1} is not JSON: restore the file`);
    }
  }
  return rows;
}

/** The number where it is finite; JSON has no others. */
export function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
