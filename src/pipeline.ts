// How a run goes through its stages: seeds, the three teaching steps and validation follow one another's rows as they
// reach the disk; dataset and report are made from finished files. Any stage can be run alone, and what is finished is
// not done again.
import { mkdir } from "node:fs/promises";
import type { Corpus } from "./corpus/corpus.js";
import { explained, InputError } from "./core/errors.js";
import { stoppable } from "./core/interrupt.js";
import { mapping, type FollowOptions, type MapOptions } from "./core/mapping.js";
import { startProgress, type Progress, type Task } from "./core/progress.js";
import { keyOf, type Seed, type WithInstruction, type WithResponse, type WithResult } from "./core/record.js";
import type { RunDirectory } from "./core/run.js";
import { finishedStage, startStage, type StageHandle, type StagePlan } from "./core/stage.js";
import { rounds } from "./instruct/rounds.js";
import { stepKey, type Step, type Teacher } from "./instruct/stage.js";
import { judgeOf } from "./judging.js";
import { FOLDERS, plansFor, RECORDS, STAGES, type Plans, type StageName } from "./plans.js";
import { publishDataset, publishReport, type Selecting } from "./publish.js";
import { openPyright } from "./python/pyright.js";
import { openAll } from "./opening.js";
import type { Decontamination } from "./overlap/decontaminate.js";
import { loadGrammar } from "./python/syntax.js";
import type { Sandbox } from "./sandbox/sandbox.js";
import { gathering } from "./seeds/gather.js";
import { contaminated, nearDuplicates } from "./seeds/overlaps.js";
import { typeErrors } from "./seeds/types.js";
import { settingsOf, type PipelineOptions, type Settings } from "./settings.js";
import { beginLesson, type Lesson } from "./teaching.js";
import { timed } from "./timing.js";
import type { Validated } from "./validate/validate.js";

/** What a run came to. */
export interface RunSummary {
  readonly dir: string;
  /** Rows of each finished file by its name in run.json. */
  readonly rows: Readonly<Record<string, number>>;
  /** Stages that had something to do. */
  readonly worked: readonly StageName[];
}

interface Context extends Omit<Settings, "corpus" | "sandbox"> {
  readonly run: RunDirectory;
  readonly corpus: Corpus;
  readonly benchmarks: Decontamination;
  readonly selection: Selecting;
  readonly plans: Plans;
  readonly sandbox: Sandbox;
  readonly lesson: Lesson;
  /** Rows that a stage works on at the same time. */
  readonly concurrency: number;
  /** What is said of a response; asked for by two stages, found out once. */
  readonly judged: (response: WithResponse) => Promise<Validated>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly worked: Set<StageName>;
}

/**
 * Runs the stages of a run directory, or what is missing of them.
 * @throws InputError for everything that the caller can mend; the signal's reason when stopped.
 */
export async function runPipeline(options: PipelineOptions = {}): Promise<RunSummary> {
  const settings = settingsOf(options);
  const { draw } = options;
  let say: (text: string) => void = () => undefined;
  const opened = await openAll(settings, (text) => say(text));
  const { corpus, benchmarks, content, run, sandbox, teaching, judging, notices } = opened;
  return stoppable(options.signal, async (signal) => {
    const progress = startProgress({ log: run.at("pipeline.log"), ...(draw === undefined ? {} : { draw }) });
    say = (text) => progress.say(text);
    for (const notice of notices) say(notice);
    const stop = (): void => void sandbox.close();
    signal.addEventListener("abort", stop, { once: true });
    const failing = new AbortController();
    // Models may take their time: nobody waits for their answers where another stage has failed.
    const unwanted = AbortSignal.any([signal, failing.signal]);
    const lesson = beginLesson(teaching, settings, sandbox, unwanted);
    try {
      for (const folder of Object.values(FOLDERS))
        if (folder !== null) await mkdir(run.at(folder), { recursive: true });
      await loadGrammar();
      const worked = new Set<StageName>();
      const { seed, nearPairs, sampling } = settings;
      const selection = { seed, nearPairs, keep: sampling.wanted };
      const judged = judgeOf(judging, settings, sandbox, unwanted);
      await goThrough(failing, {
        ...settings,
        run,
        corpus,
        benchmarks,
        selection,
        plans: plansFor(run, content, selection),
        sandbox,
        lesson,
        concurrency: teaching.concurrency,
        judged,
        progress,
        signal,
        worked,
      });
      const rows = Object.entries(run.manifest.stages).map(([name, record]) => [name, record.rows] as const);
      return { dir: run.dir, rows: Object.fromEntries(rows), worked: [...worked] };
    } catch (error) {
      throw explained(error, "writing the run failed");
    } finally {
      signal.removeEventListener("abort", stop);
      await lesson.close();
      await teaching.close();
      await judging.close();
      await sandbox.close();
      progress.close();
      await run.release();
    }
  });
}

