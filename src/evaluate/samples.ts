// Samples to be judged, as EvalPlus reads them: lines of {task_id, solution}, whole programs. They come from a model's
// completions, or from a file of the caller's with {task_id, solution | completion}; what can't be told there is counted
// by its reason.
import { isRecord } from "../core/json.js";
import { readJsonRows } from "../core/jsonrows.js";
import type { GeneratedRow } from "../engine/generate.js";
import { programOf } from "./completing.js";
import type { EvaluationTask } from "./tasks.js";

/** A line of `samples.jsonl`. */
export interface SampleRow {
  readonly task_id: string;
  /** The whole program; empty where the model gave no answer. */
  readonly solution: string;
  /** How the completion ended; absent where the caller gave it. */
  readonly finish?: GeneratedRow["finish"];
  /** Why there is no answer. */
  readonly reason?: string;
}

/** Why a line is no sample. */
export type NoSample = "not-json" | "no-task-id" | "unknown-task" | "no-solution";

export interface GivenSamples {
  readonly samples: readonly SampleRow[];
  readonly dropped: Readonly<Partial<Record<NoSample, number>>>;
}

type TasksById = ReadonlyMap<string, EvaluationTask>;

/**
 * Samples of a file: JSON lines or one array, gzip allowed. A completion is taken as it stands, behind the task's prompt.
 * @throws InputError where the file can't be read.
 */
export async function readSamples(file: string, tasks: TasksById): Promise<GivenSamples> {
  const samples: SampleRow[] = [];
  const dropped: Partial<Record<NoSample, number>> = {};
  for (const { row } of await readJsonRows(file, "sample file")) {
    const sample = sampleOf(row, tasks);
    if (typeof sample === "string") dropped[sample] = (dropped[sample] ?? 0) + 1;
    else samples.push(sample);
  }
  return { samples, dropped };
}

function sampleOf(row: unknown, tasks: TasksById): SampleRow | NoSample {
  if (!isRecord(row)) return "not-json";
  const { task_id: id, solution, completion } = row;
  if (typeof id !== "string" && typeof id !== "number") return "no-task-id";
  // MBPP numbers its tasks.
  const task = tasks.get(String(id)) ?? tasks.get(`Mbpp/${id}`);
  if (task === undefined) return "unknown-task";
  if (typeof solution === "string") return { task_id: task.id, solution };
  return typeof completion === "string"
    ? { task_id: task.id, solution: `${task.prompt}${completion}` }
    : "no-solution";
}

/** The sample of a model's answer. */
export function sampleFrom({ id, text, finish, reason }: GeneratedRow, tasks: TasksById): SampleRow {
  const task = tasks.get(String(id));
  if (task === undefined) throw new Error(`internal: no task is called ${String(id)}`);
  return finish === "none"
    ? { task_id: task.id, solution: "", finish, ...(reason === undefined ? {} : { reason }) }
    : { task_id: task.id, solution: programOf(task, text), finish };
}
