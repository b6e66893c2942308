// Checkpoints of a training run on disk: one folder for each, with the weights under their own names
// (`model.safetensors`), what the optimiser keeps (`moments.safetensors`) and `state.json`, written beside its place and
// renamed, so that a crash leaves either a whole checkpoint or none. A torn one, or one of another run, is refused by
// its name.
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import { InputError } from "../core/errors.js";
import { asError, isMissing, syncFolder, writeWhole } from "../core/files.js";
import { isRecord } from "../core/json.js";
import { folderSource, openSafetensors } from "../onnx/safetensors.js";
import { writeSafetensors } from "../onnx/save.js";
import type { Tensor } from "../onnx/tensor.js";
import type { LearnerState } from "./learner.js";
import type { Standing } from "./standing.js";

/** Bytes that the growing files had when a checkpoint was made, by their names. */
export type Sizes = Readonly<Record<string, number>>;

type Weights = LearnerState["weights"];

/** A checkpoint's `state.json`. */
export interface Noted {
  readonly format: 1;
  /** Fingerprint of the run that it belongs to. */
  readonly fingerprint: string;
  readonly standing: Standing;
  readonly updates: number;
  readonly sizes: Sizes;
  /** CRC-32 of the numbers in each file. */
  readonly checksums: Readonly<Record<string, string>>;
}

const MODEL = "model.safetensors";
const MOMENTS = "moments.safetensors";
const STATE = "state.json";
const NEW = ".tmp";
const OLD = ".old";

/** Folder of a checkpoint inside the run's, e.g. `checkpoints/step-000400`. */
export function checkpointName(step: number): string {
  return path.join("checkpoints", `step-${String(step).padStart(6, "0")}`);
}

/** File of a run's best weights; of the last ones where nothing was kept apart to tell which are the best. */
export function weightsOf(folder: string, { best, step }: Pick<Standing, "best" | "step">): string {
  return path.join(folder, best === null ? checkpointName(step) : "best", MODEL);
}

