// One response: does it do what its tests say, how strong are these tests, and how good is the code? The code runs in
// the sandbox only. Every response gets a result; whether it is published is decided later, by selection.
import { testText, type Judged, type WithResponse, type WithResult } from "../core/record.js";
import type { JudgingSandbox } from "../sandbox/sandbox.js";
import { assess, type AssessOptions } from "./assess.js";
import { measure } from "./metrics.js";

/** Seed of the run, mutants per response, mode (default `auto`) and allowed imports. */
export type ValidateOptions = AssessOptions;

export type Validated = Pick<WithResult, "result" | "metrics">;

/** What the sandbox and the metrics say of one response. */
export async function validate(
  response: WithResponse,
  sandbox: JudgingSandbox,
  options: ValidateOptions,
): Promise<Validated> {
  const result = await judge(response, sandbox, options);
  return { result, metrics: measure(response.code, response.entryPoint, response.instruction) };
}

function judge(
  { key, code, entryPoint, tests, calls }: WithResponse,
  sandbox: JudgingSandbox,
  options: ValidateOptions,
): Promise<Judged> {
  const text = tests.length > 0 ? testText(tests) : `${calls.join("\n")}\n`;
  const origins = tests.map(({ origin }) => origin);
  return assess(sandbox, { key, code, tests: text, origins, entryPoint }, options);
}
