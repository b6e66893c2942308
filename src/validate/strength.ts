// How much a pass says: the tests are run against code whose bodies are empty and against variants that differ from it in
// one point. Tests that those pass too say little. Needs `loadGrammar` first.
import type { Judged } from "../core/record.js";
import { mutantsOf, stubOf, stubOfAll } from "../sandbox/mutate.js";
import type { JudgingSandbox } from "../sandbox/sandbox.js";

export interface StrengthJob {
  readonly code: string;
  readonly tests: string;
  /** Null where none can be told: every function then counts as one. */
  readonly entryPoint: string | null;
  /** One-point mutants to try. */
  readonly mutants: number;
  /** Decide which ones. */
  readonly seed: number;
  readonly key: string;
}

export type Strength = Pick<Judged, "killsStub" | "mutationScore">;

/** What is known of tests that were not tried. */
export const UNTRIED: Strength = { killsStub: null, mutationScore: null };

/** Whether the tests fail on the stub, and on which share of the mutants; null where there is nothing to try them on. */
export async function strengthOf(sandbox: JudgingSandbox, job: StrengthJob): Promise<Strength> {
  const { code, tests, mutants, seed, key } = job;
  const ofEntry = job.entryPoint === null ? null : stubOf(code, job.entryPoint);
  const stub = ofEntry ?? stubOfAll(code);
  const entryPoint = ofEntry === null ? null : job.entryPoint;
  const variants = mutants === 0 ? [] : mutantsOf(code, entryPoint, { limit: mutants, seed, key });
  const all = stub === null ? variants : [stub, ...variants];
  if (all.length === 0) return UNTRIED;
  // A stub needs less time than anything; mutants get a multiple of what the original takes.
  const original = variants.length > 0 ? { original: code } : {};
  const killed = await sandbox.kill({ variants: all, tests, entryPoint: entryPoint ?? "", ...original });
  const ofMutants = stub === null ? killed : killed.slice(1);
  return {
    killsStub: stub === null ? null : (killed[0] ?? null),
    mutationScore: ofMutants.length === 0 ? null : ofMutants.filter(Boolean).length / ofMutants.length,
  };
}
