// The prompt lab: the same seeds through two prompt sets, side by side. Each side is a run directory of its own, so that it goes
// on where it stopped, and a set that was tried before costs nothing. In: two sets and the options of a run. Out: plain counts.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { collect } from "./core/collect.js";
import { InputError } from "./core/errors.js";
import { keyOf, type WithResult } from "./core/record.js";
import { spreadOf } from "./dataset/stats.js";
import { costOf } from "./engine/meter.js";
import { openPrompts } from "./instruct/prompts.js";
import { STEPS } from "./instruct/stage.js";
import type { ShareChange } from "./report/charts.js";
import { runPipeline } from "./pipeline.js";
import { readConcepts, readInstructions, readResults, readSeeds } from "./readers.js";
import type { PipelineOptions } from "./settings.js";
import { readSummary, type InstructStats } from "./summaries.js";

/** Stages of which the lab needs the rows. */
const STAGES = ["seeds", "instruct", "validate", "dataset"];

/** Options that decide no row: a side may go on with others. */
const NO_CONTENT = [
  "outputDir",
  "stages",
  "numSamples",
  "clean",
  "retryFailed",
  "batchSize",
  "delay",
  "baseUrl",
  "price",
  "workers",
  "signal",
  "draw",
];

/** A prompt set at work. */
export interface PromptSide {
  /** Name of the set, and the run directory of this side. */
  readonly prompts: string;
  readonly dir: string;
  readonly figures: SideFigures;
  readonly tokens: SideTokens;
}

/** Figures that are shares, from 0 to 1. */
const SHARES = [
  "concepts read",
  "instructions read",
  "responses read",
  "responses verified",
  "seeds with a verified pair",
] as const;

type FigureLabel =
  | (typeof SHARES)[number]
  | "seeds"
  | "rows published"
  | "words of an instruction"
  | "characters of a response"
  | "lines of code"
  | "asserts"
  | "requests"
  | "tokens sent"
  | "tokens drawn";

/** Figures of a side by what they tell, shares first; null where there is nothing to tell of. */
export type SideFigures = Readonly<Record<FigureLabel, number | null>>;

/** What a side used, for `costOfRun`; tokens are null where the engine tells of none. */
export interface SideTokens {
  readonly published: number;
  readonly requests: number;
  readonly prompt: number | null;
  readonly completion: number | null;
}

/** What became of one seed on one side. */
export interface SeedOutcome {
  readonly concepts: readonly string[] | null;
  readonly instruction: string | null;
  /** The published text of its best response: a verified one, else the first. */
  readonly response: string | null;
  /** That response's verdict; null where no response could be read. */
  readonly verdict: string | null;
}

export interface PromptPair {
  readonly function: string;
  readonly path: string;
  readonly old: SeedOutcome;
  readonly new: SeedOutcome;
}

/** A line of a table. */
export type FigureRow = Readonly<Record<"figure", string> & Record<"old" | "new", number | null>>;

export interface PromptComparison {
  readonly old: PromptSide;
  readonly new: PromptSide;
  /** The figures of both, a row each, and the shares among them for `changeChart`. */
  readonly figures: readonly FigureRow[];
  readonly shares: readonly ShareChange[];
  /** One for each seed, in the order of the corpus. */
  readonly pairs: readonly PromptPair[];
}

/**
 * Runs the same seeds through two prompt sets (names or folders) with the same model, each in a folder of its own below
 * `outputDir`.
 * @throws InputError as `runPipeline` does, and for a teacher that uses no prompts.
 */
export async function comparePrompts(
  before: string,
  after: string,
  options: Omit<PipelineOptions, "prompts" | "stages">,
): Promise<PromptComparison> {
  const { model = "docstring" } = options;
  if (model === "docstring")
    throw new InputError("model docstring uses no prompts: name one, e.g. replay:data/replay/stdlib.jsonl");
  const old = await runSide(before, options);
  const other = await runSide(after, options);
  const [olds, news] = [await outcomes(old.dir), await outcomes(other.dir)];
  const pairs: PromptPair[] = [];
  for await (const { key, entryPoint, provenance } of readSeeds(old.dir)) {
    const [was, is] = [olds.get(key), news.get(key)];
    if (was && is) pairs.push({ function: entryPoint, path: provenance.path, old: was, new: is });
  }
  return { old, new: other, ...sideBySide(old.figures, other.figures), pairs };
}

/** Two sides as a table, and the shares that both know. */
export function sideBySide(
  old: SideFigures,
  other: SideFigures,
): Pick<PromptComparison, "figures" | "shares"> {
  // Object.keys forgets the keys' type.
  const labels = Object.keys(old) as FigureLabel[];
  return {
    figures: labels.map((label) => ({ figure: label, old: old[label], new: other[label] })),
    shares: SHARES.flatMap((name) => {
      const [was, is] = [old[name], other[name]];
      return was === null || is === null ? [] : [{ name, old: was, new: is }];
    }),
  };
}

