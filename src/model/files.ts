// The small files of a checkpoint in the Hugging Face layout.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import type { CheckpointSource } from "../onnx/safetensors.js";

/** Files that are taken over as they are, where the checkpoint has them. */
export const COPIED: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "spiece.model",
  "generation_config.json",
  "vocab.json",
  "merges.txt",
];

/** Copies the files with these names that a checkpoint has into the folder `out`. */
export async function copyFiles(
  source: CheckpointSource,
  out: string,
  names: readonly string[],
): Promise<void> {
  for (const file of names) {
    const size = await source.size(file);
    if (size !== null) await writeFile(path.join(out, file), await source.read(file, 0, size));
  }
}

/** The text of a file; null where there is none. */
export async function textOf(source: CheckpointSource, file: string): Promise<string | null> {
  const size = await source.size(file);
  return size === null ? null : Buffer.from(await source.read(file, 0, size)).toString("utf8");
}

/** The object in a file. @throws InputError where there is none. */
export async function jsonOf(
  source: CheckpointSource,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  const text = await textOf(source, file);
  if (text === null)
    throw new InputError(`${source.name} has no ${file}; name a checkpoint in the Hugging Face layout`);
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new InputError(`${source.name}: ${file} is not JSON`);
  }
}
