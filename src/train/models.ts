// Models that can be trained, by their config.json, and trained ones as folders that Hugging Face's transformers and our own
// `convert` read: config.json, generation_config.json, model.safetensors, and the tokenizer's files.
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import { architectureOf } from "../model/known.js";
import type { Tokenizer } from "../model/tokenizer.js";
import { gpt2 } from "./gpt2.js";
import { starcoder2 } from "./starcoder2.js";
import type { CausalModel } from "./trainable.js";

export type Config = Readonly<Record<string, unknown>>;

/** A config.json whose vocabulary is this tokenizer's. */
export function configFor(config: Config, tokenizer: Tokenizer): Config {
  const { bos, eos } = tokenizer.special;
  const [end = null] = eos;
  return { ...config, vocab_size: tokenizer.vocabSize, bos_token_id: bos ?? end, eos_token_id: end };
}

/** The model that a config.json describes. @throws InputError for what our graphs do not compute. */
export function causalModelOf(config: Config): CausalModel {
  const model = architectureOf(config, "config.json");
  const { ropeTheta } = model;
  // A StarCoder2 has rotary positions always, a GPT-2 never.
  if (ropeTheta !== null) {
    const dropout = dropoutOf(config, ["residual_dropout", "embedding_dropout", "attention_dropout"], 0);
    return starcoder2({ ...model, ropeTheta }, { dropout });
  }
  if (!model.tied || model.inner !== 4 * model.hidden)
    throw new InputError(
      "config.json: a GPT-2 is trained with a tied head and n_inner of 4 times n_embd; leave both out",
    );
  const dropout = dropoutOf(config, ["resid_pdrop", "embd_pdrop", "attn_pdrop"], 0.1);
  return gpt2({ ...model, dropout });
}

/** The one share that these fields name; `otherwise` is transformers' where one is left out. */
function dropoutOf(config: Config, names: readonly string[], otherwise: number): number {
  const [share, ...others] = names.map((name) => config[name] ?? otherwise);
  if (typeof share === "number" && share >= 0 && share < 1 && others.every((other) => other === share))
    return share;
  throw new InputError(`config.json: ${names.join(", ")} must be one number from 0 to 1; make them equal`);
}

/** Numbers that a model learns. */
export function countParameters({ parameters }: CausalModel): number {
  return parameters.reduce((sum, { dims }) => sum + dims.reduce((product, dim) => product * dim, 1), 0);
}

/** Writes a trained model into a folder; `weights` is a safetensors file with the model's own names, which is copied. */
export async function saveModel(
  folder: string,
  config: Config,
  weights: string,
  tokenizer: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown): Promise<void> =>
    writeWhole(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    await copyFile(path.join(tokenizer, name), path.join(folder, name)).catch((error: unknown) => {
      // A tokenizer may come without its settings.
      if (!isMissing(error) || name === "tokenizer.json") throw error;
    });
  const { bos_token_id, eos_token_id, pad_token_id, decoder_start_token_id } = config;
  const generation = { bos_token_id, eos_token_id, pad_token_id, decoder_start_token_id };
  await write("generation_config.json", generation);
  await copyFile(weights, path.join(folder, "model.safetensors"));
  // Last: a folder with a config is a model.
  await write("config.json", config);
}
