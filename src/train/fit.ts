// The training manager: steps, evaluations, checkpoints. It knows nothing of models or text: what learns and what is
// learned from are arguments. A run is a folder; the same call with the same folder goes on where it was, and ends with
// the same weights and metrics as if it had never stopped.
import path from "node:path";
import { explained, InputError, Interrupted } from "../core/errors.js";
import { stoppable } from "../core/interrupt.js";
import { startProgress, type Draw, type Progress, type Task } from "../core/progress.js";
import type { ContentOptions } from "../core/run.js";
import { checkpointName } from "./checkpoints.js";
import { batchesOf, evaluate, rateOf, stepOf, tokensIn, type Schedule, type TrainingData } from "./data.js";
import { openTraining, type TrainingFolder } from "./folder.js";
import type { Learner, StepResult } from "./learner.js";
import { finite, type StepMetrics } from "./metrics.js";
import { afterEvaluation, afterStep, BEGINNING, refuseDivergence, type Standing } from "./standing.js";
import { startWatch, type Watch } from "./watch.js";

export interface FitOptions {
  /** Folder of the run; made if need be. */
  readonly folder: string;
  /** Steps in all; a run that has taken them goes on when there are more. For epochs see `stepsIn`. */
  readonly steps: number;
  /** Its form belongs to `facts`. */
  readonly schedule: Schedule;
  /**
   * All that the weights depend on and the manager can't see: the model and its first weights, the optimiser, the data,
   * the schedule, the seed. A folder goes on only with the same facts.
   */
  readonly facts: ContentOptions;
  /** Batches of one step, default 1. */
  readonly accumulation?: number;
  /** Steps between two evaluations, default 100; before the first step and after the last one there is one too. */
  readonly evaluateEvery?: number;
  /** Steps between two checkpoints, default 100; after the last step there is one too. */
  readonly checkpointEvery?: number;
  /** Checkpoints that are kept, beside the best weights; default 1. */
  readonly keep?: number;
  /** Evaluations in a row without a better one after which the run ends, default never. */
  readonly patience?: number;
  /** Steps in a row without a finite loss after which the run fails, default 10. */
  readonly maxSkipped?: number;
  readonly draw?: Draw | undefined;
  /** Stops the run after the step under way; default Ctrl-C and the signal to end. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds clock, injected by tests. */
  readonly now?: () => number;
}

export interface FitResult extends Standing {
  /** `no-better`: patience ended before the steps did. */
  readonly ended: "all-steps" | "no-better";
  /** Steps that earlier starts had taken; 0 for a new run. */
  readonly resumedFrom: number;
}

const DEFAULTS = {
  accumulation: 1,
  evaluateEvery: 100,
  checkpointEvery: 100,
  keep: 1,
  patience: Infinity,
  maxSkipped: 10,
  now: Date.now,
};

type Settings = FitOptions & Required<Pick<FitOptions, keyof typeof DEFAULTS>>;

interface Run extends Settings {
  readonly signal: AbortSignal;
  readonly files: TrainingFolder;
  readonly task: Task;
  readonly watch: Watch;
}

/**
 * Trains, or goes on training; afterwards the learner has the last weights, and `best/` of the folder the best ones.
 * @throws InputError for everything that the caller can mend; Interrupted when the signal stopped it.
 */
export async function fit(learner: Learner, data: TrainingData, options: FitOptions): Promise<FitResult> {
  const settings: Settings = { ...DEFAULTS, ...options };
  checkSettings(settings);
  const { folder, draw, now } = settings;
  return stoppable(options.signal, async (signal) => {
    const progress = startProgress({ now, ...(draw === undefined ? {} : { draw }) });
    try {
      return await openAndTrain(learner, data, { ...settings, signal }, progress);
    } catch (error) {
      throw explained(error, `training in "${folder}" stopped`);
    } finally {
      progress.close();
    }
  });
}

async function openAndTrain(
  learner: Learner,
  data: TrainingData,
  settings: Settings & { readonly signal: AbortSignal },
  progress: Progress,
): Promise<FitResult> {
  const { folder, steps, facts, accumulation, evaluateEvery, now } = settings;
  const files = await openTraining(folder, { ...facts, accumulation, evaluateEvery }, settings);
  try {
    const start = files.standing;
    if (start.step > 0) progress.say(`train: goes on from ${path.join(folder, checkpointName(start.step))}`);
    const task = progress.start("train", steps, start.step);
    return await train(learner, data, { ...settings, files, task, watch: startWatch(start, now) });
  } finally {
    await files.close();
  }
}

