// From a StarCoder2 or GPT-2 checkpoint in the Hugging Face layout to a folder that we and transformers.js run: one file of weights,
// the graphs over it, the tokenizer's files and a manifest. Weights go through in pieces of a few megabytes; a conversion
// that was cut goes on where it was. Refuses checkpoints that lack a tensor, and disks that lack the room, before it writes.
import { createHash } from "node:crypto";
import { mkdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { explained, InputError } from "../core/errors.js";
import { writeWhole } from "../core/files.js";
import { inMegabytes, startProgress, type Draw } from "../core/progress.js";
import { placesOf } from "../onnx/external.js";
import type { Graph } from "../onnx/graph.js";
import { modelBytes } from "../onnx/model.js";
import { openCheckpoint, type Checkpoint, type CheckpointSource } from "../onnx/safetensors.js";
import type { Architecture } from "./architecture.js";
import { choiceGraph } from "./choices.js";
import { forgetSteps, writeData, type Hashes } from "./datafile.js";
import { COPIED, copyFiles, jsonOf } from "./files.js";
import { decodeGraph, scoreGraph } from "./graphs.js";
import { architectureOf } from "./known.js";
import { plainGraph } from "./plain.js";
import { stepGraph } from "./step.js";
import type { Recipe } from "./transformer.js";
import { bytesOf, prefixIn, weightPlan, type Format, type Step } from "./weights.js";

/** `int8` in blocks of 32; in blocks of 64 and 128 it reads and takes less, and is further from the checkpoint. */
export const DTYPES = ["int8", "int8-64", "int8-128", "fp32", "fp16"] as const;
export type Dtype = (typeof DTYPES)[number];

/** Sizes of blocks that are not the default. */
const BLOCKS: Readonly<Partial<Record<Dtype, number>>> = { "int8-64": 64, "int8-128": 128 };

export interface ConvertOptions {
  /** Of the matrices; default `int8`. */
  readonly dtype?: Dtype;
  /** What it is to run on: for `cuda` all is computed in half floats, else in single ones; default `cpu`. */
  readonly device?: "cpu" | "cuda";
  /** What the checkpoint is called in the manifest, e.g. its repository and commit; default the source's name. */
  readonly origin?: string;
  readonly draw?: Draw;
  readonly signal?: AbortSignal;
}

/** What `selfalign.json` holds. */
export interface Manifest {
  /** 1: without the graph for single steps, which takes less memory on the processor. */
  readonly version: 1 | 2;
  readonly origin: string;
  readonly dtype: Dtype;
  readonly device: "cpu" | "cuda";
  readonly model: Architecture;
  /** Of all weights: equal for equal models. */
  readonly sha256: string;
  readonly weights: Hashes;
}

export const MANIFEST = "selfalign.json";
/**
 * The graphs, inside the folder. `step` draws on the processor, where a folder has it, `decode` everywhere else; `choose`, on the
 * processor too, is for searches; `rank`, which a folder gets when it is first wanted, is `score` with the ranks of tokens.
 */
export const GRAPHS = {
  decode: "onnx/decode.onnx",
  step: "onnx/step.onnx",
  choose: "onnx/choose.onnx",
  rank: "onnx/rank.onnx",
  score: "onnx/score.onnx",
} as const;

/** The graph that a folder's tokens are drawn with. */
export function drawingGraph({ version, device }: Pick<Manifest, "version" | "device">): "step" | "decode" {
  return version > 1 && device === "cpu" ? "step" : "decode";
}

/** transformers.js's names for a model of each type. */
const PLAIN: Readonly<Record<Dtype, string>> = {
  int8: "model_quantized.onnx",
  "int8-64": "model_quantized.onnx",
  "int8-128": "model_quantized.onnx",
  fp32: "model.onnx",
  fp16: "model_fp16.onnx",
};

export function formatOf(dtype: Dtype, device: "cpu" | "cuda"): Format {
  if (dtype === "fp32") return { matrices: "float32", activations: "float32" };
  if (dtype === "fp16") return { matrices: "float16", activations: "float16" };
  const activations = device === "cuda" ? "float16" : "float32";
  const block = BLOCKS[dtype];
  return block === undefined ? { matrices: "int8", activations } : { matrices: "int8", block, activations };
}

/** Converts a checkpoint into the folder `out`. */
export async function convert(
  source: CheckpointSource,
  out: string,
  { dtype = "int8", device = "cpu", origin = source.name, draw, signal }: ConvertOptions = {},
): Promise<Manifest> {
  const config = await jsonOf(source, "config.json");
  const model = architectureOf(config, `${source.name}: config.json`);
  const format = formatOf(dtype, device);
  const checkpoint = await openCheckpoint(source);
  const steps = weightPlan(model, format, prefixIn(model, checkpoint));
  checkTensors(checkpoint, steps, source.name);
  const plain = PLAIN[dtype];
  const { places, bytes, weight } = placedWeights(steps, dtype);
  const file = path.join(out, "onnx", `${plain}_data`);
  await mkdir(path.join(out, "onnx"), { recursive: true });
  await checkRoom(out, file, bytes);
  // What is cut in its middle is no model, nor is what was one before.
  await rm(path.join(out, MANIFEST), { force: true });

  const progress = startProgress(draw === undefined ? {} : { draw });
  const task = progress.start("weights (MB)", Math.ceil(bytes / 1e6));
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([origin, model, format, checkpoint.names, checkpoint.bytes]))
    .digest("hex");
  const data = { file, fingerprint, places };
  const hashes = await writeData(data, steps, checkpoint, { signal, onBytes: inMegabytes(task) }).finally(
    () => {
      progress.close();
    },
  );
  task.end(`${Math.ceil(bytes / 1e6)} done`);
  const recipe = { model, format, weight };
  await writeGraph(path.join(out, GRAPHS.decode), decodeGraph(recipe));
  if (device === "cpu") {
    await writeGraph(path.join(out, GRAPHS.step), stepGraph(recipe));
    await writeGraph(path.join(out, GRAPHS.choose), choiceGraph(recipe));
  }
  await writeGraph(path.join(out, GRAPHS.score), scoreGraph(recipe));
  // Its attention bias has no kernel for half floats on CUDA.
  const withPlain = format.activations === "float32";
  if (withPlain) await writeGraph(path.join(out, "onnx", plain), plainGraph(recipe));
  await copyFiles(source, out, COPIED);
  const described = withPlain ? { ...config, ...externalOf(plain) } : config;
  await writeFile(path.join(out, "config.json"), `${JSON.stringify(described, null, 2)}\n`);
  const sha256 = createHash("sha256").update(JSON.stringify(hashes)).digest("hex");
  const manifest: Manifest = { version: 2, origin, dtype, device, model, sha256, weights: hashes };
  await writeWhole(path.join(out, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await forgetSteps(data);
  return manifest;
}

/** Graphs that a folder gets when they are first wanted, if its conversion did not write them. */
const ADDED = {
  choose: choiceGraph,
  rank: (recipe: Recipe) => scoreGraph(recipe, { ranks: true }),
} as const;

/**
 * The file of a graph that a folder may lack; adds it where it does: the weights lie where a conversion would put them now.
 * @throws InputError where the folder can't be written.
 */
export async function addedGraph(
  folder: string,
  { model, dtype, device }: Manifest,
  name: keyof typeof ADDED,
): Promise<string> {
  const file = path.join(folder, GRAPHS[name]);
  if ((await stat(file).catch(() => null)) !== null) return file;
  const format = formatOf(dtype, device);
  const { weight } = placedWeights(weightPlan(model, format), dtype);
  await writeGraph(file, ADDED[name]({ model, format, weight })).catch((error: unknown) => {
    throw explained(error, `adding a graph to "${folder}" failed`);
  });
  return file;
}

/** Where a plan's weights lie in the file beside the graphs, its size, and what makes them known to a graph. */
function placedWeights(
  steps: readonly Step[],
  dtype: Dtype,
): ReturnType<typeof placesOf> & Pick<Recipe, "weight"> {
  const weights = steps.flatMap((step) => step.weights);
  const sizes = weights.map((weight) => [weight.name, bytesOf(weight)] as const);
  const placed = placesOf(`${PLAIN[dtype]}_data`, sizes);
  const known = new Map(weights.map((weight) => [weight.name, weight]));
  return {
    ...placed,
    weight(graph, name) {
      const [weight, data] = [known.get(name), placed.places.get(name)];
      if (weight === undefined || data === undefined)
        throw new Error(`internal: no weight "${name}" in the plan`);
      return graph.weight({ ...weight, data });
    },
  };
}

async function writeGraph(file: string, graph: Graph): Promise<void> {
  // Renamed into place, since a graph may be added to a folder that is in use.
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, modelBytes(graph));
  await rename(temporary, file);
}

function checkTensors(checkpoint: Checkpoint, steps: readonly Step[], where: string): void {
  for (const [tensor, shape] of steps.flatMap((step) => step.needs)) {
    if (!checkpoint.has(tensor))
      throw new InputError(`${where} has no tensor "${tensor}", which its config.json asks for`);
    const found = checkpoint.shape(tensor).join(", ");
    if (found !== shape.join(", "))
      throw new InputError(
        `${where}: "${tensor}" is [${found}]; its config.json asks for [${shape.join(", ")}]`,
      );
  }
}

/** Bytes that the graphs and the tokenizer may take. */
const BESIDE = 64 * 2 ** 20;

async function checkRoom(folder: string, file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  // An earlier start's file is gone on with or written over.
  const there = await stat(file).then(
    ({ blocks }) => 512 * blocks,
    () => 0,
  );
  const missing = Math.max(0, bytes - there);
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`;
  if (bavail * bsize < missing + BESIDE)
    throw new InputError(
      `"${folder}" has ${gigabytes(bavail * bsize)} free, the model takes ${gigabytes(missing)}${there > 0 ? " more" : ""}: name another folder with --out`,
    );
}

/** What transformers.js must know of weights beside their graph. */
function externalOf(plain: string): Readonly<Record<string, unknown>> {
  return { "transformers.js_config": { use_external_data_format: { [plain]: 1 } } };
}
