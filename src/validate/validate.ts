// One response: does it do what its tests say, how strong are these tests, and how good is the code? The code runs in
// the sandbox only. Every response gets a result; whether it is published is decided later, by selection.
import { testText, type Judged, type WithResponse, type WithResult } from "../core/record.js";
import { mutantsOf, stubOf } from "../sandbox/mutate.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { verdictOf } from "../sandbox/verdict.js";
import { measure } from "./metrics.js";

export interface ValidateOptions {
  /** Seed of the run: decides which mutants are tried. */
  readonly seed: number;
  /** One-point mutants tried per response; default 4. */
  readonly mutants?: number;
}

/** What the sandbox and the metrics say of one response. */
export async function validate(
  response: WithResponse,
  sandbox: Sandbox,
  options: ValidateOptions,
): Promise<Pick<WithResult, "result" | "metrics">> {
  const result = await judge(response, sandbox, options);
  return { result, metrics: measure(response.code, response.entryPoint, response.instruction) };
}

async function judge(
  { key, code, entryPoint, tests, calls }: WithResponse,
  sandbox: Sandbox,
  { seed, mutants = 4 }: ValidateOptions,
): Promise<Judged> {
  const tested = tests.length > 0;
  const text = tested ? testText(tests) : `${calls.join("\n")}\n`;
  const outcome = await sandbox.judge({ code, tests: text, entryPoint });
  const strength =
    tested && outcome.status === "passed"
      ? await strengthOf(sandbox, { key, code, entryPoint, text, seed, mutants })
      : { killsStub: null, mutationScore: null };
  return {
    verdict: verdictOf(outcome, {
      origins: tests.map(({ origin }) => origin),
      killsStub: strength.killsStub,
    }),
    message: outcome.message,
    line: outcome.line,
    asserts: outcome.asserts,
    ...strength,
    mode: "one-world",
    backend: sandbox.backend,
    interpreter: sandbox.interpreter,
  };
}

interface StrengthJob {
  readonly key: string;
  readonly code: string;
  readonly entryPoint: string;
  readonly text: string;
  readonly seed: number;
  readonly mutants: number;
}

/** Runs the tests against an empty body and against one-point mutants: tests that pass those say little. */
async function strengthOf(
  sandbox: Sandbox,
  { key, code, entryPoint, text, seed, mutants }: StrengthJob,
): Promise<Pick<Judged, "killsStub" | "mutationScore">> {
  const stub = stubOf(code, entryPoint);
  const variants = mutantsOf(code, entryPoint, { limit: mutants, seed, key });
  const killed = await sandbox.kill({
    variants: stub === null ? variants : [stub, ...variants],
    tests: text,
    entryPoint,
    original: code,
  });
  const ofMutants = stub === null ? killed : killed.slice(1);
  return {
    killsStub: stub === null ? null : (killed[0] ?? null),
    mutationScore: ofMutants.length === 0 ? null : ofMutants.filter(Boolean).length / ofMutants.length,
  };
}
