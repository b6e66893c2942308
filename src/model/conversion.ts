// A conversion as a whole, as the command line does it: the checkpoint found by its name, one writer per folder, Ctrl-C that
// keeps what is finished, and a note of what is being made, so that a second start goes on with the same thing, and a folder
// that holds another one is left alone.
import { mkdir, readdir, readFile, realpath, rmdir } from "node:fs/promises";
import path from "node:path";
import { explained, InputError } from "../core/errors.js";
import { asError, isMissing, removeFiles, writeWhole } from "../core/files.js";
import { stoppable } from "../core/interrupt.js";
import { lockOutput } from "../core/lock.js";
import { convert, DTYPES, formatOf, MANIFEST, type ConvertOptions, type Dtype } from "./convert.js";
import { isFolder, openSource, type SourceOptions } from "./source.js";

export interface ConvertModelOptions
  extends Omit<ConvertOptions, "origin">, Omit<SourceOptions, "onNotice" | "signal"> {}

/** What a folder holds, or is to hold. */
export interface ConvertedModel {
  /** What it was made from: `owner/name@commit`, or a folder's name and a hash. */
  readonly origin: string;
  readonly dtype: Dtype;
  readonly device: "cpu" | "cuda";
}

export interface Conversion extends ConvertedModel {
  readonly folder: string;
  /** Of all weights: equal for equal models. */
  readonly sha256: string;
  /** False when it was finished already. */
  readonly worked: boolean;
}

/** What is being made, as long as it is. */
const NOTE = "selfalign.part.json";

const DEVICES: readonly string[] = ["cpu", "cuda"];

/**
 * Converts a StarCoder2 or GPT-2 checkpoint, a folder or `owner/name[@revision]` on the Hub, into the folder `out`; a second start
 * does what is missing, at the commit of the first one.
 * @throws InputError for everything that the caller can mend; the signal's reason when stopped.
 */
export async function convertModel(
  model: string,
  out: string,
  options: ConvertModelOptions = {},
): Promise<Conversion> {
  const { dtype = "int8", device = "cpu" } = options;
  choose("dtype", dtype, DTYPES);
  choose("device", device, DEVICES);
  if (device === "cuda" && dtype === "fp32")
    throw new InputError("dtype fp32 is for the device cpu: CUDA's attention takes int8 or fp16");
  if (device === "cuda" && formatOf(dtype, device).block !== undefined)
    throw new InputError(`dtype ${dtype} is for the device cpu: choose int8 or fp16 for cuda`);
  const folder = out.replace(/(?<=.)\/+$/, "");
  return stoppable(options.signal, async (signal) => {
    try {
      await refuseSource(model, folder);
      const unlock = await locked(folder);
      try {
        return await work(model, folder, { ...options, dtype, device, signal });
      } finally {
        // Only if nothing came into it.
        await rmdir(folder).catch(() => undefined);
        await unlock();
      }
    } catch (error) {
      throw explained(error, `writing "${folder}" failed`);
    }
  });
}

async function work(
  model: string,
  folder: string,
  options: ConvertModelOptions & Omit<ConvertedModel, "origin"> & { readonly signal: AbortSignal },
): Promise<Conversion> {
  const { dtype, device, draw = () => undefined, signal, env, http } = options;
  const finished = await readJson<ConvertedModel & { sha256: string }>(path.join(folder, MANIFEST));
  const note = path.join(folder, NOTE);
  const held = finished ?? (await readJson<ConvertedModel>(note));
  const wanted = await atCommit(model, held);
  if (held === null) await refuseStrange(folder);
  const { source, origin } =
    wanted === finished?.origin
      ? { source: null, origin: wanted }
      : await openSource(wanted, {
          onNotice: (text) => draw(text, false),
          signal,
          ...(env === undefined ? {} : { env }),
          ...(http === undefined ? {} : { http }),
        });
  const asked = { origin, dtype, device };
  if (held !== null) refuseOther(folder, held, asked);
  if (finished !== null || source === null) {
    await removeFiles([note]);
    draw("convert: finished already", false);
    return { folder, ...asked, sha256: finished?.sha256 ?? "", worked: false };
  }
  await writeWhole(note, `${JSON.stringify(asked)}\n`);
  const { sha256 } = await convert(source, folder, { ...asked, draw, signal }).catch(
    async (error: unknown) => {
      // A checkpoint that was refused has left nothing to go on with.
      if (!(await isFolder(path.join(folder, "onnx")))) await removeFiles([note]);
      throw error;
    },
  );
  await removeFiles([note]);
  return { folder, ...asked, sha256, worked: true };
}

/** The model as it was named, or, where the folder holds one of a branch, at the commit that it was begun at. */
async function atCommit(model: string, held: ConvertedModel | null): Promise<string> {
  const same = held?.origin === model || held?.origin.startsWith(`${model}@`) === true;
  return held !== null && same && !(await isFolder(model)) ? held.origin : model;
}

function choose(what: string, given: string, known: readonly string[]): void {
  if (!known.includes(given))
    throw new InputError(`${what} "${given}" does not exist: choose ${known.join(", ")}`);
}

/** A conversion has files of the checkpoint's names. */
async function refuseSource(model: string, folder: string): Promise<void> {
  if (!(await isFolder(model)) || !(await isFolder(folder))) return;
  if ((await realpath(model)) === (await realpath(folder)))
    throw new InputError(`output "${folder}" is the checkpoint itself: choose another --out`);
}

/** Only an empty folder, or one of ours, is written to. */
async function refuseStrange(folder: string): Promise<void> {
  const [first] = (await readdir(folder)).filter((name) => !name.endsWith(".tmp"));
  if (first !== undefined)
    throw new InputError(
      `output "${folder}" holds other files ("${first}"): choose another --out, or empty it`,
    );
}

function refuseOther(folder: string, held: ConvertedModel, asked: ConvertedModel): void {
  const tell = ({ origin, dtype, device }: ConvertedModel): string => `${origin} as ${dtype} for ${device}`;
  if (tell(held) === tell(asked)) return;
  throw new InputError(
    `output "${folder}" holds ${tell(held)}, not ${tell(asked)}: choose another --out, or remove the folder`,
  );
}

async function readJson<Value>(file: string): Promise<Value | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Value; // of ours, written whole
  } catch (error) {
    if (isMissing(error)) return null;
    if (!(error instanceof SyntaxError)) throw asError(error);
    throw new InputError(`${file} is not JSON: remove its folder and convert again`);
  }
}

/** Makes the folder and locks it from beside it. */
async function locked(folder: string): Promise<() => Promise<void>> {
  try {
    await mkdir(folder, { recursive: true });
    return await lockOutput(folder);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw new InputError(
      `output "${folder}" can't be written (${String(error.code)}): choose another --out`,
      { cause: error },
    );
  }
}
