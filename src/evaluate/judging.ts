// Every sample through the sandbox, as a job on the file of samples: the same verdicts as everywhere in the house, and whether
// they mean that the benchmark's tests hold.
import { doFileJob } from "../core/filejob.js";
import type { InputLine } from "../core/input.js";
import { workOnLines } from "../core/linework.js";
import { keyOf, type Verdict } from "../core/record.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { assess } from "../validate/assess.js";
import { sandboxFor } from "../validate/opened.js";
import { settingsOf, type VerifyOptions, type VerifySettings } from "../validate/options.js";
import type { SampleRow } from "./samples.js";
import type { EvaluationTask } from "./tasks.js";

/** A line of `results.jsonl`: the one at the same place in `samples.jsonl`, judged. */
export interface ResultRow {
  readonly task_id: string;
  /** All asserts of the task's tests held, and there was one. */
  readonly passed: boolean;
  /** `no-answer` where the model gave none. */
  readonly verdict: Verdict | "no-answer";
  readonly asserts: number;
  readonly message: string | null;
  readonly line: number | null;
  readonly backend: string;
  readonly mode: "split" | "one-world" | "none";
  /** Only where there are any. */
  readonly suspicions?: readonly string[];
}

export interface JudgingJob {
  readonly samples: string;
  readonly results: string;
  readonly tasks: ReadonlyMap<string, EvaluationTask>;
  readonly options: VerifyOptions;
  /** Sees every row, in the order of the samples. */
  readonly seen: (row: ResultRow) => void;
}

/** Bumped by hand when rows change their meaning. */
const JUDGING_VERSION = 1;

/** Judges what is not judged yet. @throws InputError for what the caller can mend; the signal's reason when stopped. */
export async function judgeTo({ samples, results, tasks, options, seen }: JudgingJob): Promise<void> {
  const settings = settingsOf(options);
  await doFileJob<ResultRow>({
    name: "judge",
    input: samples,
    output: results,
    asked: { judge: JUDGING_VERSION },
    async open(say, signal) {
      const sandbox = await sandboxFor(options, settings, say);
      return {
        facts: { backend: sandbox.backend, interpreter: sandbox.interpreter },
        make: (lines, isDone) =>
          workOnLines({
            lines,
            isDone,
            concurrency: settings.concurrency,
            work: (line) => judged(sandbox, line, tasks, settings),
            failed: (line) => `${samples} line ${line} could not be judged`,
            signal,
          }),
        close: () => sandbox.close(),
      };
    },
    seen,
    draw: options.draw,
    signal: options.signal,
  });
}

async function judged(
  sandbox: Sandbox,
  { text }: InputLine,
  tasks: ReadonlyMap<string, EvaluationTask>,
  { mode, allowImports }: VerifySettings,
): Promise<ResultRow> {
  const sample = JSON.parse(text) as SampleRow;
  const { task_id, solution: code } = sample;
  const task = tasks.get(task_id);
  if (task === undefined) throw new Error(`internal: no task is called ${task_id}`);
  const { backend } = sandbox;
  if (sample.finish === "none") {
    const nothing = { asserts: 0, message: sample.reason ?? null, line: null, mode: "none" } as const;
    return { task_id, passed: false, verdict: "no-answer", ...nothing, backend };
  }
  const { tests, entryPoint } = task;
  const job = {
    key: keyOf("evaluate", task_id, code),
    code,
    tests,
    origins: ["author"],
    entryPoint,
  } as const;
  const found = await assess(sandbox, job, { mode, mutants: 0, allowImports, seed: 0 });
  const { verdict, asserts, message, line, suspicions } = found;
  return {
    task_id,
    // A vacuous one passed too; that a body of nothing passes as well is the benchmark's fault.
    passed: verdict === "verified" || (verdict === "vacuous" && asserts > 0),
    verdict,
    asserts,
    message,
    line,
    backend,
    mode: found.mode,
    ...(suspicions.length === 0 ? {} : { suspicions }),
  };
}
