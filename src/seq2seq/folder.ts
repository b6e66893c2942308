// A T5 or BART from its folder in the Hugging Face layout (config.json, safetensors, tokenizer.json) to what runs here: graphs and a
// file of weights, made beside the checkpoint when it is first opened and found there by everyone who opens it later.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { explained, InputError } from "../core/errors.js";
import { writeWhole } from "../core/files.js";
import { isRecord } from "../core/json.js";
import { lockOutput } from "../core/lock.js";
import { forgetSteps, writeData } from "../model/datafile.js";
import { folderOrigin } from "../model/source.js";
import { readJson } from "../model/tokenizer.js";
import { bytesOf, type Format } from "../model/weights.js";
import { placesOf } from "../onnx/external.js";
import { modelBytes } from "../onnx/model.js";
import { folderSource, openCheckpoint } from "../onnx/safetensors.js";
import { openSession } from "../onnx/session.js";
import type { EncoderDecoder } from "./beams.js";
import { decoderGraph, encoderGraph } from "./graphs.js";
import { planOf } from "./plan.js";
import { shapeOf, type Shape } from "./shape.js";

export const SEQ2SEQ_DTYPES = ["fp32", "int8"] as const;
export type Seq2SeqDtype = (typeof SEQ2SEQ_DTYPES)[number];

const FORMATS: Readonly<Record<Seq2SeqDtype, Format>> = {
  fp32: { matrices: "float32", activations: "float32" },
  int8: { matrices: "int8", activations: "float32" },
};

const NOTE = "made.json";
const WEIGHTS = "weights.data";
const GRAPHS = { encoder: "encoder.onnx", decoder: "decoder.onnx" } as const;
/** Bumped by hand when what is made changes. */
const VERSION = 1;

export interface ModelFolderOptions {
  /** Of the matrices; default `fp32`. `int8` is in blocks of 32. */
  readonly dtype?: Seq2SeqDtype;
  /** Where graphs and weights go; default `.onnx-DTYPE` inside the checkpoint's folder, hidden so that it is not pushed with it. */
  readonly cache?: string;
  readonly threads?: number;
}

export interface OpenedModel extends EncoderDecoder {
  /** What answers depend on: the checkpoint and the type of its matrices. */
  readonly identity: string;
  close(): Promise<void>;
}

/**
 * Opens the T5 or BART of a folder, making its graphs first where they are missing or of another checkpoint.
 * @throws InputError for a folder that holds none, and for what our graphs do not compute.
 */
export async function openModel(folder: string, options: ModelFolderOptions = {}): Promise<OpenedModel> {
  const { dtype = "fp32", threads } = options;
  if (!SEQ2SEQ_DTYPES.includes(dtype))
    throw new InputError(`dtype "${dtype}" does not exist: choose ${SEQ2SEQ_DTYPES.join(", ")}`);
  const shape = shapeOf(await configOf(folder), path.join(folder, "config.json"));
  const files = await readdir(folder);
  const weights = files.filter((file) => /\.safetensors(?:\.index\.json)?$/.test(file));
  const identity = `${shape.type} ${await folderOrigin(folder, weights)} ${dtype}`;
  const cache = options.cache ?? path.join(folder, `.onnx-${dtype}`);
  await made(folder, shape, FORMATS[dtype], cache, identity).catch((error: unknown) => {
    throw explained(error, `writing "${cache}" failed`);
  });
  const how = threads === undefined ? {} : { threads };
  const encoder = await openSession(path.join(cache, GRAPHS.encoder), how);
  try {
    const decoder = await encoder.beside(path.join(cache, GRAPHS.decoder), how);
    return { encoder, decoder, shape, identity, close: () => encoder.close() };
  } catch (error) {
    await encoder.close();
    throw error;
  }
}

/** The configuration, with what its generation's has to say about forced tokens. */
async function configOf(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const read = async (name: string): Promise<Readonly<Record<string, unknown>> | null> => {
    const json = await readJson(path.join(folder, name));
    return isRecord(json) ? json : null;
  };
  const config = await read("config.json");
  if (config === null)
    throw new InputError(`"${folder}" has no config.json: name a T5 or BART in the Hugging Face layout`);
  const generation = (await read("generation_config.json")) ?? {};
  const told = ["forced_bos_token_id", "forced_eos_token_id", "decoder_start_token_id"].filter(
    (name) => generation[name] != null,
  );
  return { ...config, ...Object.fromEntries(told.map((name) => [name, generation[name]])) };
}

/** Makes graphs and weights unless they are there; one process at a time does. */
async function made(
  folder: string,
  shape: Shape,
  format: Format,
  cache: string,
  identity: string,
): Promise<void> {
  const note = path.join(cache, NOTE);
  const wanted = `${JSON.stringify({ version: VERSION, identity })}\n`;
  const isThere = async (): Promise<boolean> => (await readFile(note, "utf8").catch(() => "")) === wanted;
  if (await isThere()) return;
  await mkdir(cache, { recursive: true });
  const unlock = await lockOutput(cache);
  try {
    if (await isThere()) return;
    const checkpoint = await openCheckpoint(folderSource(folder));
    const { steps, tied, logitsBias } = planOf(shape, format, checkpoint);
    for (const [tensor, dims] of steps.flatMap((step) => step.needs)) {
      const found = checkpoint.has(tensor) ? checkpoint.shape(tensor).join(", ") : null;
      if (found === null)
        throw new InputError(`"${folder}" has no tensor "${tensor}", which its config.json asks for`);
      if (found !== dims.join(", "))
        throw new InputError(
          `"${folder}": "${tensor}" is [${found}]; its config.json asks for [${dims.join(", ")}]`,
        );
    }
    const weights = steps.flatMap((step) => step.weights);
    const sizes = weights.map((weight) => [weight.name, bytesOf(weight)] as const);
    const { places } = placesOf(WEIGHTS, sizes);
    const fingerprint = createHash("sha256").update(wanted).digest("hex");
    const data = { file: path.join(cache, WEIGHTS), fingerprint, places };
    await writeData(data, steps, checkpoint);
    const known = new Map(weights.map((weight) => [weight.name, weight]));
    const recipe = {
      shape,
      format,
      tied,
      logitsBias,
      weight: (graph: ReturnType<typeof encoderGraph>, name: string): string => {
        const [weight, stored] = [known.get(name), places.get(name)];
        if (weight === undefined || stored === undefined)
          throw new Error(`internal: no weight "${name}" in the plan`);
        return graph.weight({ ...weight, data: stored });
      },
    };
    for (const [file, graph] of [
      [GRAPHS.encoder, encoderGraph(recipe)],
      [GRAPHS.decoder, decoderGraph(recipe)],
    ] as const) {
      await writeFile(path.join(cache, `${file}.tmp`), modelBytes(graph));
      await rename(path.join(cache, `${file}.tmp`), path.join(cache, file));
    }
    await writeWhole(note, wanted);
    await forgetSteps(data);
  } finally {
    await unlock();
  }
}
