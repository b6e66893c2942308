// The three steps S->C, C->I, I->R as stages of a run: each makes one row from each row of the step before, or stores
// why it could not.
import {
  keyOf,
  type Reject,
  type Seed,
  type WithConcepts,
  type WithInstruction,
  type WithResponse,
} from "../core/record.js";
import type { Journal } from "../core/journal.js";
import type { Made } from "../core/mapping.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import type { Rounds } from "./rounds.js";
import { teachConcepts, teachInstruction, teachResponse, type Taught } from "./docstring.js";

/** Names of the steps, which are the names of their files. */
export const STEPS = ["concepts", "instructions", "responses"] as const;
export type Step = (typeof STEPS)[number];

/** Key of the row that a step makes from a row. */
export function stepKey(step: Step, parent: { readonly key: string }): string {
  return keyOf(step, parent.key, 0);
}

/** What was answered before, by key; a run's journal is such. */
export type Answers = Pick<Journal, "find">;

/** Three steps, each with the journal of its stage at hand, and how many responses an instruction gets. */
export interface Teacher {
  readonly rounds: Rounds;
  readonly concepts: (seed: Seed, key: string, journal: Answers) => Promise<Made<WithConcepts>>;
  readonly instructions: (
    record: WithConcepts,
    key: string,
    journal: Answers,
  ) => Promise<Made<WithInstruction>>;
  /** Null where a transcript has no more responses. */
  readonly responses: (
    record: WithInstruction,
    key: string,
    index: number,
    journal: Answers,
  ) => Promise<Made<WithResponse> | null>;
}

/** The embedded default: no model. */
export function docstringTeacher(sandbox: Sandbox, seed: number): Teacher {
  return {
    rounds: { budget: 1, width: 1, wanted: 1 },
    concepts: (record, key) => Promise.resolve(made("concepts", record, key, teachConcepts(record))),
    instructions: (record, key) =>
      Promise.resolve(made("instructions", record, key, teachInstruction(record))),
    responses: async (record, key) =>
      made("responses", record, key, await teachResponse(record, sandbox, { seed })),
  };
}

/** The row that a step makes of a record, or why there is none. */
export function made<In extends Seed, Fields extends object>(
  step: Step,
  record: In,
  key: string,
  taught: Taught<Fields, string>,
): Made<In & Fields> {
  if ("fields" in taught) return { row: { ...record, ...taught.fields, key } };
  const { reason, detail } = taught;
  const failed: Reject = {
    key,
    stage: step,
    reason,
    detail,
    qualname: record.entryPoint,
    provenance: record.provenance,
  };
  return { failed };
}
