// The StarCoder2 that comes with the package: three million weights, trained by scripts/train-tiny.mjs on CPython's standard
// library. It is small enough for tests and a first look, writes Python that often parses, and means nothing by it: no data
// set is made with it. How it was made and what it is worth is in its training.json.
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { collect } from "../core/collect.js";
import { writeSafetensors } from "../onnx/save.js";
import { unpacked } from "./packed.js";

/** The packed weights among a packed model's files. */
export const PACKED = "model.int8.safetensors";

const TINY = fileURLToPath(new URL("../../data/models/starcoder2-tiny/", import.meta.url));
const FILES = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];

/**
 * Writes the tiny model into a folder, as a checkpoint in the Hugging Face layout with single floats: something to convert, run
 * and train further where nothing can be downloaded. `packedFolder` is another model that was packed like it.
 */
export async function writeTinyModel(folder: string, packedFolder: string = TINY): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of FILES) await copyFile(path.join(packedFolder, name), path.join(folder, name));
  const tensors = await collect(unpacked(path.join(packedFolder, PACKED)));
  await writeSafetensors(path.join(folder, "model.safetensors"), tensors);
}
