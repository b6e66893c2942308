// The small file beside each stage's rows that sums them up: counts and reasons, nothing that a clock or a machine
// decides. Later stages, the card and the report read these instead of counting again.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { readRows, writeWhole } from "./core/files.js";
import type { Journal } from "./core/journal.js";
import type { Reject, WithResponse, WithResult } from "./core/record.js";
import type { RunDirectory } from "./core/run.js";
import { DATASET_FOLDER } from "./dataset/export.js";
import type { SplitStats } from "./dataset/splits.js";
import { tally, type DatasetStats } from "./dataset/stats.js";
import { teacherOf } from "./dataset/teacher.js";
import { completionsOf, type CompletionRow } from "./instruct/completions.js";
import { STEPS, type Step } from "./instruct/stage.js";
import { seedFunnel, type FunnelStep } from "./seeds/funnel.js";
import { KEPT, POSITION, REJECTED, type Position } from "./seeds/gather.js";

type Counts = Readonly<Record<string, number>>;

export interface SeedStats {
  /** Files read, those refused as a whole included. */
  readonly files: number;
  /** Functions looked at. */
  readonly functions: number;
  readonly kept: number;
  /** Functions left out, by reason. */
  readonly rejected: Counts;
  /** Whole files left out, by reason. */
  readonly rejectedFiles: Counts;
}

export interface StepStats {
  readonly rows: number;
  readonly failed: Counts;
  /** What a model was asked; absent where none taught. */
  readonly asked?: AskedStats;
}

/** Requests to a model and their tokens, over all starts of a run. */
export interface AskedStats {
  readonly requests: number;
  /** Tokens sent and tokens drawn; null where no answer tells how many. */
  readonly promptTokens: number | null;
  readonly newTokens: number | null;
}

/** What came of drawing responses in rounds. */
export interface RoundsStats {
  /** Instructions with a response that could be read. */
  readonly answered: number;
  /** Responses that were asked for. */
  readonly drawn: number;
  /** Those of as many for each instruction as it may get at most; null for transcripts, which hold what they hold. */
  readonly always: number | null;
}

export interface InstructStats extends Readonly<Record<Step, StepStats>> {
  /** Tests that the teacher left out, by reason. */
  readonly dropped: Counts;
  /** Absent where no model taught. */
  readonly rounds?: RoundsStats;
}

/** Folder of the steps. */
const FOLDER = "self_oss_output";

/** Where each summary lies inside a run. */
export const SUMMARY_FILES = {
  seeds: ["seed_output", "stats.json"],
  instruct: [FOLDER, "stats.json"],
  validate: ["validation_output", "validation_stats.json"],
} as const;

/** Writes `seed_output/stats.json`. */
export async function summariseSeeds(run: RunDirectory, journal: Journal): Promise<void> {
  const [functions, files] = [counter(), counter()];
  for await (const text of journal.texts(REJECTED, "appended")) {
    const { qualname, reason } = JSON.parse(text) as Reject;
    (qualname === null ? files : functions).add(reason);
  }
  const kept = journal.counts().get(KEPT) ?? 0;
  const { files: filesRead } = (await journal.last<Position>(POSITION)) ?? { files: files.total() };
  const stats: SeedStats = {
    files: filesRead,
    functions: kept + functions.total(),
    kept,
    rejected: functions.counts(),
    rejectedFiles: files.counts(),
  };
  await write(run, "seeds", stats);
}

/** Writes `self_oss_output/stats.json` from the journal of the last step and the published files of the others. */
export async function summariseInstruct(run: RunDirectory, last: Journal): Promise<void> {
  const dropped = counter();
  const answered = new Set<string>();
  for await (const text of last.texts("responses", "key")) {
    const response = JSON.parse(text) as WithResponse;
    for (const [reason, count] of Object.entries(response.dropped)) dropped.add(reason, count);
    answered.add(response.group);
  }
  const teacher = teacherOf(run.manifest.content);
  const steps: Partial<Record<Step, StepStats>> = {};
  for (const step of STEPS) {
    /** Rows of a file of this step. */
    const rowsOf = <Row>(name: string): AsyncIterable<Row> =>
      step === "responses" ? parsed(last.texts(name, "key")) : readRows(run.at(FOLDER, `${name}.jsonl`));
    const failed = counter();
    for await (const { reason } of rowsOf<Reject>(`${step}.failed`)) failed.add(reason);
    const rows = step === "responses" ? last.counts().get(step) : run.manifest.stages[step]?.rows;
    steps[step] = {
      rows: rows ?? 0,
      failed: failed.counts(),
      ...(teacher === null ? {} : { asked: await askedOf(rowsOf(completionsOf(step))) }),
    };
  }
  const drawn = steps.responses?.asked?.requests;
  const most = teacher?.replayed === false ? teacher.sampling.budget : null;
  const always = most === null ? null : most * (steps.instructions?.rows ?? 0);
  const rounds = drawn === undefined ? {} : { rounds: { answered: answered.size, drawn, always } };
  await write(run, "instruct", { ...steps, dropped: dropped.counts(), ...rounds });
}

