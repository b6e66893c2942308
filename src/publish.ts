// The two stages that are made whole from finished files: the dataset with its card, and the report. Nothing is
// computed anew here; what the other stages stored is put together.
import { access } from "node:fs/promises";
import { composeReport } from "./compose.js";
import type { Corpus } from "./corpus/corpus.js";
import { writeWhole } from "./core/files.js";
import type { WithResult } from "./core/record.js";
import type { RunDirectory } from "./core/run.js";
import type { StageHandle } from "./core/stage.js";
import { datasetCard } from "./dataset/card.js";
import { exportDataset, JSONL_FILE, PARQUET_FILE } from "./dataset/export.js";
import { select } from "./dataset/select.js";
import { tally } from "./dataset/stats.js";
import { VERSION } from "./package.js";
import { highlight } from "./python/highlight.js";
import { reportMarkdown } from "./report/markdown.js";
import { reportHtml } from "./report/page.js";
import { DATASET_FOLDER, funnelOf, readSummaries } from "./summaries.js";

export interface PublishOptions {
  readonly run: RunDirectory;
  readonly corpus: Corpus;
  readonly fingerprint: string;
}

/** Writes `final_dataset/`; false when it stands there already, made from these results. */
export async function publishDataset({
  run,
  corpus,
  fingerprint,
  results,
}: PublishOptions & { readonly results: StageHandle<WithResult> }): Promise<boolean> {
  const { digest } = await results.done;
  const files = [JSONL_FILE, PARQUET_FILE, "README.md", "stats.json"].map((name) =>
    run.at(DATASET_FOLDER, name),
  );
  if (await isCurrent(run, "dataset", { fingerprint, digest, files })) return false;
  const published = tally();
  const selection = select(results.rows());
  const rows = await exportDataset(published.watch(selection.rows), run.at(DATASET_FOLDER));
  const stats = published.stats();
  const summaries = await readSummaries(run.dir);
  const left = Object.fromEntries([...selection.left].sort(([a], [b]) => (a < b ? -1 : 1)));
  const card = datasetCard({
    name: `Selfalign instructions from ${corpus.title}`,
    corpus: corpus.title,
    stats,
    funnel: funnelOf(summaries, rows, left),
    options: { ...run.manifest.content, selfalign: VERSION },
    notices: corpus.notices,
    warnings: [],
    limits: [],
  });
  await writeWhole(run.at(DATASET_FOLDER, "stats.json"), `${JSON.stringify({ ...stats, left }, null, 2)}\n`);
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
