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
import type { Made } from "../core/stage.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { teachConcepts, teachInstruction, teachResponse, type Taught } from "./docstring.js";

/** Names of the steps, which are the names of their files. */
export const STEPS = ["concepts", "instructions", "responses"] as const;
export type Step = (typeof STEPS)[number];

/** Key of the row that a step makes from a row. */
export function stepKey(step: Step, parent: { readonly key: string }): string {
  return keyOf(step, parent.key, 0);
}

export interface Teacher {
  readonly concepts: (seed: Seed, key: string) => Promise<Made<WithConcepts>>;
  readonly instructions: (record: WithConcepts, key: string) => Promise<Made<WithInstruction>>;
  readonly responses: (record: WithInstruction, key: string) => Promise<Made<WithResponse>>;
}

/** The embedded default: no model. */
export function docstringTeacher(sandbox: Sandbox, seed: number): Teacher {
  return {
    concepts: (record, key) => Promise.resolve(made("concepts", record, key, teachConcepts(record))),
    instructions: (record, key) =>
      Promise.resolve(made("instructions", record, key, teachInstruction(record))),
    responses: async (record, key) =>
      made("responses", record, key, await teachResponse(record, sandbox, { seed })),
  };
}

function made<In extends Seed, Fields extends object>(
  step: Step,
  record: In,
  key: string,
  taught: Taught<Fields>,
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
