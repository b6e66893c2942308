// What a StarCoder2 is made of, from its config.json, and where its checkpoints keep it.
// Source: https://github.com/huggingface/transformers, models/starcoder2/configuration_starcoder2.py
import { InputError } from "../core/errors.js";
import { fieldsOf, numberOf, type Architecture, type Fields, type Layout } from "./architecture.js";

/** Values of fields that have one value in all that we compute. */
const KNOWN = {
  model_type: ["starcoder2"],
  hidden_act: ["gelu_pytorch_tanh"],
  norm_type: ["layer_norm"],
  mlp_type: ["default"],
};

/** GroupQueryAttention with rotary embeddings refuses other widths when it runs. */
const HEAD_STEP = 16;

export const STARCODER2_LAYOUT: Layout = {
  prefix: "",
  embedding: "model.embed_tokens",
  positions: null,
  layers: "model.layers",
  parts: {
    input_layernorm: ["input_layernorm"],
    "self_attn.qkv": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "self_attn.o_proj": ["self_attn.o_proj"],
    post_attention_layernorm: ["post_attention_layernorm"],
    "mlp.c_fc": ["mlp.c_fc"],
    "mlp.c_proj": ["mlp.c_proj"],
  },
  norm: "model.norm",
  head: "lm_head",
  transposed: false,
};

/** Reads a configuration; `where` is the file's name for messages. @throws InputError for what we do not compute. */
export function starcoder2Of(config: unknown, where: string): Architecture {
  const fields = fieldsOf(config, where, KNOWN);
  const { all, whole } = fields;
  const hidden = whole("hidden_size");
  const heads = whole("num_attention_heads");
  const kvHeads = whole("num_key_value_heads", heads);
  if (heads % kvHeads !== 0)
    throw new InputError(
      `${where}: ${heads} attention heads can't share ${kvHeads} key and value heads evenly`,
    );
  return {
    type: "starcoder2",
    vocabulary: whole("vocab_size"),
    hidden,
    inner: whole("intermediate_size"),
    headDim: fields.headDim(whole("head_dim", hidden / heads), HEAD_STEP),
    layers: whole("num_hidden_layers"),
    heads,
    kvHeads,
    epsilon: fields.positive("norm_epsilon", 1e-5),
    ropeTheta: ropeThetaOf(all, where),
    positions: whole("max_position_embeddings"),
    slidingWindow: all["sliding_window"] == null ? null : whole("sliding_window"),
    bias: all["use_bias"] !== false,
    tied: all["tie_word_embeddings"] !== false,
    endTokens: fields.endTokens(),
  };
}

/** Where transformers up to 4 and from 5 on keep it; scaled rotary embeddings are refused. */
function ropeThetaOf(fields: Fields["all"], where: string): number {
  const [parameters, scaling] = [fields["rope_parameters"], fields["rope_scaling"]].map(
    (given) => (given ?? {}) as Fields["all"],
  );
  for (const given of [parameters, scaling]) {
    const kind = given?.["rope_type"] ?? given?.["type"] ?? "default";
    if (kind !== "default")
      throw new InputError(
        `${where}: rotary embeddings of type ${JSON.stringify(kind)} are not known, only "default"`,
      );
  }
  const theta = parameters?.["rope_theta"] ?? scaling?.["rope_theta"] ?? fields["rope_theta"];
  if (theta === undefined)
    throw new InputError(
      `${where} has neither rope_parameters.rope_theta nor rope_theta; add what the model was trained with`,
    );
  return numberOf(theta, `${where}: rope_theta`);
}
