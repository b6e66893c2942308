// What a StarCoder2 is made of, from its config.json. Takes the parsed file; refuses what our graph does not compute, by
// the field's name, since a model that runs and is wrong is worse than none.
// Source: https://github.com/huggingface/transformers, models/starcoder2/configuration_starcoder2.py
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";

export interface Starcoder2 {
  /** Number of tokens the model knows. */
  readonly vocabulary: number;
  /** Width of the residual stream, of the MLP's inside, and of one attention head. */
  readonly hidden: number;
  readonly inner: number;
  readonly headDim: number;
  readonly layers: number;
  /** Heads of queries, and of keys and values, which several of the former share. */
  readonly heads: number;
  readonly kvHeads: number;
  /** Added to the variance in layer normalisation. */
  readonly epsilon: number;
  /** Base of the rotary embedding's wavelengths. */
  readonly ropeTheta: number;
  /** Longest sequence in tokens. */
  readonly positions: number;
  /** A token sees so many, itself included; null: all before it. */
  readonly slidingWindow: number | null;
  readonly bias: boolean;
  /** Whether the head's weights are the embedding's. */
  readonly tied: boolean;
  /** Tokens that end a text. */
  readonly endTokens: readonly number[];
}

type Json = Readonly<Record<string, unknown>>;

/** Fields that have one value in all that we compute. */
const FIXED: Readonly<Record<string, unknown>> = {
  model_type: "starcoder2",
  hidden_act: "gelu_pytorch_tanh",
  norm_type: "layer_norm",
  mlp_type: "default",
};

/** GroupQueryAttention with rotary embeddings refuses other widths when it runs. */
const HEAD_STEP = 16;

/** Reads a configuration; `where` is the file's name for messages. */
export function starcoder2Of(config: unknown, where: string): Starcoder2 {
  if (!isRecord(config))
    throw new InputError(`${where} is not a JSON object; name the folder of a StarCoder2 checkpoint`);
  const fields = config;
  for (const [name, value] of Object.entries(FIXED)) {
    const given = fields[name];
    if (given !== undefined && given !== value)
      throw new InputError(
        `${where}: ${name} is ${JSON.stringify(given)}; only ${JSON.stringify(value)} is known`,
      );
  }
  const whole = (name: string, otherwise?: number): number => {
    const value = fields[name] ?? otherwise;
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
    throw new InputError(`${where}: ${name} is ${JSON.stringify(value)}; a whole number above 0 is needed`);
  };
  const hidden = whole("hidden_size");
  const heads = whole("num_attention_heads");
  const kvHeads = whole("num_key_value_heads", heads);
  if (heads % kvHeads !== 0)
    throw new InputError(
      `${where}: ${heads} attention heads can't share ${kvHeads} key and value heads evenly`,
    );
  const headDim = whole("head_dim", hidden / heads);
  if (headDim % HEAD_STEP !== 0)
    throw new InputError(
      `${where}: attention heads are ${headDim} wide; ONNX Runtime computes multiples of ${HEAD_STEP} alone`,
    );
  return {
    vocabulary: whole("vocab_size"),
    hidden,
    inner: whole("intermediate_size"),
    headDim,
    layers: whole("num_hidden_layers"),
    heads,
    kvHeads,
    epsilon: numberOf(fields["norm_epsilon"] ?? 1e-5, `${where}: norm_epsilon`),
    ropeTheta: ropeThetaOf(fields, where),
    positions: whole("max_position_embeddings"),
    slidingWindow: fields["sliding_window"] == null ? null : whole("sliding_window"),
    bias: fields["use_bias"] !== false,
    tied: fields["tie_word_embeddings"] !== false,
    endTokens: tokensOf(fields["eos_token_id"]),
  };
}

/** Where transformers up to 4 and from 5 on keep it; scaled rotary embeddings are refused. */
function ropeThetaOf(fields: Json, where: string): number {
  const [parameters, scaling] = [fields["rope_parameters"], fields["rope_scaling"]].map(
    (given) => (given ?? {}) as Json,
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

function numberOf(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new InputError(`${what} is ${JSON.stringify(value)}; a number above 0 is needed`);
}

function tokensOf(value: unknown): readonly number[] {
  return (Array.isArray(value) ? value : [value]).filter((token): token is number => Number.isInteger(token));
}
