// What a GPT-2 is made of, from its config.json, and where its checkpoints keep it. Against StarCoder2: learned positions
// in the place of rotary ones, a head of keys and values for each head, and linear layers as [in, out].
// Source: https://github.com/huggingface/transformers, models/gpt2/configuration_gpt2.py and modeling_gpt2.py
import { InputError } from "../core/errors.js";
import { fieldsOf, type Architecture, type Layout } from "./architecture.js";

/** Values of fields that have one value in all that we compute; both names of the activation are of one function. */
const KNOWN = {
  model_type: ["gpt2"],
  activation_function: ["gelu_new", "gelu_pytorch_tanh"],
  scale_attn_weights: [true],
  scale_attn_by_inverse_layer_idx: [false],
  reorder_and_upcast_attn: [false],
  add_cross_attention: [false],
};

/** GroupQueryAttention refuses other widths when it runs, with or without rotary embeddings. */
const HEAD_STEP = 8;

export const GPT2_LAYOUT: Layout = {
  prefix: "transformer.",
  embedding: "wte",
  positions: "wpe",
  layers: "h",
  parts: {
    input_layernorm: ["ln_1"],
    "self_attn.qkv": ["attn.c_attn"],
    "self_attn.o_proj": ["attn.c_proj"],
    post_attention_layernorm: ["ln_2"],
    "mlp.c_fc": ["mlp.c_fc"],
    "mlp.c_proj": ["mlp.c_proj"],
  },
  norm: "ln_f",
  head: "lm_head",
  transposed: true,
};

/** Reads a configuration; `where` is the file's name for messages. @throws InputError for what we do not compute. */
export function gpt2Of(config: unknown, where: string): Architecture {
  const fields = fieldsOf(config, where, KNOWN);
  const { all, whole } = fields;
  const hidden = whole("n_embd");
  const heads = whole("n_head");
  if (hidden % heads !== 0)
    throw new InputError(`${where}: ${heads} attention heads can't share ${hidden} numbers (n_embd) evenly`);
  return {
    type: "gpt2",
    vocabulary: whole("vocab_size"),
    hidden,
    inner: whole("n_inner", 4 * hidden),
    headDim: fields.headDim(hidden / heads, HEAD_STEP),
    layers: whole("n_layer"),
    heads,
    kvHeads: heads,
    epsilon: fields.positive("layer_norm_epsilon", 1e-5),
    ropeTheta: null,
    positions: whole("n_positions"),
    slidingWindow: null,
    bias: true,
    tied: all["tie_word_embeddings"] !== false,
    endTokens: fields.endTokens(),
  };
}
