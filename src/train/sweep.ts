// Which settings learn best: trials are drawn at random, all are trained a little, the better ones of them anew for longer, until
// one is left. Each training has its own schedule from first to last step, so that a short one is a small long one. Row by row
// in sweep.jsonl; the same command goes on from there, and ends with the same table.
// Sources: random search, Bergstra and Bengio 2012 (https://jmlr.org/papers/v13/bergstra12a.html); successive halving,
// Jamieson and Talwalkar 2016 (https://arxiv.org/abs/1502.07943)
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import { stoppable } from "../core/interrupt.js";
import { lockFolder } from "../core/lock.js";
import { startProgress } from "../core/progress.js";
import { changesOf, type ContentOptions } from "../core/run.js";
import {
  checkSettings,
  fitCausal,
  prepareCausal,
  settingsOf,
  type CausalRunOptions,
  type CausalSettings,
} from "./causalrun.js";
import { causalModelOf } from "./models.js";
import { DEFAULT_SPACE, drawTrial, spaceOf, withDrawn, type Drawn, type Space } from "./space.js";
import { Diverged } from "./standing.js";

export interface SweepOptions extends Omit<CausalRunOptions, "steps" | "epochs" | "overfitOneBatch"> {
  /** What is drawn; default the rate, rows of a batch and warm-up. */
  readonly space?: Space;
  /** Trials in the first round, default 9. */
  readonly trials?: number;
  /** Steps of each in the first round, default 100. */
  readonly steps?: number;
  /** Of so many trials one goes on, for so many times the steps; default 3. */
  readonly keepOneOf?: number;
}

export interface SweepRow {
  /** From 1. */
  readonly round: number;
  readonly trial: number;
  readonly steps: number;
  readonly drawn: Drawn;
  /** Best validation loss, in nats per token, and the step that had it; null where there is none. */
  readonly validation: number | null;
  readonly bestStep: number | null;
  readonly parameters: number | null;
  /** Why there is no loss. */
  readonly reason?: "refused" | "diverged";
  readonly detail?: string;
}

export interface Sweep {
  /** By round, best first; those without a loss come last. */
  readonly rows: readonly SweepRow[];
  /** The best of the last round that anything learned in. */
  readonly best: SweepRow;
}

const TABLE = "sweep.jsonl";
const DESCRIPTION = "sweep.json";

/**
 * Tries settings for a causal model on the corpus named `spec`, in `folder`; corpus, split and tokenizer are common to all.
 * @throws InputError for everything that the caller can mend; Interrupted when stopped, with all that was learned saved.
 */
export async function sweepTo(spec: string, folder: string, options: SweepOptions = {}): Promise<Sweep> {
  const { space = DEFAULT_SPACE, trials = 9, steps = 100, keepOneOf = 3, ...common } = options;
  return stoppable(options.signal, async (signal) => {
    for (const [name, value] of Object.entries({ trials, steps, keepOneOf }))
      if (!Number.isSafeInteger(value) || value < (name === "keepOneOf" ? 2 : 1))
        throw new InputError(`${name} must be a whole number of at least ${name === "keepOneOf" ? 2 : 1}`);
    const plan = { space: spaceOf(space), trials, steps, keepOneOf };
    const base = settingsOf(common, signal);
    checkSettings(base);
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      await describe(folder, { corpus: spec, plan: JSON.stringify(plan), base: tellable(base) });
      return await rounds(spec, folder, base, plan);
    } finally {
      await unlock();
    }
  });
}

type Plan = Required<Pick<SweepOptions, "space" | "trials" | "steps" | "keepOneOf">>;