async function runSide(
  prompts: string,
  options: Omit<PipelineOptions, "prompts" | "stages">,
): Promise<PromptSide> {
  const { outputDir = "data/runs/lab" } = options;
  const { name, identity } = await openPrompts(prompts);
  const content = Object.entries(options).filter(([option]) => !NO_CONTENT.includes(option));
  const folder = `${name}-${keyOf(identity, JSON.stringify(content.sort())).slice(0, 12)}`;
  await mkdir(outputDir, { recursive: true });
  const { dir, rows } = await runPipeline({
    ...options,
    prompts,
    stages: STAGES,
    outputDir: path.join(outputDir, folder),
  });
  const instruct = await readSummary(dir, "instruct");
  const results = await collect(readResults(dir));
  const figures = sideFigures({
    seeds: rows["seeds"] ?? 0,
    published: rows["dataset"] ?? 0,
    instruct,
    results,
  });
  const { requests, "tokens sent": prompt, "tokens drawn": completion } = figures;
  const tokens = { published: rows["dataset"] ?? 0, requests: requests ?? 0, prompt, completion };
  return { prompts: name, dir, figures, tokens };
}

/** What a side's figures are counted from. */
export interface SideRows {
  readonly seeds: number;
  readonly published: number;
  readonly instruct: InstructStats;
  readonly results: readonly Pick<WithResult, "group" | "result" | "metrics" | "instruction" | "response">[];
}

/** The figures of a side; pure. Lengths are medians over the responses that could be read. */
export function sideFigures({ seeds, published, instruct, results }: SideRows): SideFigures {
  const read = STEPS.map((step) => share(instruct[step].rows, instruct[step].asked?.requests ?? 0));
  const verified = results.filter(({ result }) => result.verdict === "verified");
  const middle = (values: readonly number[]): number | null => spreadOf(values)?.median ?? null;
  const total = (what: "requests" | "promptTokens" | "newTokens"): number | null =>
    STEPS.map((step) => instruct[step].asked?.[what] ?? null).reduce(
      (sum, count) => (sum === null ? count : sum + (count ?? 0)),
      null,
    );
  return {
    "concepts read": read[0] ?? null,
    "instructions read": read[1] ?? null,
    "responses read": read[2] ?? null,
    "responses verified": share(verified.length, results.length),
    "seeds with a verified pair": share(new Set(verified.map(({ group }) => group)).size, seeds),
    seeds,
    "rows published": published,
    "words of an instruction": middle(
      results.map(({ instruction }) => instruction.match(/\S+/gu)?.length ?? 0),
    ),
    "characters of a response": middle(results.map(({ response }) => response.length)),
    "lines of code": middle(results.map(({ metrics }) => metrics.lines)),
    asserts: middle(results.map(({ result }) => result.asserts)),
    requests: total("requests"),
    "tokens sent": total("promptTokens"),
    "tokens drawn": total("newTokens"),
  };
}

/** Null of nothing. */
function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** A full run's needs, estimated from a side. */
export interface RunCost {
  readonly requests: number;
  readonly prompt: number;
  readonly completion: number;
  /** Null without a price. */
  readonly cost: number | null;
}

/**
 * What so many published rows would take, if all went as on this side; null where it published nothing or its engine told of
 * no tokens. `price` is that of a million tokens sent and of a million drawn, in whatever currency.
 */
export function costOfRun(
  { published, requests, prompt, completion }: SideTokens,
  rows: number,
  price: readonly number[] | null = null,
): RunCost | null {
  if (published === 0 || prompt === null || completion === null) return null;
  const times = (count: number): number => Math.round((count * rows) / published);
  const needed = { prompt: times(prompt), completion: times(completion) };
  const [sent, drawn] = price ?? [];
  const cost =
    sent === undefined || drawn === undefined ? null : costOf(needed, { prompt: sent, completion: drawn });
  return { requests: times(requests), ...needed, cost };
}

/** By the seed's key. */
async function outcomes(dir: string): Promise<ReadonlyMap<string, SeedOutcome>> {
  const concepts = new Map<string, readonly string[]>();
  for await (const row of readConcepts(dir)) concepts.set(row.sha1, row.concepts);
  const instructions = new Map<string, string>();
  for await (const row of readInstructions(dir)) instructions.set(row.sha1, row.instruction);
  const best = new Map<string, WithResult>();
  for await (const row of readResults(dir)) {
    const before = best.get(row.sha1);
    const isBetter = row.result.verdict === "verified" && before?.result.verdict !== "verified";
    if (before === undefined || isBetter) best.set(row.sha1, row);
  }
  const all = new Map<string, SeedOutcome>();
  for await (const { key, sha1 } of readSeeds(dir)) {
    const result = best.get(sha1);
    all.set(key, {
      concepts: concepts.get(sha1) ?? null,
      instruction: instructions.get(sha1) ?? null,
      response: result?.response ?? null,
      verdict: result?.result.verdict ?? null,
    });
  }
  return all;
}