/** Steps of the checkpoints that a run's folder has, ascending. */
export async function checkpointSteps(folder: string): Promise<readonly number[]> {
  const names = await readdir(path.join(folder, "checkpoints")).catch(missingAsNone);
  const steps = names.flatMap((name) => /^step-(\d{6,})$/.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

/** Writes a checkpoint, and removes those before the last `keep`. */
export async function saveCheckpoint(
  folder: string,
  note: Pick<Noted, "fingerprint" | "standing" | "sizes">,
  state: LearnerState,
  keep: number,
): Promise<void> {
  const { updates, weights, moments } = state;
  const checksums = { [MODEL]: checksumOf(weights), [MOMENTS]: checksumOf(moments) };
  const noted: Noted = { format: 1, ...note, updates, checksums };
  await replaceFolder(path.join(folder, checkpointName(note.standing.step)), async (at) => {
    await writeSafetensors(path.join(at, MODEL), tensorsOf(weights));
    await writeSafetensors(path.join(at, MOMENTS), tensorsOf(moments));
    await writeWhole(path.join(at, STATE), `${JSON.stringify(noted, null, 2)}\n`);
  });
  const steps = await checkpointSteps(folder);
  for (const step of steps.slice(0, -keep)) {
    await rm(path.join(folder, checkpointName(step)), { recursive: true, force: true });
  }
}

/** Writes the best weights so far as `best/`. */
export async function saveBest(
  folder: string,
  note: Pick<Noted, "fingerprint" | "standing">,
  weights: Weights,
): Promise<void> {
  const { fingerprint, standing } = note;
  const noted = { format: 1, fingerprint, ...standing.best };
  await replaceFolder(path.join(folder, "best"), async (at) => {
    await writeSafetensors(path.join(at, MODEL), tensorsOf(weights));
    await writeWhole(path.join(at, STATE), `${JSON.stringify(noted, null, 2)}\n`);
  });
}

/**
 * The note of a run's last checkpoint, or null where there is none.
 * @throws InputError when it is torn or another run's, or when the best weights that it tells of are gone.
 */
export async function lastNote(folder: string, fingerprint: string): Promise<Noted | null> {
  await settle(path.join(folder, "checkpoints"));
  await settle(folder);
  const step = (await checkpointSteps(folder)).at(-1);
  if (step === undefined) return null;
  const note = await readNote(path.join(folder, checkpointName(step), STATE));
  if (!isNote(note) || note.standing.step !== step)
    throw await refused(folder, step, `${STATE} is damaged`, null);
  if (note.fingerprint !== fingerprint) {
    throw await refused(folder, step, "it belongs to a run with other options or data", null);
  }
  if (note.standing.best !== null) {
    const best = await readNote(path.join(folder, "best", STATE));
    if (!isRecord(best) || best["fingerprint"] !== fingerprint) {
      throw new InputError(
        `"${path.join(folder, "best")}" is missing, damaged or another run's, though this run found its best weights ` +
          `at step ${note.standing.best.step}: restore it, or start afresh in another --output-dir`,
      );
    }
  }
  return note;
}

/**
 * What was learned up to a checkpoint.
 * @throws InputError when its files are torn.
 */
export async function readState(folder: string, note: Noted): Promise<LearnerState> {
  const read = async (file: string): Promise<Weights> => {
    const tensors = await readTensors(path.join(folder, checkpointName(note.standing.step)), file);
    const problem = `${file} is cut short or damaged`;
    if (tensors instanceof InputError || checksumOf(tensors) !== note.checksums[file])
      throw await refused(
        folder,
        note.standing.step,
        problem,
        tensors instanceof InputError ? tensors : null,
      );
    return tensors;
  };
  return { updates: note.updates, weights: await read(MODEL), moments: await read(MOMENTS) };
}

/** All tensors of a file, or why they can't be read. */
async function readTensors(folder: string, file: string): Promise<Weights | InputError> {
  try {
    const opened = await openSafetensors(folderSource(folder), file);
    const tensors = new Map<string, Tensor<"float32">>();
    for (const name of opened.names) {
      tensors.set(name, { type: "float32", dims: opened.shape(name), data: await opened.read(name) });
    }
    return tensors;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

async function readNote(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return null;
    throw error;
  }
}

/** Its parts were written together: where they are there, they are what was written. */
function isNote(note: unknown): note is Noted {
  return (
    isRecord(note) &&
    note["format"] === 1 &&
    ["standing", "sizes", "checksums"].every((part) => isRecord(note[part]))
  );
}

/** What to say of a checkpoint that can't be used. */
async function refused(
  folder: string,
  step: number,
  problem: string,
  cause: Error | null,
): Promise<InputError> {
  const before = (await checkpointSteps(folder)).filter((each) => each < step).at(-1);
  const next = before === undefined ? "start afresh" : `go on from ${checkpointName(before)}`;
  return new InputError(
    `checkpoint "${path.join(folder, checkpointName(step))}" can't be used, ${problem}: ` +
      `restore it, or remove it to ${next}`,
    cause === null ? {} : { cause },
  );
}

/** CRC-32 over names, shapes and numbers, in the order of the names. */
function checksumOf(tensors: Weights): string {
  let sum = 0;
  for (const [name, { dims, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    sum = crc32(JSON.stringify([name, dims]), sum);
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  }
  return sum.toString(16).padStart(8, "0");
}

function* tensorsOf(
  weights: Weights,
): Generator<{ name: string; shape: readonly number[]; values: Float32Array }> {
  for (const [name, { dims, data }] of weights) yield { name, shape: dims, values: data };
}

/** Makes a folder beside its place and puts it there; what was there before lies aside for a moment. */
async function replaceFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(target);
  await mkdir(parent, { recursive: true });
  await rm(target + NEW, { recursive: true, force: true });
  await mkdir(target + NEW);
  await fill(target + NEW);
  await syncFolder(target + NEW);
  await rename(target, target + OLD).catch(missingAsNone);
  await rename(target + NEW, target);
  await syncFolder(parent);
  await rm(target + OLD, { recursive: true, force: true });
}

/** Puts right what a crash left of `replaceFolder`: what lay aside goes back where nothing took its place. */
async function settle(parent: string): Promise<void> {
  const names = await readdir(parent).catch(missingAsNone);
  for (const name of names) {
    const [, target, left] = /^(best|step-\d{6,})(\.tmp|\.old)$/.exec(name) ?? [];
    if (target === undefined) continue;
    if (left === OLD && !names.includes(target)) {
      await rename(path.join(parent, name), path.join(parent, target));
    } else {
      await rm(path.join(parent, name), { recursive: true, force: true });
    }
  }
}

function missingAsNone(error: unknown): readonly string[] {
  if (isMissing(error)) return [];
  throw asError(error);
}
