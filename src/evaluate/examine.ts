// What a model that was taught exchanges is worth on others: how likely the held-out responses are to it, and how many of its own
// answers pass the tests. It is asked as it was taught, by the prompt alone, and its answers are read as Markdown. In: a
// file of exchanges with tests, such as `writeArms` holds out. Everything lies in one folder, and a second start does what is
// missing:
//   scores.jsonl      prompts.jsonl  completions.jsonl      answers.jsonl  verdicts.jsonl
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { readRows, writeRows } from "../core/files.js";
import { isRecord } from "../core/json.js";
import { generateTo, type GeneratedRow, type GenerateOptions } from "../engine/generate.js";
import { scoreTo, type ScoredRow } from "../engine/score.js";
import type { VerifyOptions } from "../validate/options.js";
import type { VerifiedRow } from "../validate/rows.js";
import { verifyTo } from "../validate/verify.js";
import { estimate, passAt, type Estimate } from "./passes.js";

export interface ExamineOptions {
  /** Answers to each prompt; default 1. */
  readonly numSamples?: number;
  /** Default 0.8. */
  readonly temperature?: number;
  /** Share of probability that is drawn from; default 0.95. */
  readonly topP?: number;
  /** Most new tokens of an answer; default 512. */
  readonly maxTokens?: number;
  /** Draws the answers; default 0. */
  readonly seed?: number;
  /** How the model runs: its batches and threads. */
  readonly engine?: Pick<GenerateOptions, "batchSize" | "threads">;
  /** How programs are judged. */
  readonly judging?: Omit<VerifyOptions, "mutants" | "draw" | "signal">;
  readonly draw?: GenerateOptions["draw"];
  /** Stops the work; what was finished is kept. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
}

/** How many of a task's answers passed. */
export interface TaskPasses {
  readonly id: string;
  readonly samples: number;
  readonly passed: number;
}

export interface Examination {
  /** Mean negative log-likelihood of a token of the held-out responses, in nats, over so many tokens. */
  readonly loss: number;
  readonly tokens: number;
  /** In the order of the file. */
  readonly tasks: readonly TaskPasses[];
  /** Answers that the model could not give, as to a prompt that is too long. They count as failed. */
  readonly unanswered: number;
}

interface Problem {
  readonly id: string;
  readonly prompt: string;
  readonly tests: string;
}

/** Problems by their ids. @throws InputError for a file without any, and for rows that are none. */
async function problemsOf(file: string): Promise<ReadonlyMap<string, Problem>> {
  const problems = new Map<string, Problem>();
  for await (const row of readRows<unknown>(file)) {
    const { id, prompt, tests } = isRecord(row) ? row : {};
    const [name, place] = [String(id), `"${file}", row ${problems.size + 1}`];
    if (!["string", "number"].includes(typeof id) || typeof prompt !== "string" || typeof tests !== "string")
      throw new InputError(`${place} must be {id, prompt, text, tests}, as writeArms writes them`);
    if (problems.has(name))
      throw new InputError(`${place} has the id ${name} of another row: ids must differ`);
    problems.set(name, { id: name, prompt, tests });
  }
  if (problems.size > 0) return problems;
  throw new InputError(`"${file}" has no rows: give {id, prompt, text, tests}, as writeArms writes them`);
}

/**
 * Examines a model, named as for `openEngine`, on a file of `{id, prompt, text, tests}`.
 * @throws InputError for everything that the caller can mend, a response that can't be scored among it.
 */
export async function examineTo(
  model: string,
  heldOut: string,
  folder: string,
  options: ExamineOptions = {},
): Promise<Examination> {
  const { numSamples = 1, temperature = 0.8, topP = 0.95, maxTokens = 512, seed = 0 } = options;
  const { engine = {}, judging = {}, draw, signal } = options;
  const shared = { ...(draw === undefined ? {} : { draw }), ...(signal === undefined ? {} : { signal }) };
  if (!Number.isInteger(numSamples) || numSamples < 1)
    throw new InputError(`numSamples must be a whole number from 1, not "${numSamples}"`);
  const problems = await problemsOf(heldOut);
  await mkdir(folder, { recursive: true });
  const file = (name: string): string => path.join(folder, `${name}.jsonl`);

  await scoreTo(model, heldOut, file("scores"), { ...engine, ...shared });
  const loss = await lossOf(file("scores"));
  const asked = [...problems.values()].map(({ id, prompt }) => ({ id, prompt, n: numSamples }));
  await writeRows(file("prompts"), asked);
  const how = { ...engine, temperature, topP, maxTokens, seed, ...shared };
  const { unanswered } = await generateTo(model, file("prompts"), file("completions"), how);
  await writeRows(file("answers"), answers(file("completions"), problems));
  await verifyTo(file("answers"), file("verdicts"), { ...judging, ...shared });
  return { ...loss, tasks: await passesOf(file("verdicts"), problems.keys()), unanswered };
}

/** Answers with their tests, as rows to be verified; one that the model did not give is empty, and fails. */
async function* answers(
  completions: string,
  problems: ReadonlyMap<string, Problem>,
): AsyncGenerator<{ readonly id: string; readonly response: string; readonly tests: string }> {
  for await (const { id, text } of readRows<GeneratedRow>(completions)) {
    const problem = problems.get(String(id));
    if (problem === undefined) throw new Error(`internal: nobody asked for ${String(id)}`);
    yield { id: problem.id, response: text, tests: problem.tests };
  }
}

/** The mean over all tokens: long responses count for more. */
async function lossOf(scores: string): Promise<Pick<Examination, "loss" | "tokens">> {
  let [sum, tokens] = [0, 0];
  for await (const { id, nll, tokens: own, reason, detail } of readRows<ScoredRow>(scores)) {
    if (nll === null)
      throw new InputError(`response ${id} can't be scored (${reason ?? ""}: ${detail ?? ""}): leave it out`);
    sum += nll * own;
    tokens += own;
  }
  return { loss: sum / tokens, tokens };
}

async function passesOf(verdicts: string, ids: Iterable<string>): Promise<TaskPasses[]> {
  const counts = new Map([...ids].map((id) => [id, { samples: 0, passed: 0 }]));
  for await (const { id, verdict } of readRows<VerifiedRow>(verdicts)) {
    const count = counts.get(String(id));
    if (count === undefined) throw new Error(`internal: nobody asked for ${String(id)}`);
    count.samples++;
    if (verdict === "verified") count.passed++;
  }
  return [...counts].map(([id, count]) => ({ id, ...count }));
}

/**
 * pass@k of models that differ in nothing but their seeds: the mean over tasks of each task's mean over the models, with Wilson's
 * interval over the tasks, which are what there is a sample of. Another model's answer to the same task is no other task,
 * so that more seeds do not narrow it. Needs the same tasks in all, and `k` of 1 to their samples.
 */
export function passOver(examinations: readonly Pick<Examination, "tasks">[], k: number): Estimate {
  const [first] = examinations;
  if (first === undefined || first.tasks.length === 0)
    throw new InputError("there is no examination with tasks: give one for each seed");
  if (!Number.isInteger(k) || k < 1) throw new InputError(`k must be a whole number from 1, not "${k}"`);
  const passes = examinations.map(({ tasks }) => new Map(tasks.map((task) => [task.id, task])));
  if (passes.some(({ size }) => size !== first.tasks.length))
    throw new InputError("examinations have different tasks: examine all models on one file");
  const means = first.tasks.map(({ id }) => {
    const each = passes.map((tasks) => {
      const task = tasks.get(id);
      if (task === undefined || task.samples < k)
        throw new InputError(`task ${id} has no ${k} answers in every examination: draw more, or lower k`);
      return passAt(k, task.samples, task.passed);
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  });
  return estimate(means);
}
