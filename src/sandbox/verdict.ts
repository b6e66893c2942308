// From what happened in the sandbox to the word that is published. Pure: the policy of what counts as verified stands
// here and nowhere else.
import type { TestOrigin, Verdict } from "../core/record.js";
import type { Outcome, OutcomeStatus } from "./sandbox.js";

/** What is known of the tests beside the outcome of running them. */
export interface TestEvidence {
  /** Origins of the tests that ran; empty where there were none and only calls, or nothing, ran. */
  readonly origins: readonly TestOrigin[];
  /** Whether the tests fail on a body of `return None`; null where that is not known. */
  readonly killsStub: boolean | null;
}

/** Statuses that settle the verdict by themselves. SystemExit before the end is an error: nothing after it was run. */
const SETTLED: Readonly<Record<Exclude<OutcomeStatus, "passed">, Verdict>> = {
  failed: "wrong",
  error: "error",
  exit: "error",
  timeout: "timeout",
  memory: "memory",
  flood: "flood",
  unsupported: "unsupported",
  "sandbox-error": "sandbox-error",
};

/**
 * The verdict's word (the words are those of `Verdict`): a run that did not pass is named by how it ended. A run that passed
 * is `verified` when a counted assert of an author's or a model's test held and the tests kill the stub; `recorded` when
 * the same is true of recorded tests only; `vacuous` when tests counted no assert or the stub passes them too;
 * without tests it is `executed` when a call of the entry point returned, and else `defined`.
 */
export function verdictOf(outcome: Outcome, { origins, killsStub }: TestEvidence): Verdict {
  if (outcome.status !== "passed") return SETTLED[outcome.status];
  if (origins.length === 0) return outcome.calls > 0 ? "executed" : "defined";
  if (outcome.asserts === 0 || killsStub !== true) return "vacuous";
  return origins.every((origin) => origin === "recorded") ? "recorded" : "verified";
}
