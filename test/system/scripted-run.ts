// Runs of the command line against the scripted server: how they are started, what they made of each answer, and what of
// the answers stands in their files already.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { uniforms } from "../../src/core/random.js";
import { keyOf } from "../../src/core/record.js";
import { STEPS, type Step } from "../../src/instruct/stage.js";
import { hasNative } from "./backends.js";
import { FAULTY_VERDICTS } from "./scripted-model.js";
import { MODEL, type Logged } from "./scripted-server.js";

const RUN_SEED = 3_407;
/** Most responses of an instruction. */
export const SAMPLES = 3;

/** Arguments of a run in which answers are drawn one at a time until one is verified. */
export function scriptedRun(dir: string, url: string, seeds: number, ...more: readonly string[]): string[] {
  const model = ["--model", `openai:${MODEL}`, "--base-url", url, "--delay", "0", "--max-tokens", "256"];
  const rounds = ["--samples", `${SAMPLES}`, "--round", "1"];
  const sandbox = ["--sandbox", hasNative ? "native" : "pyodide"];
  return ["run", "--output-dir", dir, "--num-samples", `${seeds}`, ...model, ...rounds, ...sandbox, ...more];
}

/** What became of the answers of a step, by the seeds of their requests. */
export type Fates = ReadonlyMap<number, string>;

/** What the server planted. */
export function planted(log: readonly Logged[], step: Step): Fates {
  return sorted(log.filter((asked) => asked.step === step).map(({ seed, fate }) => [seed, fate]));
}

interface Row {
  readonly key: string;
}

/** What the files of a finished run say: `good`, the reason of a failure, or the verdict on a response. */
export function told(dir: string, step: Step): Fates {
  const verdicts = new Map(
    rowsIn<Row & { result: { verdict: string } }>(dir, "validation_output/results").map(({ key, result }) => [
      key,
      result.verdict,
    ]),
  );
  const verdictOf = (key: string): string => verdicts.get(keyOf("results", key, 0)) ?? "never judged";
  const rows = rowsIn<Row>(dir, `self_oss_output/${step}`).map(({ key }): [number, string] => {
    const verdict = step === "responses" ? verdictOf(key) : "verified";
    return [requestSeed(key), verdict === "verified" ? "good" : verdict];
  });
  const failed = rowsIn<Row & { reason: string }>(dir, `self_oss_output/${step}.failed`);
  return sorted([...rows, ...failed.map(({ key, reason }): [number, string] => [requestSeed(key), reason])]);
}

function sorted(fates: readonly (readonly [number, string])[]): Fates {
  return new Map([...fates].sort(([a], [b]) => a - b));
}

/** The seed that the request for a row is sent with. */
function requestSeed(key: string): number {
  return Math.floor(uniforms(RUN_SEED, `model:${key}`)() * 2 ** 31);
}

/** How often each fate is met. */
export function counted(fates: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fate of [...fates].sort()) counts[fate] = (counts[fate] ?? 0) + 1;
  return counts;
}

/** The funnel that the server's log foretells, in the words of `stats.json`. */
export function foretold(log: readonly Logged[], step: Step): { rows: number; failed: object } {
  const fates = [...planted(log, step).values()];
  const isRow = (fate: string): boolean => fate === "good" || FAULTY_VERDICTS.includes(fate);
  return { rows: fates.filter(isRow).length, failed: counted(fates.filter((fate) => !isRow(fate))) };
}

/** Fates of the answers to each instruction, in the order in which they were asked for. */
export function draws(log: readonly Logged[]): string[][] {
  const drawn = new Map<string, string[]>();
  for (const { step, prompt, fate } of log)
    if (step === "responses") drawn.set(prompt, [...(drawn.get(prompt) ?? []), fate]);
  return [...drawn.values()];
}

/** Seeds of the requests whose answers stand in a run's journals or published files, whole to the end of the line. */
export function journaled(dir: string): Set<number> {
  const found = STEPS.flatMap((step) => {
    const name = `${step}.completions`;
    const lines = linesIn(path.join(dir, "self_oss_output", `${step}.jsonl.part`))
      .filter((line) => line.startsWith(`["${name}",`))
      .map((line) => (JSON.parse(line) as [string, string, { of: string }])[2]);
    return [...lines, ...rowsIn<{ of: string }>(dir, `self_oss_output/${name}`)];
  });
  return new Set(found.map(({ of }) => requestSeed(of)));
}

/** Rows of a published file; none where it is not there yet. */
export function rowsIn<Row>(dir: string, name: string): Row[] {
  return linesIn(path.join(dir, `${name}.jsonl`)).map((line) => JSON.parse(line) as Row);
}

/** Lines that end as lines do. */
function linesIn(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
}
