// Code and its tests, all the way to a verdict: may it import what it imports, does it do what the tests say, and how much
// do the tests say? Every verdict of the house, in the pipeline and on files from elsewhere, is made here.
// Needs `loadGrammar` first.
import type { Judged, TestOrigin } from "../core/record.js";
import { checkImports } from "../sandbox/policy.js";
import type { JudgingSandbox } from "../sandbox/sandbox.js";
import { suspicionsOf } from "../sandbox/suspicions.js";
import { verdictOf } from "../sandbox/verdict.js";
import { judgeBest, type JudgeOptions } from "./judge.js";
import { strengthOf, UNTRIED } from "./strength.js";

export interface AssessJob {
  /** Of the record: decides, with the seed, which mutants are tried. */
  readonly key: string;
  readonly code: string;
  /** What runs after the code: tests, or only calls. */
  readonly tests: string;
  /** Origins of the tests; empty where `tests` are only calls, or nothing. */
  readonly origins: readonly TestOrigin[];
  readonly entryPoint: string | null;
}

export interface AssessOptions extends JudgeOptions {
  /** Decides which mutants are tried. */
  readonly seed: number;
  /** One-point mutants tried where the tests hold; default 4. */
  readonly mutants?: number;
  /** Top-level modules allowed beside the standard library's; default none. */
  readonly allowImports?: readonly string[];
}

/** The verdict on code by its tests, with what it rests on. */
export async function assess(
  sandbox: JudgingSandbox,
  job: AssessJob,
  options: AssessOptions,
): Promise<Judged> {
  const { code, tests, origins, entryPoint } = job;
  const { backend, interpreter } = sandbox;
  const suspicions = [...new Set(suspicionsOf(code).map(({ flag }) => flag))];
  const forbidden = forbiddenIn(job, options);
  if (forbidden !== null)
    return { ...forbidden, asserts: 0, ...UNTRIED, suspicions, mode: "none", backend, interpreter };
  const outcome = await judgeBest(sandbox, { code, tests, entryPoint: entryPoint ?? "" }, options);
  const { seed, mutants = 4 } = options;
  const held = outcome.status === "passed" && origins.length > 0 && outcome.asserts > 0;
  const strength = held ? await strengthOf(sandbox, { ...job, mutants, seed }) : UNTRIED;
  const { message, line, asserts, mode } = outcome;
  const verdict = verdictOf(outcome, { origins, killsStub: strength.killsStub });
  return { verdict, message, line, asserts, ...strength, suspicions, mode, backend, interpreter };
}

/** What the import policy has against the code, or else against the tests. */
function forbiddenIn(
  { code, tests }: AssessJob,
  { allowImports = [] }: AssessOptions,
): Pick<Judged, "verdict" | "message" | "line"> | null {
  const inCode = checkImports(code, { allow: allowImports });
  const found = inCode ?? checkImports(tests, { allow: allowImports });
  if (found === null) return null;
  const message = inCode === null ? `in the tests: ${found.message}` : found.message;
  return { verdict: "forbidden-import", message, line: found.line };
}
