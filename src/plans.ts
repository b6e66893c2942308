// Names, files and fingerprints of a run's stages: the table that pipeline.ts goes through.
import { access } from "node:fs/promises";
import path from "node:path";
import { fingerprintOf, readManifest, type ContentOptions, type RunDirectory } from "./core/run.js";
import type { StagePlan } from "./core/stage.js";
import { completionsOf, isUnanswered } from "./instruct/completions.js";
import { STEPS, type Step } from "./instruct/stage.js";
import { KEPT, REJECTED } from "./seeds/gather.js";
import { summariseInstruct, summariseSeeds, summariseValidation } from "./summaries.js";

/** The stages in their order, as `--stage` names them. */
export const STAGES = ["seeds", "instruct", "validate", "dataset", "report"] as const;
export type StageName = (typeof STAGES)[number];

/** Folder that each stage writes; null where its files lie in the run's root. */
export const FOLDERS: Readonly<Record<StageName, string | null>> = {
  seeds: "seed_output",
  instruct: "self_oss_output",
  validate: "validation_output",
  dataset: "final_dataset",
  report: null,
};

/** Names in run.json that belong to a stage. */
export const RECORDS: Readonly<Record<StageName, readonly string[]>> = {
  seeds: ["seeds"],
  instruct: STEPS,
  validate: ["results"],
  dataset: ["dataset"],
  report: ["report"],
};

/** Files that stand when a stage is finished. */
const MAIN_FILES: Readonly<Record<StageName, readonly string[]>> = {
  seeds: ["seed_output/filtered_functions.jsonl"],
  instruct: STEPS.map((step) => `self_oss_output/${step}.jsonl`),
  validate: ["validation_output/results.jsonl"],
  dataset: ["final_dataset/instruction_dataset.jsonl", "final_dataset/instruction_dataset.parquet"],
  report: ["pipeline_report.md", "pipeline_report.html"],
};

export interface Plans {
  readonly seeds: StagePlan;
  readonly steps: Readonly<Record<Step, StagePlan>>;
  readonly results: StagePlan;
  /** Fingerprints of the stages that are made whole. */
  readonly dataset: string;
  readonly report: string;
}

/** Bumped by hand when the files of the stage change their meaning. */
const SEEDS_VERSION = 2;
const INSTRUCT_VERSION = 2;
const VALIDATE_VERSION = 2;
const DATASET_VERSION = 2;
const REPORT_VERSION = 1;

/** Plans of a run with these content options, and those of its selection, which may change: rows are then published anew. */
export function plansFor(
  run: RunDirectory,
  content: ContentOptions,
  selection: Readonly<Record<string, number>>,
): Plans {
  const {
    corpus = "",
    seed = 0,
    filters = "",
    types = "",
    overlap = "",
    model = "",
    engine = "",
    prompts = "",
    sampling = "",
    sandbox = "",
    interpreter = "",
  } = content;
  const { allowImports = "", solved = "", align = "" } = content;
  const seeds: StagePlan = {
    name: "seeds",
    folder: "seed_output",
    main: KEPT,
    side: [REJECTED],
    order: "appended",
    fingerprint: fingerprintOf("seeds", SEEDS_VERSION, { corpus, seed, filters, types, overlap }, null),
    summarise: (journal) => summariseSeeds(run, journal),
  };
  let above = seeds.fingerprint;
  const step = (name: Step): StagePlan => {
    const teacher = { model, engine, prompts, sampling };
    above = fingerprintOf(name, INSTRUCT_VERSION, { ...teacher, seed, sandbox, interpreter }, above);
    const completions = completionsOf(name);
    return {
      name,
      folder: "self_oss_output",
      main: name,
      side: [`${name}.failed`, ...(engine === "" ? [] : [completions])],
      order: "key",
      fingerprint: above,
      // An answer that could not be read is read again, not asked for again.
      retry: (file, row) => file === `${name}.failed` || (file === completions && isUnanswered(row)),
      ...(name === "responses" ? { summarise: (journal) => summariseInstruct(run, journal) } : {}),
    };
  };
  const [concepts, instructions, responses] = [step("concepts"), step("instructions"), step("responses")];
  const results = fingerprintOf(
    "results",
    VALIDATE_VERSION,
    { sandbox, interpreter, seed, allowImports, solved, align },
    above,
  );
  const dataset = fingerprintOf("dataset", DATASET_VERSION, selection, results);
  return {
    seeds,
    steps: { concepts, instructions, responses },
    results: {
      name: "results",
      folder: "validation_output",
      main: "results",
      side: [],
      order: "key",
      fingerprint: results,
      retry: (_, row) => (row as { result?: { verdict?: string } }).result?.verdict === "sandbox-error",
      summarise: (journal) => summariseValidation(run, journal),
    },
    dataset,
    report: fingerprintOf("report", REPORT_VERSION, {}, dataset),
  };
}

/** Stages of a run directory whose files are there and made from what the stage before has now, with their digests. */
export async function finishedStages(dir: string): Promise<Partial<Record<StageName, string>>> {
  const manifest = await readManifest(dir);
  const finished: Partial<Record<StageName, string>> = {};
  let above: string | null = null;
  for (const stage of STAGES) {
    for (const name of RECORDS[stage]) {
      const record = manifest?.stages[name];
      if (record === undefined || record.upstream !== above) return finished;
      above = record.digest;
    }
    const files = MAIN_FILES[stage].map((file) => access(path.join(dir, file)));
    if ((await Promise.allSettled(files)).some(({ status }) => status === "rejected")) return finished;
    if (above !== null) finished[stage] = above;
  }
  return finished;
}
