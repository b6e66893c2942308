// The files of a run by what they hold: what a notebook reads after a stage. All are streams; `collect` makes arrays.
import path from "node:path";
import { readRows } from "./core/files.js";
import type {
  Reject,
  Sample,
  Seed,
  WithConcepts,
  WithInstruction,
  WithResponse,
  WithResult,
} from "./core/record.js";

/** Seeds that were kept, in the order in which the corpus was read. */
export function readSeeds(dir: string): AsyncGenerator<Seed> {
  return readRows(path.join(dir, "seed_output", "filtered_functions.jsonl"));
}

/** Functions and files that were left out, each with its reason. */
export function readRejects(dir: string): AsyncGenerator<Reject> {
  return readRows(path.join(dir, "seed_output", "rejected.jsonl"));
}

export function readConcepts(dir: string): AsyncGenerator<WithConcepts> {
  return readRows(path.join(dir, "self_oss_output", "concepts.jsonl"));
}

export function readInstructions(dir: string): AsyncGenerator<WithInstruction> {
  return readRows(path.join(dir, "self_oss_output", "instructions.jsonl"));
}

export function readResponses(dir: string): AsyncGenerator<WithResponse> {
  return readRows(path.join(dir, "self_oss_output", "responses.jsonl"));
}

/** Validated responses, published or not. */
export function readResults(dir: string): AsyncGenerator<WithResult> {
  return readRows(path.join(dir, "validation_output", "results.jsonl"));
}

/** The published dataset. */
export function readSamples(dir: string): AsyncGenerator<Sample> {
  return readRows(path.join(dir, "final_dataset", "instruction_dataset.jsonl"));
}
