// The two stages that are made whole from finished files: the dataset with its card, and the report. Nothing is
// computed anew here; what the other stages stored is put together.
import { access } from "node:fs/promises";
import { composeReport } from "./compose.js";
import type { Corpus } from "./corpus/corpus.js";
import { writeRows, writeWhole } from "./core/files.js";
import type { WithResult } from "./core/record.js";
import type { RunDirectory } from "./core/run.js";
import type { StageHandle } from "./core/stage.js";
import { LEFT_FILE, leftOut, likenessAmong } from "./dataset/copies.js";
import { datasetCard } from "./dataset/card.js";
import { DATASET_FOLDER, exportDataset, JSONL_FILE, PARQUET_FILE } from "./dataset/export.js";
import { PREFERENCES_FILE, writePreferences } from "./dataset/preferences.js";
import { select, survey } from "./dataset/readings.js";
import { tally } from "./dataset/stats.js";
import { teacherOf } from "./dataset/teacher.js";
import type { Decontamination } from "./overlap/decontaminate.js";
import { VERSION } from "./package.js";
import { loadGrammar } from "./python/syntax.js";
import { highlight } from "./python/highlight.js";
import { reportMarkdown } from "./report/markdown.js";
import { reportHtml } from "./report/page.js";
import { funnelOf, readSummaries, type PublishedStats } from "./summaries.js";

export interface PublishOptions {
  readonly run: RunDirectory;
  readonly corpus: Corpus;
  readonly fingerprint: string;
}

/** What is published of the rows that have a result. */
export interface Selecting {
  /** Decides what is kept apart for testing. */
  readonly seed: number;
  /** Answers published of one instruction, at most. */
  readonly keep: number;
  /** Similarity from which a pair is a copy of an earlier one; 0 keeps all. */
  readonly nearPairs: number;
}

export interface PublishDatasetOptions extends PublishOptions {
  readonly results: StageHandle<WithResult>;
  /** Problems whose copies are left out. */
  readonly benchmarks: Decontamination;
  readonly selection: Selecting;
}

/** Writes `final_dataset/`; false when it stands there already, made from these results. */
export async function publishDataset({
  run,
  corpus,
  fingerprint,
  results,
  benchmarks,
  selection: { seed, keep, nearPairs },
}: PublishDatasetOptions): Promise<boolean> {
  const { digest } = await results.done;
  const files = [JSONL_FILE, PARQUET_FILE, PREFERENCES_FILE, LEFT_FILE, "README.md", "stats.json"].map(
    (name) => run.at(DATASET_FOLDER, name),
  );
  if (await isCurrent(run, "dataset", { fingerprint, digest, files })) return false;
  const published = tally();
  await loadGrammar();
  const found = await survey(results.rows(), {
    seed,
    perInstruction: keep,
    likeness: (refusalOf) => likenessAmong(results.rows(), refusalOf, { threshold: nearPairs, benchmarks }),
  });
  const selection = select(results.rows(), found);
  const rows = await exportDataset(published.watch(selection.rows), run.at(DATASET_FOLDER));
  const preferencePairs = await writePreferences(
    found.matches.length === 0 ? [] : results.rows(),
    found,
    run.at(DATASET_FOLDER),
  );
  await writeRows(run.at(DATASET_FOLDER, LEFT_FILE), leftOut(results.rows(), found));
  const stats = published.stats();
  const summaries = await readSummaries(run.dir);
  const left = Object.fromEntries([...selection.left].sort(([a], [b]) => (a < b ? -1 : 1)));
  const card = datasetCard({
    name: `Selfalign instructions from ${corpus.title}`,
    corpus: corpus.title,
    stats,
    splits: found.stats,
    teacher: teacherOf(run.manifest.content),
    preferencePairs,
    funnel: funnelOf(summaries, rows, left),
    options: { ...run.manifest.content, selfalign: VERSION },
    notices: corpus.notices,
    warnings: [],
    limits: [],
  });
  const summed: PublishedStats = { ...stats, left, splits: found.stats, preferencePairs };
  await writeWhole(run.at(DATASET_FOLDER, "stats.json"), `${JSON.stringify(summed, null, 2)}\n`);
  await writeWhole(run.at(DATASET_FOLDER, "README.md"), card);
  if (corpus.licenceText !== null) await writeWhole(run.at(DATASET_FOLDER, "LICENSE"), corpus.licenceText);
  await run.record("dataset", { fingerprint, upstream: digest, digest, rows });
  return true;
}

/** Writes `pipeline_report.md` and `.html`; false when they stand there already, made from this dataset. */
export async function publishReport({ run, corpus, fingerprint }: PublishOptions): Promise<boolean> {
  const digest = run.manifest.stages["dataset"]?.digest ?? "";
  const [markdown, html] = [run.at("pipeline_report.md"), run.at("pipeline_report.html")];
  if (await isCurrent(run, "report", { fingerprint, digest, files: [markdown, html] })) return false;
  const report = await composeReport(run, corpus);
  await writeWhole(markdown, reportMarkdown(report));
  await writeWhole(html, reportHtml(report, { highlight }));
  await run.record("report", { fingerprint, upstream: digest, digest, rows: report.rowsPublished });
  return true;
}

interface Wanted {
  readonly fingerprint: string;
  readonly digest: string;
  readonly files: readonly string[];
}

async function isCurrent(
  run: RunDirectory,
  stage: string,
  { fingerprint, digest, files }: Wanted,
): Promise<boolean> {
  const record = run.manifest.stages[stage];
  if (record?.fingerprint !== fingerprint || record.upstream !== digest) return false;
  const there = await Promise.allSettled(files.map((file) => access(file)));
  return there.every(({ status }) => status === "fulfilled");
}