async function rounds(spec: string, folder: string, base: CausalSettings, plan: Plan): Promise<Sweep> {
  const rows = await rowsIn(folder);
  let left = Array.from({ length: plan.trials }, (_, trial) => trial + 1);
  for (let round = 1, steps = plan.steps; ; round++, steps *= plan.keepOneOf) {
    for (const trial of left) {
      if (rows.some((row) => row.round === round && row.trial === trial)) {
        await removeLarge(folder, round, trial);
        continue;
      }
      const drawn = drawTrial(plan.space, base.seed, trial);
      const told = Object.entries(drawn).map(([name, value]) => `${name} ${value}`);
      tell(base, `round ${round}, trial ${trial} (${left.length} of ${steps} steps): ${told.join(", ")}`);
      const settings = { ...base, ...withDrawn(base, base.config, drawn), steps };
      rows.push({ round, trial, steps, drawn, ...(await tried(spec, folder, settings, round, trial)) });
      await writeWhole(path.join(folder, TABLE), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      await removeLarge(folder, round, trial);
    }
    const ranked = rows.filter((row) => row.round === round && left.includes(row.trial)).sort(byLoss);
    const learned = ranked.filter(({ validation }) => validation !== null);
    const next = learned.slice(0, Math.max(1, Math.floor(left.length / plan.keepOneOf)));
    const [best] = learned;
    if (best === undefined) throw new InputError(nothingLearned(ranked));
    if (left.length === 1) return { rows: rows.sort((a, b) => a.round - b.round || byLoss(a, b)), best };
    left = next.map(({ trial }) => trial).sort((a, b) => a - b);
  }
}

const placeOf = (folder: string, round: number, trial: number): string =>
  path.join(folder, "trials", `${round}-${trial}`);

/** Checkpoints of a trial whose row is known; its metrics stay. A kill may have come before. */
async function removeLarge(folder: string, round: number, trial: number): Promise<void> {
  const training = path.join(placeOf(folder, round, trial), "training");
  for (const name of ["best", "checkpoints"])
    await rm(path.join(training, name), { recursive: true, force: true });
}

/** One trial from its first weights to its last step. */
async function tried(
  spec: string,
  folder: string,
  settings: CausalSettings,
  round: number,
  trial: number,
): Promise<Omit<SweepRow, "round" | "trial" | "steps" | "drawn">> {
  const none = { validation: null, bestStep: null, parameters: null };
  const refused = refusalOf(settings);
  if (refused !== null) return { ...none, reason: "refused", detail: refused };
  const ready = await prepareCausal(spec, folder, settings);
  try {
    if (ready.data.valid === null)
      throw new InputError("nothing is left to validate with: give more files, or a larger --validation");
    const { parameters, training } = await fitCausal(placeOf(folder, round, trial), ready, settings);
    const { best } = training;
    return { validation: best?.validation ?? null, bestStep: best?.step ?? null, parameters };
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    return { ...none, reason: "diverged", detail: error.message };
  } finally {
    await ready.data.close();
  }
}

/** Why a model of these settings can't be made, or null. */
function refusalOf(settings: CausalSettings): string | null {
  try {
    checkSettings(settings);
    causalModelOf({ ...settings.config, vocab_size: 1 });
    return null;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

function byLoss(a: SweepRow, b: SweepRow): number {
  return (a.validation ?? Infinity) - (b.validation ?? Infinity) || a.trial - b.trial;
}

function nothingLearned(rows: readonly SweepRow[]): string {
  const [{ detail } = { detail: undefined }] = rows;
  return `none of the ${rows.length} trials learned anything${detail === undefined ? "" : `; the first: ${detail}`}`;
}

/** Settings that no row depends on. */
const SPEED: readonly string[] = ["draw", "signal", "env", "threads"] satisfies (keyof CausalSettings)[];

/** Everything of the settings that the rows depend on. */
function tellable(settings: CausalSettings): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(settings).filter(([name]) => !SPEED.includes(name))),
  );
}

async function describe(folder: string, content: ContentOptions): Promise<void> {
  const file = path.join(folder, DESCRIPTION);
  const text = await readFile(file, "utf8").catch(missing);
  // A cast because the file is written here alone.
  const changes = text === null ? null : changesOf(JSON.parse(text) as ContentOptions, content);
  if (changes !== null)
    throw new InputError(`${folder} holds another sweep (${changes}): choose another --out, or remove it`);
  if (text === null) await writeWhole(file, `${JSON.stringify(content, null, 2)}\n`);
}

async function rowsIn(folder: string): Promise<SweepRow[]> {
  const text = (await readFile(path.join(folder, TABLE), "utf8").catch(missing)) ?? "";
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as SweepRow); // written above alone, whole
}

function missing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

function tell({ draw }: CausalSettings, text: string): void {
  const progress = startProgress(draw === undefined ? {} : { draw });
  progress.say(text);
  progress.close();
}
