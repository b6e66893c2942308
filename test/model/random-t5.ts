// A T5 of version 1.1 of some 20,000 random weights with a vocabulary of bytes, in the Hugging Face layout: small, and yet with all
// that the architecture has, among it two layers on each side and a head of its own.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { initialNumbers } from "../../src/grad/parameters.js";
import { t5Of } from "../../src/model/t5.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { t5 } from "../../src/train/t5.js";
import { byteTokenizer } from "./random-model.js";

const CONFIG = {
  architectures: ["T5ForConditionalGeneration"],
  model_type: "t5",
  vocab_size: 258,
  d_model: 16,
  d_kv: 8,
  d_ff: 32,
  num_layers: 2,
  num_decoder_layers: 2,
  num_heads: 2,
  relative_attention_num_buckets: 8,
  relative_attention_max_distance: 16,
  feed_forward_proj: "gated-gelu",
  tie_word_embeddings: false,
  is_encoder_decoder: true,
  pad_token_id: 0,
  // One that it often writes, so that some texts end before they are as long as they may be.
  eos_token_id: 7,
  decoder_start_token_id: 257,
};

/** Writes the checkpoint and its tokenizer into a folder; the same bytes each time. */
export async function writeRandomT5(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = (name: string, value: unknown): Promise<void> =>
    writeFile(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await json("config.json", CONFIG);
  await json("tokenizer.json", byteTokenizer());
  const weights = t5(t5Of(CONFIG, "config.json")).parameters.map((parameter) => ({
    name: parameter.name,
    shape: parameter.dims,
    values: initialNumbers(parameter, 1),
  }));
  await writeSafetensors(path.join(folder, "model.safetensors"), weights);
}
