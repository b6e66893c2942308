// The small files of a checkpoint in the Hugging Face layout.
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
