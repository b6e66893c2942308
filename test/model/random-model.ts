// A StarCoder2 of a few hundred thousand random weights with a vocabulary of bytes, in the Hugging Face layout. Every byte is a
// token and every token comes, which a trained model would not give.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { uniforms } from "../../src/core/random.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { BYTE_CHARACTERS } from "../../src/model/bpe.js";

const END = "<|endoftext|>";

const CONFIG = {
  architectures: ["Starcoder2ForCausalLM"],
  model_type: "starcoder2",
  vocab_size: 257,
  hidden_size: 64,
  intermediate_size: 256,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 16_384,
  hidden_act: "gelu_pytorch_tanh",
  norm_epsilon: 1e-5,
  rope_parameters: { rope_theta: 100_000, rope_type: "default" },
  sliding_window: null,
  tie_word_embeddings: true,
  use_bias: true,
  bos_token_id: 0,
  eos_token_id: 0,
};

/** Writes the checkpoint and its tokenizer into a folder; the same bytes each time. */
export async function writeRandomModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = (name: string, value: unknown): Promise<void> =>
    writeFile(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await json("config.json", CONFIG);
  await json("generation_config.json", { bos_token_id: 0, eos_token_id: 0 });
  await json("tokenizer_config.json", { bos_token: END, eos_token: END, model_max_length: 16_384 });
  await json("tokenizer.json", byteTokenizer());
  await writeSafetensors(path.join(folder, "model.safetensors"), weights());
}

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A tokenizer.json in which every byte is a token, behind the one that ends texts. */
export function byteTokenizer(): unknown {
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const vocab = Object.fromEntries([END, ...BYTE_CHARACTERS].map((token, id) => [token, id]));
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{ id: 0, content: END, ...special }],
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: { type: "BPE", vocab, merges: [] },
  };
}

function* weights(): Generator<Weight> {
  const {
    vocab_size: words,
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
  } = CONFIG;
  const keys = (CONFIG.num_key_value_heads * hidden) / CONFIG.num_attention_heads;
  const next = uniforms(1, "tiny");
  // The sum of twelve uniforms is close enough to a normal.
  const normal = (): number => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value, -6);
  const tensor = (name: string, shape: readonly number[], scale: number, middle = 0): Weight => {
    const length = shape.reduce((product, dim) => product * dim, 1);
    return { name, shape, values: Float32Array.from({ length }, () => middle + scale * normal()) };
  };
  const norm = (name: string): Weight[] => [
    tensor(`${name}.weight`, [hidden], 0.1, 1),
    tensor(`${name}.bias`, [hidden], 0.05),
  ];
  const linear = (name: string, rows: number, columns: number): Weight[] => [
    tensor(`${name}.weight`, [rows, columns], 1.5 / Math.sqrt(columns)),
    tensor(`${name}.bias`, [rows], 0.05),
  ];
  yield tensor("model.embed_tokens.weight", [words, hidden], 3 / Math.sqrt(hidden));
  for (let layer = 0; layer < layers; layer++) {
    const part = (name: string): string => `model.layers.${layer}.${name}`;
    yield* norm(part("input_layernorm"));
    yield* linear(part("self_attn.q_proj"), hidden, hidden);
    yield* linear(part("self_attn.k_proj"), keys, hidden);
    yield* linear(part("self_attn.v_proj"), keys, hidden);
    yield* linear(part("self_attn.o_proj"), hidden, hidden);
    yield* norm(part("post_attention_layernorm"));
    yield* linear(part("mlp.c_fc"), inner, hidden);
    yield* linear(part("mlp.c_proj"), hidden, inner);
  }
  yield* norm("model.norm");
}