async function* parsed<Row>(texts: AsyncIterable<string>): AsyncGenerator<Row> {
  for await (const text of texts) yield JSON.parse(text) as Row;
}

/** Sums answers up. */
export async function askedOf(answers: AsyncIterable<CompletionRow>): Promise<AskedStats> {
  const sum = { requests: 0, promptTokens: null as number | null, newTokens: null as number | null };
  for await (const answer of answers) {
    sum.requests++;
    if ("reason" in answer) continue;
    if (answer.promptTokens !== null) sum.promptTokens = (sum.promptTokens ?? 0) + answer.promptTokens;
    if (answer.newTokens !== null) sum.newTokens = (sum.newTokens ?? 0) + answer.newTokens;
  }
  return sum;
}

/** Writes `validation_output/validation_stats.json`. */
export async function summariseValidation(run: RunDirectory, journal: Journal): Promise<void> {
  const all = tally();
  for await (const text of journal.texts("results", "key")) all.add(JSON.parse(text) as WithResult);
  await write(run, "validate", all.stats());
}

export interface Summaries {
  readonly seeds: SeedStats;
  readonly instruct: InstructStats;
  readonly validate: DatasetStats;
}

/** The summary of a stage of a run. */
export async function readSummary<Name extends keyof Summaries>(
  dir: string,
  stage: Name,
): Promise<Summaries[Name]> {
  return JSON.parse(await readFile(path.join(dir, ...SUMMARY_FILES[stage]), "utf8")) as Summaries[Name];
}

/** All three summaries of a run whose rows are finished. */
export async function readSummaries(dir: string): Promise<Summaries> {
  return {
    seeds: await readSummary(dir, "seeds"),
    instruct: await readSummary(dir, "instruct"),
    validate: await readSummary(dir, "validate"),
  };
}

async function write(run: RunDirectory, name: keyof typeof SUMMARY_FILES, stats: unknown): Promise<void> {
  await writeWhole(run.at(...SUMMARY_FILES[name]), `${JSON.stringify(stats, null, 2)}\n`);
}

/** How many functions of a published run were left after each step, and why the others left. */
export async function readFunnel(dir: string): Promise<FunnelStep[]> {
  const { rows, left } = await readDatasetStats(dir);
  return funnelOf(await readSummaries(dir), rows, left);
}

/** What `final_dataset/stats.json` holds. */
export interface PublishedStats extends DatasetStats {
  /** Responses that selection refused, by reason. */
  readonly left: Counts;
  readonly splits: SplitStats;
  /** Lines of `preference_pairs.jsonl`. */
  readonly preferencePairs: number;
}

/** Statistics of a published dataset. */
export async function readDatasetStats(dir: string): Promise<PublishedStats> {
  return JSON.parse(await readFile(path.join(dir, DATASET_FOLDER, "stats.json"), "utf8")) as PublishedStats;
}

/** The steps of a funnel; `left` is what selection refused. */
export function funnelOf(
  { seeds, instruct }: Summaries,
  rows: number,
  left: Readonly<Record<string, number>>,
): FunnelStep[] {
  return [
    ...seedFunnel(seeds),
    { name: "with concepts", count: instruct.concepts.rows, left: instruct.concepts.failed },
    { name: "with instruction", count: instruct.instructions.rows, left: instruct.instructions.failed },
    {
      name: "with response",
      count: instruct.rounds?.answered ?? instruct.responses.rows,
      left: instruct.responses.failed,
    },
    { name: "published", count: rows, left },
  ];
}

interface Counter {
  add(reason: string, count?: number): void;
  total(): number;
  /** In alphabetical order. */
  counts(): Counts;
}

function counter(): Counter {
  const counts = new Map<string, number>();
  return {
    add: (reason, count = 1) => void counts.set(reason, (counts.get(reason) ?? 0) + count),
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    counts: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
