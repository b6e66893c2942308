// One line of a file of problems as one row of verdicts. Whatever the line holds, a row comes out; only the sandbox itself
// can fail.
import { keyOf, type Verdict } from "../core/record.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { assess } from "./assess.js";
import type { InputLine } from "../core/input.js";
import { readProblem, type Problem, type ProblemId } from "./layouts.js";
import type { VerifySettings } from "./options.js";

/**
 * The verdicts on code, and `invalid` for a line in which there is none to judge. It is not one of `Verdict`: those say
 * what became of a program, and a run of the pipeline has no such lines.
 */
export type RowVerdict = Verdict | "invalid";

export interface VerifiedRow {
  readonly id: ProblemId;
  readonly verdict: RowVerdict;
  readonly asserts: number;
  readonly message: string | null;
  readonly line: number | null;
  /** Sandbox that the run used. */
  readonly backend: string;
  /** `none` where nothing ran. */
  readonly mode: "split" | "one-world" | "none";
  /** Only where mutants were asked for; null where none could be made, or the tests did not hold. */
  readonly mutation_score?: number | null;
  /** Only where there are any. */
  readonly suspicions?: readonly string[];
}

/** What came of one line. */
export async function verifyLine(
  sandbox: Sandbox,
  { text, line }: InputLine,
  { mode, mutants, allowImports }: VerifySettings,
): Promise<VerifiedRow> {
  const problem = readProblem(text, line);
  const scored = (score: number | null): Pick<VerifiedRow, "mutation_score"> =>
    mutants === 0 ? {} : { mutation_score: score };
  const { backend } = sandbox;
  if ("reason" in problem) {
    const { id, reason: message } = problem;
    return {
      id,
      verdict: "invalid",
      asserts: 0,
      message,
      line: null,
      backend,
      mode: "none",
      ...scored(null),
    };
  }
  const job = {
    ...problem,
    key: contentKey(problem),
    origins: problem.tests.trim() === "" ? [] : [problem.origin],
  };
  const judged = await assess(sandbox, job, { mode, mutants, allowImports, seed: 0 });
  const { verdict, asserts, message, suspicions } = judged;
  return {
    id: problem.id,
    verdict,
    asserts,
    message,
    line: judged.line,
    backend,
    mode: judged.mode,
    ...scored(judged.mutationScore),
    ...(suspicions.length === 0 ? {} : { suspicions }),
  };
}

/** The same problem has the same mutants wherever it stands. */
function contentKey({ code, tests }: Problem): string {
  return keyOf("verify", code, tests);
}
