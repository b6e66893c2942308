// What a run needs before its first stage: the corpus, the problems to keep out, a sandbox, and the run directory, locked and
// known to be made with the same options. All of it, or nothing.
import type { Corpus } from "./corpus/corpus.js";
import { openCorpus } from "./corpus/open.js";
import { openRun, type ContentOptions, type RunDirectory } from "./core/run.js";
import { openDecontamination, type Decontamination } from "./overlap/decontaminate.js";
import { openJudging, type Judging } from "./judging.js";
import { VERSION } from "./package.js";
import { FOLDERS, RECORDS, STAGES, type StageName } from "./plans.js";
import { pyrightVersion } from "./python/pyright.js";
import { chooseSandbox } from "./sandbox/open.js";
import type { Sandbox } from "./sandbox/sandbox.js";
import { settingsOf, type PipelineOptions, type Settings } from "./settings.js";
import { openTeaching, type Teaching } from "./teaching.js";

/** What a run works with. */
export interface Opened {
  readonly corpus: Corpus;
  readonly benchmarks: Decontamination;
  readonly content: ContentOptions;
  readonly run: RunDirectory;
  readonly sandbox: Sandbox;
  readonly teaching: Teaching;
  readonly judging: Judging;
  /** What to tell once the run's log is open. */
  readonly notices: readonly string[];
}

/** Opens corpus, sandbox and run directory; removes what `clean` says. */
export async function openAll(settings: Settings, onNotice: (text: string) => void): Promise<Opened> {
  const { model, seed, outputDir, clean, stages, workers, python, sandbox: choice } = settings;
  const corpus = await openCorpus(settings.corpus, { onNotice });
  const benchmarks = await openDecontamination({ lists: settings.decontaminate });
  const options = { choice, workers, python, atLeast: corpus.python, onNotice };
  const { sandbox, notice } = await chooseSandbox(options);
  const opened: { close(): Promise<void> }[] = [sandbox];
  try {
    const teaching = await openTeaching(settings, onNotice);
    opened.push(teaching);
    const judging = await openJudging(settings, onNotice);
    opened.push(judging);
    const content = {
      corpus: corpus.identity,
      filters: JSON.stringify(settings.filters),
      types: settings.types ? pyrightVersion() : "off",
      overlap: JSON.stringify({ nearDuplicates: settings.nearDuplicates, benchmarks: benchmarks.identity }),
      model,
      ...teaching.content,
      ...judging.content,
      seed,
      sandbox: sandbox.backend,
      interpreter: sandbox.interpreter,
      allowImports: [...settings.allowImports].sort().join(","),
    };
    const whole = stages.size === STAGES.length;
    const run = await openRun(outputDir, content, { version: VERSION, clean: clean && whole });
    opened.push({ close: () => run.release() });
    if (clean && !whole) await cleanFrom(run, stages);
    const notices = notice === null ? [] : [notice];
    return { corpus, benchmarks, content, run, sandbox, teaching, judging, notices };
  } catch (error) {
    for (const thing of opened.reverse()) await thing.close();
    throw error;
  }
}

/**
 * Checks the options, opens the run directory and leaves it ready for `runPipeline` (which need not clean it again).
 * @throws InputError as `runPipeline` does.
 */
export async function prepareRun(options: PipelineOptions = {}): Promise<void> {
  const { run, sandbox, teaching, judging } = await openAll(settingsOf(options), () => undefined);
  await judging.close();
  await teaching.close();
  await sandbox.close();
  await run.release();
}

/** Removes what the first of these stages and all after it wrote. */
async function cleanFrom(run: RunDirectory, stages: ReadonlySet<StageName>): Promise<void> {
  const first = STAGES.findIndex((stage) => stages.has(stage));
  const gone = STAGES.slice(first);
  await run.forget(
    gone.flatMap((stage) => RECORDS[stage]),
    gone.map((stage) => FOLDERS[stage]).filter((folder) => folder !== null),
  );
}