/** The loop. */
async function train(learner: Learner, data: TrainingData, run: Run): Promise<FitResult> {
  const { files, steps, accumulation, evaluateEvery, checkpointEvery, watch } = run;
  const isOver = ({ step, sinceBest }: Standing): boolean => step >= steps || sinceBest >= run.patience;
  let at = await begin(learner, data, run);
  let saved = at.step;

  while (!isOver(at)) {
    if (run.signal.aborted) throw await interrupted(learner, at, saved, run);
    const batches = await batchesOf(data, at.step, accumulation);
    const rate = rateOf(run.schedule, at.step);
    const result = await watch.time("training", () => stepOf(learner, batches, rate, at.step));
    at = afterStep(at, result, tokensIn(data, batches));

    const evaluates = at.step % evaluateEvery === 0 || at.step === steps;
    const validation = evaluates ? await watch.time("evaluation", () => evaluate(learner, data, at)) : null;
    if (validation !== null) at = afterEvaluation(at, validation);
    await files.write(rowOf(at, rate, result, validation));
    refuseDivergence(at, run.maxSkipped, rate);

    const due = at.step % checkpointEvery === 0 || isOver(at);
    if (due || isBest(at)) await save(learner, at, due, run);
    if (due) saved = at.step;
    run.task.note(noteOf(at, result, watch));
    run.task.tick();
  }

  const ended = at.step >= steps ? "all-steps" : "no-better";
  run.task.end(`${at.step === files.standing.step ? "finished already, " : ""}${endOf(at, ended)}`);
  return { ...at, ended, resumedFrom: files.standing.step };
}

/** Takes up what was learned, or looks at the model as it is before the first step: it may never get better. */
async function begin(learner: Learner, data: TrainingData, run: Run): Promise<Standing> {
  const { files, watch } = run;
  const before = await files.learned();
  if (before !== null) {
    await learner.load(before);
    return files.standing;
  }
  const validation = await watch.time("evaluation", () => evaluate(learner, data, BEGINNING));
  if (validation === null) {
    if (run.patience === Infinity) return BEGINNING;
    throw new InputError("patience needs validation batches and there are none: give some, or leave it out");
  }
  const at = afterEvaluation(BEGINNING, validation);
  await files.write(rowOf(at, null, null, validation));
  if (isBest(at)) await save(learner, at, false, run);
  return at;
}

/** Saves the weights where they are the best, and a checkpoint where one is due: the best first, for it tells of them. */
async function save(learner: Learner, at: Standing, due: boolean, { files, watch }: Run): Promise<void> {
  await watch.time("saving", async () => {
    const state = await learner.state();
    if (isBest(at)) await files.saveBest(at, state.weights);
    if (due) await files.saveCheckpoint(at, state);
  });
  if (due) await files.time(watch.lap(at));
}

/** Saves what there is and tells where. */
async function interrupted(learner: Learner, at: Standing, saved: number, run: Run): Promise<Interrupted> {
  if (at.step > saved) await save(learner, at, true, run);
  if (at.step === 0) return new Interrupted("stopped before the first step: the same command starts again");
  const where = path.join(run.folder, checkpointName(at.step));
  return new Interrupted(
    `stopped after step ${at.step} of ${run.steps}, which ${where} keeps: the same command goes on from there`,
  );
}

/** True at the step of the best evaluation. */
function isBest({ step, best }: Standing): boolean {
  return best?.step === step;
}

function rowOf(
  { step, tokens, skipped }: Standing,
  rate: number | null,
  result: StepResult | null,
  validation: number | null,
): StepMetrics {
  const loss = finite(result?.loss ?? null);
  return {
    step,
    loss,
    validation: finite(validation),
    rate,
    norm: finite(result?.norm ?? null),
    tokens,
    skipped,
  };
}

/** What the progress says beside steps per second and the time left. */
function noteOf(at: Standing, { loss }: StepResult, watch: Watch): string {
  const best = at.best === null ? "" : `, best validation ${at.best.validation.toFixed(3)}`;
  return `loss ${loss.toFixed(3)}${best}, ${watch.speed(at).toFixed(0)} tokens/s`;
}

function endOf({ step, skipped, sinceBest, best }: Standing, ended: FitResult["ended"]): string {
  const why = ended === "no-better" ? `, no better validation loss in the last ${sinceBest} evaluations` : "";
  const found =
    best === null ? "" : `, best validation loss ${best.validation.toFixed(4)} after step ${best.step}`;
  return `${step} steps${why}${found}${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

function checkSettings(settings: Settings): void {
  const { steps, accumulation, evaluateEvery, checkpointEvery, keep, patience, maxSkipped } = settings;
  const counts = { steps, accumulation, evaluateEvery, checkpointEvery, keep, patience, maxSkipped };
  for (const [name, value] of Object.entries(counts)) {
    if ((Number.isSafeInteger(value) && value > 0) || (name === "patience" && value === Infinity)) continue;
    throw new InputError(`${name} ${value} can't be: give a whole number above 0`);
  }
}
