// What a language model is made of, as our graphs compute it: layers of attention and a wide GELU, each behind a layer
// normalisation, between an embedding and a head. Architectures differ in what stands here and in nothing else; each has a
// file that reads its config.json, and refuses by a field's name what our graphs do not compute, since a model that runs
// and is wrong is worse than none.
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";

/** Architectures that we know, by their `model_type`. */
export type ModelType = "starcoder2" | "gpt2";

export interface Architecture {
  /** Says where a checkpoint keeps the weights. */
  readonly type: ModelType;
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
  /** Base of the rotary embedding's wavelengths; null: each position has a learned vector, which is added to the token's. */
  readonly ropeTheta: number | null;
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

/** A layer's weights, by the names they have in our graphs. */
export type LayerPart =
  | "input_layernorm"
  | "self_attn.qkv"
  | "self_attn.o_proj"
  | "post_attention_layernorm"
  | "mlp.c_fc"
  | "mlp.c_proj";

/** Where a checkpoint keeps the weights: names of tensors without `.weight` and `.bias`. */
export interface Layout {
  /** May stand before all names but the head's. */
  readonly prefix: string;
  readonly embedding: string;
  /** Learned vectors of positions; null where there are none. */
  readonly positions: string | null;
  /** What each layer's number stands behind. */
  readonly layers: string;
  /** Of a layer's part; queries, keys and values are three tensors, or one that is packed already. */
  readonly parts: Readonly<Record<LayerPart, readonly string[]>>;
  readonly norm: string;
  readonly head: string;
  /** Linear layers are [in, out], not [out, in]; the head and the embedding have a row for each token all the same. */
  readonly transposed: boolean;
}

/** A configuration's fields, each checked when it is asked for. */
export interface Fields {
  readonly all: Readonly<Record<string, unknown>>;
  /** A whole number above 0. */
  readonly whole: (name: string, otherwise?: number) => number;
  /** A number above 0. */
  readonly positive: (name: string, otherwise: number) => number;
  /** Tokens that end a text, of `eos_token_id`. */
  readonly endTokens: () => readonly number[];
  /** Width of a head, where it is a multiple of what ONNX Runtime computes. */
  readonly headDim: (width: number, step: number) => number;
}

/**
 * The fields of a parsed config.json; `where` is the file's name for messages. `known` has the values that a field may have
 * if it is there at all.
 * @throws InputError for another value, and for what is no JSON object.
 */
export function fieldsOf(
  config: unknown,
  where: string,
  known: Readonly<Record<string, readonly unknown[]>>,
): Fields {
  if (!isRecord(config))
    throw new InputError(
      `${where} is not a JSON object; name the folder of a StarCoder2 or GPT-2 checkpoint`,
    );
  for (const [name, values] of Object.entries(known)) {
    const given = config[name];
    if (given === undefined || values.includes(given)) continue;
    const told = values.map((value) => JSON.stringify(value)).join(" and ");
    const verb = values.length > 1 ? "are" : "is";
    throw new InputError(`${where}: ${name} is ${JSON.stringify(given)}; only ${told} ${verb} known`);
  }
  return {
    all: config,
    whole(name, otherwise) {
      const value = config[name] ?? otherwise;
      if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
      throw new InputError(`${where}: ${name} is ${JSON.stringify(value)}; a whole number above 0 is needed`);
    },
    positive: (name, otherwise) => numberOf(config[name] ?? otherwise, `${where}: ${name}`),
    endTokens: () => tokensOf(config["eos_token_id"]),
    headDim(width, step) {
      if (width % step === 0) return width;
      throw new InputError(
        `${where}: attention heads are ${width} wide; ONNX Runtime computes multiples of ${step} alone`,
      );
    },
  };
}

/** A number above 0; `what` is what messages call it. */
export function numberOf(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new InputError(`${what} is ${JSON.stringify(value)}; a number above 0 is needed`);
}

function tokensOf(value: unknown): readonly number[] {
  return (Array.isArray(value) ? value : [value]).filter((token): token is number => Number.isInteger(token));
}
