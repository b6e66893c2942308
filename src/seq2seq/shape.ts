// What an encoder-decoder is made of, as our graphs compute it, T5 and BART alike, and where their checkpoints keep the weights.
// They differ in what stands here and in nothing else.
import { InputError } from "../core/errors.js";
import { isRecord } from "../core/json.js";
import { bartOf } from "../model/bart.js";
import { t5Of, type Seq2SeqTokens } from "../model/t5.js";

export type SideName = "encoder" | "decoder";
export const SIDES = ["encoder", "decoder"] as const;

export interface Side {
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  /** Width of the inside of the feed-forward layers. */
  readonly inner: number;
}

export interface Shape {
  readonly type: "t5" | "bart";
  readonly vocabulary: number;
  readonly hidden: number;
  readonly encoder: Side;
  readonly decoder: Side;
  readonly activation: "relu" | "gated-gelu" | "gated-silu" | "gelu";
  /** Added to the variance, or the mean square, in normalisation. */
  readonly epsilon: number;
  /** Classes of distances, which T5's attention knows positions by; null: positions are learned vectors. */
  readonly distances: { readonly buckets: number; readonly distance: number } | null;
  /** Longest sequence of either side in tokens; null: any. */
  readonly positions: number | null;
  /** What tokens' vectors are multiplied with, and what the head reads. */
  readonly embeddingScale: number;
  readonly headScale: number;
  readonly tokens: Seq2SeqTokens;
  /** What every text must begin with, and end with where it reaches its limit; null: nothing. */
  readonly forced: { readonly first: number | null; readonly last: number | null };
}

/** ONNX Runtime's attention over a cache refuses other widths when it runs. */
const HEAD_STEP = 8;

/** Reads a configuration; `where` is the file's name for messages. @throws InputError for what we do not compute. */
export function shapeOf(config: unknown, where: string): Shape {
  const type = isRecord(config) ? config["model_type"] : undefined;
  if (type !== "t5" && type !== "bart")
    throw new InputError(
      `${where}: model_type is ${JSON.stringify(type)}; encoder-decoders are "t5" and "bart"`,
    );
  const shape = type === "t5" ? t5Shape(config, where) : bartShape(config, where);
  const { headDim } = shape.decoder;
  if (headDim % HEAD_STEP !== 0)
    throw new InputError(
      `${where}: attention heads are ${headDim} wide; ONNX Runtime computes multiples of ${HEAD_STEP} alone`,
    );
  return shape;
}

function t5Shape(config: unknown, where: string): Shape {
  const model = t5Of(config, where);
  const { hidden, heads, headDim, inner, buckets, distance, tied } = model;
  return {
    type: "t5",
    ...model,
    encoder: { layers: model.encoderLayers, heads, headDim, inner },
    decoder: { layers: model.decoderLayers, heads, headDim, inner },
    distances: { buckets, distance },
    positions: null,
    embeddingScale: 1,
    headScale: tied ? hidden ** -0.5 : 1,
    forced: forcedOf(config),
  };
}

/** Of BART's normalisations; its configuration does not tell it. */
const BART_EPSILON = 1e-5;

function bartShape(config: unknown, where: string): Shape {
  const model = bartOf(config, where);
  const { hidden } = model;
  const side = (name: SideName): Side => ({ ...model[name], headDim: hidden / model[name].heads });
  return {
    type: "bart",
    ...model,
    encoder: side("encoder"),
    decoder: side("decoder"),
    activation: "gelu",
    epsilon: BART_EPSILON,
    distances: null,
    embeddingScale: model.scaled ? Math.sqrt(hidden) : 1,
    headScale: 1,
    forced: forcedOf(config),
  };
}

function forcedOf(config: unknown): Shape["forced"] {
  return { first: tokenIn(config, "forced_bos_token_id"), last: tokenIn(config, "forced_eos_token_id") };
}

function tokenIn(config: unknown, name: string): number | null {
  const value = isRecord(config) ? config[name] : null;
  return typeof value === "number" && Number.isInteger(value) ? value : null;
}

/** Blocks of a layer, and what they have: queries, keys and values, what gives them back, a way in and out, a normalisation. */
export type BlockName = "self" | "cross" | "feed";

/** Names of a block's tensors in a checkpoint, without `.weight` and `.bias`. */
export interface BlockTensors {
  readonly norm: string;
  /** Of attention: queries, keys, values. */
  readonly mixed: readonly [string, string, string];
  readonly out: string;
  /** Of feed-forward layers: one matrix, or the gate and what it gates. */
  readonly wide: readonly string[];
}

export function tensorsOf(
  { type, activation }: Shape,
  side: SideName,
  layer: number,
  block: BlockName,
): BlockTensors {
  if (type === "bart") {
    const at = `model.${side}.layers.${layer}`;
    const name = `${at}.${block === "cross" ? "encoder_attn" : "self_attn"}`;
    const feeds = block === "feed";
    return {
      norm: feeds ? `${at}.final_layer_norm` : `${name}_layer_norm`,
      mixed: [`${name}.q_proj`, `${name}.k_proj`, `${name}.v_proj`],
      out: feeds ? `${at}.fc2` : `${name}.out_proj`,
      wide: [`${at}.fc1`],
    };
  }
  const number = { self: 0, cross: 1, feed: side === "encoder" ? 1 : 2 }[block];
  const at = `${side}.block.${layer}.layer.${number}`;
  const name = `${at}.${{ self: "SelfAttention", cross: "EncDecAttention", feed: "DenseReluDense" }[block]}`;
  return {
    norm: `${at}.layer_norm`,
    mixed: [`${name}.q`, `${name}.k`, `${name}.v`],
    out: block === "feed" ? `${name}.wo` : `${name}.o`,
    wide: activation === "relu" ? [`${name}.wi`] : [`${name}.wi_0`, `${name}.wi_1`],
  };
}

/** Tensors beside the layers; a list has names that a checkpoint may use for one, the first that is there counts. */
export function looseTensors({ type }: Shape): {
  readonly embedding: readonly string[];
  readonly head: readonly string[];
  readonly norm: (side: SideName) => string;
  readonly places: (side: SideName) => string;
} {
  const embeddings = (prefix: string): readonly string[] => [
    `${prefix}shared.weight`,
    ...SIDES.map((side) => `${prefix}${side}.embed_tokens.weight`),
  ];
  if (type === "bart") {
    const shared = [...embeddings("model."), "lm_head.weight"];
    return {
      embedding: shared,
      head: shared,
      norm: (side) => `model.${side}.layernorm_embedding`,
      places: (side) => `model.${side}.embed_positions.weight`,
    };
  }
  const shared = [...embeddings(""), "lm_head.weight"];
  return {
    embedding: shared,
    head: ["lm_head.weight", ...shared],
    norm: (side) => `${side}.final_layer_norm`,
    places: (side) => `${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
  };
}
