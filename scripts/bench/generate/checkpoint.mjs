// StarCoder2s of random weights to measure on: BF16 in the Hugging Face layout, written piece by piece, so that memory is
// that of a piece, and a tokenizer for the peers that do not load without one. What they generate means nothing.
import { mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { uniforms } from "../../../dist/core/random.js";
import { BYTE_CHARACTERS } from "../../../dist/model/bpe.js";
import { starcoder2Of } from "../../../dist/model/starcoder2.js";
import { weightPlan } from "../../../dist/model/weights.js";
import { toBfloat } from "../../../dist/onnx/floats.js";
import { writeHeader } from "../../../dist/onnx/header.js";

const COMMON = {
  architectures: ["Starcoder2ForCausalLM"],
  model_type: "starcoder2",
  hidden_act: "gelu_pytorch_tanh",
  norm_epsilon: 1e-5,
  rope_theta: 100_000,
  tie_word_embeddings: true,
  use_bias: true,
  num_key_value_heads: 2,
};

/** No tokens end a text, so that all peers generate as many. */
export const GEOMETRIES = {
  "157m": {
    ...COMMON,
    hidden_size: 1_024,
    intermediate_size: 4_096,
    num_hidden_layers: 13,
    num_attention_heads: 16,
    vocab_size: 16_384,
    max_position_embeddings: 2_048,
    sliding_window: null,
  },
  "starcoder2-3b": {
    ...COMMON,
    hidden_size: 3_072,
    intermediate_size: 12_288,
    num_hidden_layers: 30,
    num_attention_heads: 24,
    vocab_size: 49_152,
    max_position_embeddings: 16_384,
    sliding_window: 4_096,
  },
};

/** Numbers that are drawn, over and over, but for no two rows from the same one on. */
const DRAWN = 2 ** 20 + 7;

/** Writes the checkpoint; gives the number of its weights. */
export async function writeCheckpoint(folder, geometry) {
  const config = GEOMETRIES[geometry];
  mkdirSync(folder, { recursive: true });
  const json = (name, value) => writeFileSync(path.join(folder, name), JSON.stringify(value));
  json("config.json", config);
  json("tokenizer.json", tokenizer(config.vocab_size));
  const plan = weightPlan(starcoder2Of(config, "config.json"), {
    matrices: "float32",
    activations: "float32",
  });
  const tensors = plan.flatMap(({ needs }) => needs).map(([name, shape]) => ({ name, shape, dtype: "BF16" }));
  const next = uniforms(1, "weights");
  const drawn = Float32Array.from({ length: DRAWN }, () => Math.sqrt(3) * (2 * next() - 1));
  const handle = await open(path.join(folder, "model.safetensors"), "w");
  try {
    await handle.writeFile(writeHeader(tensors));
    let from = 0;
    for (const { name, shape } of tensors) {
      const { scale, middle } = spreadOf(name, shape);
      const bytes = new Uint8Array(toBfloat(drawn.map((value) => middle + scale * value)).buffer);
      for (let left = 2 * countOf(shape); left > 0;) {
        const piece = bytes.subarray(from, from + left);
        await handle.writeFile(piece);
        left -= piece.length;
        from = (from + piece.length) % bytes.length;
      }
    }
  } finally {
    await handle.close();
  }
  return tensors.reduce((sum, { shape }) => sum + countOf(shape), 0);
}

const countOf = (shape) => shape.reduce((product, dim) => product * dim, 1);

/** Spreads with which random layers neither die nor run off. */
function spreadOf(name, [, columns]) {
  // More, and with tied weights every token is followed by itself.
  if (name === "model.embed_tokens.weight") return { scale: 0.5 / Math.sqrt(columns), middle: 0 };
  if (columns !== undefined) return { scale: 1 / Math.sqrt(columns), middle: 0 };
  return name.endsWith("norm.weight") ? { scale: 0.1, middle: 1 } : { scale: 0.05, middle: 0 };
}

/** Bytes and one merge, then tokens that no text has. */
function tokenizer(words) {
  const known = ["<|endoftext|>", ...BYTE_CHARACTERS, "aa"];
  const filler = Array.from({ length: words - known.length }, (_, at) => `<filler ${at}>`);
  const vocab = Object.fromEntries([...known, ...filler].map((token, id) => [token, id]));
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: { type: "BPE", vocab, merges: [["a", "a"]] },
  };
}
