// The life of one stage: nothing to do, resume a journal, or reopen published files because more is wanted; then work,
// and publish. Stages of one run may go at the same time: each follows its upstream's rows as they reach the disk, and
// publishes only after its upstream has.
import { access, rename } from "node:fs/promises";
import { InputError } from "./errors.js";
import { readRows, removeFiles, syncFolder, writeLinesBeside } from "./files.js";
import type { Keyed } from "./journal-lines.js";
import { Journal, writeJournal, type Entry } from "./journal.js";
import type { RunDirectory, StageRecord } from "./run.js";

/** What a stage is called and which files it writes. */
export interface StagePlan {
  readonly name: string;
  /** Folder inside the run. */
  readonly folder: string;
  /** Its main file without `.jsonl`: published last, read by the next stage. */
  readonly main: string;
  /** Its other files, e.g. `rejected`. */
  readonly side: readonly string[];
  /** `appended` keeps the order of the work, `key` sorts. */
  readonly order: "appended" | "key";
  readonly fingerprint: string;
  /** True for rows that `retryFailed` throws away to make them again. */
  readonly retry?: (file: string, row: unknown) => boolean;
  /** Called when all rows are there, before the main file appears: writes what sums the stage up. */
  readonly summarise?: (journal: Journal) => Promise<void>;
}

/** A stage that is finished or under way, as the next one sees it. */
export interface StageHandle<Row> {
  readonly plan: StagePlan;
  /** Its rows, those to come included. */
  rows(): AsyncGenerator<Row>;
  /** Resolves when published. */
  readonly done: Promise<StageRecord>;
  /** False when there was nothing to do. */
  readonly worked: boolean;
  /** The row that stands in its journal under this key, or null; a finished stage is not looked through. */
  find(key: string): Promise<Row | null>;
  /** To be called when nobody reads `rows` any more. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly upstream: StageHandle<unknown> | null;
  readonly retryFailed?: boolean;
  /** True when a finished stage has as much as is wanted now; default: always. */
  readonly enough?: (record: StageRecord) => boolean;
}

/** Does a stage's work on its journal and says what the record is to hold beside digest and rows. */
export type Work = (
  journal: Journal,
  before: StageRecord | null,
) => Promise<Partial<Pick<StageRecord, "target" | "exhausted" | "position">>>;

/**
 * Starts a stage, unless it is finished.
 * @throws InputError when its files were made by another version of the stage, or its journal is damaged.
 */
export async function startStage<Row>(
  run: RunDirectory,
  plan: StagePlan,
  { upstream, retryFailed = false, enough = () => true }: StartOptions,
  work: Work,
): Promise<StageHandle<Row>> {
  const main = run.at(plan.folder, `${plan.main}.jsonl`);
  const part = `${main}.part`;
  const before = run.manifest.stages[plan.name] ?? null;
  if (await exists(main)) {
    const record = knownRecord(main, plan, before);
    await removeFiles([part]);
    const current =
      upstream === null || (!upstream.worked && (await upstream.done).digest === record.upstream);
    if (current && enough(record) && !(retryFailed && (await anyToRetry(run, plan)))) {
      return standing(plan, main, record);
    }
    await writeJournal(part, published(run, plan, retryFailed));
    await removeFiles([main]);
  }
  const journal = await openJournal(part, plan, retryFailed);
  const done = finish(run, plan, upstream, journal, main, part, () => work(journal, before));
  // Whoever started the stage awaits `done`; this keeps a failure before that from being reported as unhandled.
  done.catch(() => undefined);
  return {
    plan,
    rows: () => journal.follow<Row>(plan.main),
    find: async (key) => {
      const found = await journal.find<Row>(key);
      return found?.file === plan.main ? found.row : null;
    },
    done,
    worked: true,
    close: () => journal.close(),
  };
}

/** A stage whose files are published already, for running a later stage alone. */
export async function finishedStage<Row>(
  run: RunDirectory,
  plan: StagePlan,
): Promise<StageHandle<Row> | null> {
  const main = run.at(plan.folder, `${plan.main}.jsonl`);
  if (!(await exists(main))) return null;
  return standing(plan, main, knownRecord(main, plan, run.manifest.stages[plan.name] ?? null));
}

function standing<Row>(plan: StagePlan, main: string, record: StageRecord): StageHandle<Row> {
  return {
    plan,
    rows: () => readRows<Row>(main),
    find: () => Promise.resolve(null),
    done: Promise.resolve(record),
    worked: false,
    close: () => Promise.resolve(),
  };
}

async function finish(
  run: RunDirectory,
  plan: StagePlan,
  upstream: StageHandle<unknown> | null,
  journal: Journal,
  main: string,
  part: string,
  work: () => ReturnType<Work>,
): Promise<StageRecord> {
  try {
    const extra = await work();
    await journal.finish();
    const above = upstream === null ? null : await upstream.done;
    for (const file of plan.side) {
      const target = run.at(plan.folder, `${file}.jsonl`);
      const { temporary } = await writeLinesBeside(target, journal.texts(file, plan.order));
      await rename(temporary, target);
    }
    await plan.summarise?.(journal);
    const { temporary, sha256, rows } = await writeLinesBeside(main, journal.texts(plan.main, plan.order));
    const record: StageRecord = {
      fingerprint: plan.fingerprint,
      upstream: above?.digest ?? null,
      digest: sha256,
      rows,
      ...extra,
    };
    // The record first: a main file without a record would not be known for what it is.
    await run.record(plan.name, record);
    await rename(temporary, main);
    await syncFolder(run.at(plan.folder));
    await removeFiles([part]);
    return record;
  } catch (error) {
    await journal.abandon(error);
    throw error;
  }
}

function knownRecord(main: string, plan: StagePlan, record: StageRecord | null): StageRecord {
  if (record === null) {
    throw new InputError(
      `${main} is not known to the run's run.json: start afresh with --clean or another --output-dir`,
    );
  }
  if (record.fingerprint !== plan.fingerprint) {
    throw new InputError(
      `stage ${plan.name} in this run directory was made by another version of it: ` +
        `start afresh with --clean, or choose another --output-dir`,
    );
  }
  return record;
}

async function openJournal(part: string, plan: StagePlan, retryFailed: boolean): Promise<Journal> {
  const journal = await Journal.open(part);
  const { retry } = plan;
  if (!retryFailed || retry === undefined) return journal;
  const kept = journal.entries((file, row) => !retry(file, row));
  await writeJournal(part, kept);
  await journal.close();
  return Journal.open(part);
}

async function anyToRetry(run: RunDirectory, plan: StagePlan): Promise<boolean> {
  for (const file of [...plan.side, plan.main]) {
    for await (const row of readRows(run.at(plan.folder, `${file}.jsonl`))) {
      if (plan.retry?.(file, row) === true) return true;
    }
  }
  return false;
}

async function* published(
  run: RunDirectory,
  plan: StagePlan,
  retryFailed: boolean,
): AsyncGenerator<Entry<Keyed>> {
  for (const file of [...plan.side, plan.main]) {
    for await (const row of readRows<Keyed>(run.at(plan.folder, `${file}.jsonl`))) {
      if (!(retryFailed && plan.retry?.(file, row) === true)) yield { file, row };
    }
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