async function goThrough(failing: AbortController, outer: Context): Promise<void> {
  const c: Context = { ...outer, signal: AbortSignal.any([outer.signal, failing.signal]) };
  const open: StageHandle<unknown>[] = [];
  try {
    await followRows(c, open);
    c.signal.throwIfAborted();
  } catch (error) {
    // The other stages stop at their next row; their journals keep what they have.
    failing.abort(error);
    await Promise.allSettled(open.map((handle) => handle.done));
    throw error;
  } finally {
    for (const handle of open) await handle.close();
  }
  const { run, corpus, plans, benchmarks, selection } = c;
  if (c.stages.has("dataset")) {
    const results = needed(await finishedStage<WithResult>(run, plans.results), plans.results);
    await timed(c, "dataset", () =>
      publishDataset({ run, corpus, results, fingerprint: plans.dataset, benchmarks, selection }),
    );
  }
  if (c.stages.has("report")) {
    await timed(c, "report", () => publishReport({ run, corpus, fingerprint: plans.report }));
  }
}

/** Starts the stages that write rows and waits until all are published. */
async function followRows(c: Context, open: StageHandle<unknown>[]): Promise<void> {
  const { steps, seeds: seedPlan, results: resultPlan } = c.plans;
  const enter = async <Row>(
    stage: StageName,
    plan: StagePlan,
    start: () => Promise<StageHandle<Row>>,
  ): Promise<StageHandle<Row> | null> => {
    const handle = c.stages.has(stage) ? await start() : await finishedStage<Row>(c.run, plan);
    if (handle !== null) open.push(handle);
    return handle;
  };
  const step = <In extends Seed, Out extends Seed>(
    name: Step,
    upstream: StageHandle<In> | null,
    above: StagePlan,
    make: MapOptions<In, Out>["make"],
  ): Promise<StageHandle<Out> | null> =>
    enter("instruct", steps[name], () =>
      startMapping(c, steps[name], needed(upstream, above), (input) => stepKey(name, input), make),
    );

  const { teacher } = c.lesson;
  const seeds = await enter("seeds", seedPlan, () => startSeeds(c));
  const concepts = await step("concepts", seeds, seedPlan, teacher.concepts);
  const instructions = await step("instructions", concepts, steps.concepts, teacher.instructions);
  /** What is known of a response already; the results are opened after the responses. */
  let known: StageHandle<WithResult> | null = null;
  const responses = await enter("instruct", steps.responses, () =>
    startResponses(c, teacher, needed(instructions, steps.instructions), async (response) => {
      const before = await known?.find(resultKey(response));
      return (before ?? (await c.judged(response))).result.verdict === "verified";
    }),
  );
  const results = await enter("validate", resultPlan, () =>
    startValidation(c, needed(responses, steps.responses)),
  );
  known = results;
  await Promise.all([
    watch(c, "seeds", [seeds]),
    watch(c, "instruct", [concepts, instructions, responses]),
    watch(c, "validate", [results]),
  ]);
}

