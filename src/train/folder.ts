// The folder of a training run, and one run at a time in it:
//   training.json   what the weights depend on; another run is refused
//   checkpoints/    step-000400/…: where to go on from
//   best/           the weights with the lowest validation loss so far
//   metrics.jsonl   a row for each step, and events.out.tfevents.selfalign: the same for TensorBoard
//   timings.jsonl   how long training, evaluating and saving took between two checkpoints
// A run that goes on cuts the growing files back to where its checkpoint saw them.
import { appendFile, mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { asError, isMissing, writeWhole } from "../core/files.js";
import { isRecord } from "../core/json.js";
import { lockFolder } from "../core/lock.js";
import { changesOf, fingerprintOf, type ContentOptions } from "../core/run.js";
import { VERSION } from "../package.js";
import * as checkpoints from "./checkpoints.js";
import type { LearnerState } from "./learner.js";
import { openLedger, type Ledger } from "./ledger.js";
import { METRICS_FILE, type StepMetrics } from "./metrics.js";
import { BEGINNING, type Standing } from "./standing.js";
import { EVENTS_FILE, eventOf, eventsHead } from "./tensorboard.js";
import type { Timing } from "./watch.js";

export interface TrainingFolder {
  /** Where the last checkpoint stands, or the beginning. */
  readonly standing: Standing;
  /** Hands over what was learned up to there; null at the beginning. Can be asked for once more at any time. */
  learned(): Promise<LearnerState | null>;
  /** Adds a row to the metrics, and to those for TensorBoard. */
  write(row: StepMetrics): Promise<void>;
  saveBest(standing: Standing, weights: LearnerState["weights"]): Promise<void>;
  /** Saves a checkpoint; all rows so far belong to it. */
  saveCheckpoint(standing: Standing, state: LearnerState): Promise<void>;
  time(timing: Timing): Promise<void>;
  close(): Promise<void>;
}

export interface TrainingFolderOptions {
  /** Checkpoints that are kept. */
  readonly keep: number;
  /** Milliseconds clock for TensorBoard's times. */
  readonly now: () => number;
}

const TRAINING_FILE = "training.json";
/** Counted up when the same facts train otherwise. */
const VERSION_OF_TRAINING = 1;

/**
 * Opens a training folder, making it if need be, and locks it.
 * @throws InputError when it is in use, holds another run, or its last checkpoint can't be used.
 */
export async function openTraining(
  folder: string,
  facts: ContentOptions,
  { keep, now }: TrainingFolderOptions,
): Promise<TrainingFolder> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw unwritable(folder, error);
    });
    opened.push(await lockFolder(folder));
    await claim(folder, facts);
    const fingerprint = fingerprintOf("train", VERSION_OF_TRAINING, facts, null);
    const note = await checkpoints.lastNote(folder, fingerprint);
    const metrics = await openMetrics(folder, note?.sizes[METRICS_FILE] ?? 0);
    opened.push(() => metrics.close());
    const events = await openEvents(path.join(folder, EVENTS_FILE), note?.sizes[EVENTS_FILE] ?? 0, now);
    opened.push(() => events.close());
    return {
      standing: note?.standing ?? BEGINNING,
      learned: async () => (note === null ? null : checkpoints.readState(folder, note)),
      async write(row) {
        await metrics.append(`${JSON.stringify(row)}\n`);
        await events.append(eventOf(row, now() / 1_000));
      },
      saveBest: (standing, weights) => checkpoints.saveBest(folder, { fingerprint, standing }, weights),
      async saveCheckpoint(standing, state) {
        // First the rows: a checkpoint must not tell of any that a power cut can take.
        await metrics.sync();
        await events.sync();
        const sizes = { [METRICS_FILE]: metrics.size, [EVENTS_FILE]: events.size };
        await checkpoints.saveCheckpoint(folder, { fingerprint, standing, sizes }, state, keep);
      },
      time: (timing) => appendFile(path.join(folder, "timings.jsonl"), `${JSON.stringify(timing)}\n`),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Notes what the run depends on, or compares it with what was noted. */
async function claim(folder: string, facts: ContentOptions): Promise<void> {
  const file = path.join(folder, TRAINING_FILE);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw asError(error);
  });
  if (text === null) {
    await refuseStrangers(folder);
    const made = { format: 1, selfalign: VERSION, content: facts };
    await writeWhole(file, `${JSON.stringify(made, null, 2)}\n`);
    return;
  }
  const before = contentIn(text);
  if (before === null) {
    throw new InputError(
      `${file} is not a training run's description: restore it, or choose another --output-dir`,
    );
  }
  const changes = changesOf(before, facts);
  if (changes === null) return;
  throw new InputError(
    `the training in "${folder}" was started with other options (${changes}): ` +
      `repeat those, or choose another --output-dir`,
  );
}

/** Files that a run would cut or replace, though nothing says that a run made them. */
async function refuseStrangers(folder: string): Promise<void> {
  const ours = new Set(["checkpoints", "best", METRICS_FILE, EVENTS_FILE]);
  const found = (await readdir(folder)).filter((name) => ours.has(name)).sort();
  if (found.length === 0) return;
  throw new InputError(
    `"${folder}" has ${found.join(", ")} but no ${TRAINING_FILE} that says how they were made: ` +
      `restore it, or choose another --output-dir`,
  );
}

function contentIn(text: string): ContentOptions | null {
  try {
    const made = JSON.parse(text) as unknown;
    return isRecord(made) && made["format"] === 1 && isRecord(made["content"])
      ? (made["content"] as ContentOptions)
      : null;
  } catch {
    return null;
  }
}

async function openMetrics(folder: string, keep: number): Promise<Ledger> {
  const file = path.join(folder, METRICS_FILE);
  const ledger = await openLedger(file, keep);
  if (ledger !== null) return ledger;
  throw new InputError(
    `${file} is missing or shorter than its run's last checkpoint left it (${keep} bytes): ` +
      `restore it, or start afresh in another --output-dir`,
  );
}

/** Events are for looking: where they are gone, the file begins again. */
async function openEvents(file: string, keep: number, now: () => number): Promise<Ledger> {
  const ledger = (await openLedger(file, keep)) ?? (await openLedger(file, 0));
  if (ledger === null) throw new Error(`internal: ${file} can't be begun again`);
  if (ledger.size === 0) await ledger.append(eventsHead(now() / 1_000));
  return ledger;
}

function unwritable(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  return new InputError(
    `output directory "${folder}" can't be made (${String(error.code)}): choose another --output-dir`,
    { cause: error },
  );
}