function startSeeds(c: Context): Promise<StageHandle<Seed>> {
  const { run, plans, corpus, numSamples: target, seed, signal } = c;
  const held = run.manifest.stages[plans.seeds.name]?.rows ?? 0;
  if (held > target)
    c.progress.say(`seeds: this run holds ${held} already, more than ${target}; all of them are used`);
  const task = (done: number): Task => c.progress.start("seeds", target, done);
  const checker = c.types ? openPyright({ allowImports: c.allowImports }) : null;
  signal.addEventListener("abort", () => void checker?.close(), { once: true });
  const ordered = [
    contaminated(c.benchmarks),
    ...(checker === null ? [] : [typeErrors(checker)]),
    ...(c.nearDuplicates === 0 ? [] : [nearDuplicates(c.nearDuplicates)]),
  ];
  const { filters, workers } = c;
  const gather = gathering({ corpus, target, seed, filters, ordered, workers, signal, task });
  return startStage<Seed>(run, plans.seeds, { upstream: null, enough: enoughOf(target) }, (journal, before) =>
    gather(journal, before).finally(() => checker?.close()),
  );
}

/** Whether a record of the seeds holds all that were asked for, or all that there are. */
function enoughOf(target: number): (record: { rows: number; exhausted?: boolean }) => boolean {
  return ({ rows, exhausted }) => rows >= target || exhausted === true;
}

function startResponses(
  c: Context,
  { rounds: how, responses: draw }: Teacher,
  upstream: StageHandle<WithInstruction>,
  isVerified: (response: WithResponse) => Promise<boolean>,
): Promise<StageHandle<WithResponse>> {
  const plan = c.plans.steps.responses;
  const work = rounds({ ...following(c, plan, upstream), ...how, draw, isVerified });
  return startStage(c.run, plan, { upstream, retryFailed: c.retryFailed }, work);
}

function startValidation(c: Context, upstream: StageHandle<WithResponse>): Promise<StageHandle<WithResult>> {
  return startMapping(c, c.plans.results, upstream, resultKey, async (input, key) => ({
    row: { ...input, key, ...(await c.judged(input)) },
  }));
}

function resultKey({ key }: WithResponse): string {
  return keyOf("results", key, 0);
}

function startMapping<In extends Seed, Out extends Seed>(
  c: Context,
  plan: StagePlan,
  upstream: StageHandle<In>,
  keyFor: (input: In) => string,
  make: MapOptions<In, Out>["make"],
): Promise<StageHandle<Out>> {
  const work = mapping<In, Out>({ ...following(c, plan, upstream), keyFor, make });
  return startStage<Out>(c.run, plan, { upstream, retryFailed: c.retryFailed }, work);
}

/** How a stage goes through the rows of the one before. */
function following<In>(c: Context, plan: StagePlan, upstream: StageHandle<In>): FollowOptions<In> {
  const { concurrency, signal, lesson } = c;
  const note = (counts: ReadonlyMap<string, number>): string => {
    const failed = counts.get(`${plan.main}.failed`) ?? 0;
    const told = plan.name === "responses" ? lesson.meter.told() : "";
    return [`${counts.get(plan.main) ?? 0} rows`, failed > 0 ? `${failed} left out` : "", told]
      .filter((part) => part !== "")
      .join(", ");
  };
  const task = (done: number): Task => c.progress.start(plan.name, expectedRows(c, upstream), done);
  return { plan, upstream, concurrency, signal, task, note };
}

/** How many rows an upstream has, or will have at most. */
function expectedRows(c: Context, upstream: StageHandle<unknown>): number {
  const { stages } = c.run.manifest;
  const seeds = stages[c.plans.seeds.name];
  const most = seeds !== undefined && enoughOf(c.numSamples)(seeds) ? seeds.rows : c.numSamples;
  return upstream.worked ? most : (stages[upstream.plan.name]?.rows ?? most);
}

function needed<Row>(handle: StageHandle<Row> | null, plan: StagePlan): StageHandle<Row> {
  if (handle !== null) return handle;
  const stage = STAGES.find((name) => RECORDS[name].includes(plan.name)) ?? plan.name;
  throw new InputError(
    `${plan.folder}/${plan.main}.jsonl is not there yet: run --stage ${stage} first, or all stages`,
  );
}

/** Waits for a stage's handles and notes how long they took. */
async function watch(
  c: Context,
  stage: StageName,
  handles: readonly (StageHandle<unknown> | null)[],
): Promise<void> {
  const working = handles.filter((handle) => handle !== null).filter(({ worked }) => worked);
  if (working.length > 0) await timed(c, stage, () => Promise.all(working.map(({ done }) => done)));
  else if (c.stages.has(stage)) c.progress.say(`${stage}: finished already`);
}
