// What a T5 is made of, from its config.json: version 1.0 (ReLU, a head that is the embedding), versions 1.1 and UL2 (a gated
// activation, a head of its own). Source: https://arxiv.org/abs/1910.10683 and
// https://github.com/huggingface/transformers, models/t5/configuration_t5.py
import { InputError } from "../core/errors.js";
import { fieldsOf, type Fields } from "./architecture.js";

export interface T5 {
  /** Number of tokens the model knows. */
  readonly vocabulary: number;
  /** Width of the residual stream, of the inside of the feed-forward layers, and of one attention head. */
  readonly hidden: number;
  readonly inner: number;
  readonly headDim: number;
  readonly heads: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Distances between tokens fall into so many classes, the farthest from `distance` on. */
  readonly buckets: number;
  readonly distance: number;
  /** "relu" is a layer of two matrices; the others gate a third one's product. */
  readonly activation: "relu" | "gated-gelu" | "gated-silu";
  /** Added to the mean square in normalisation. */
  readonly epsilon: number;
  readonly dropout: number;
  /** Multiplies the spread of the first weights. */
  readonly factor: number;
  /** Version 1.0: the head is the embedding, and what it is multiplied with is scaled by hidden^-0.5. */
  readonly tied: boolean;
  readonly tokens: Seq2SeqTokens;
}

/** Tokens that frame the texts of an encoder-decoder. */
export interface Seq2SeqTokens {
  /** Begins every text, on both sides; null: nothing does, as with T5's own. */
  readonly begin: number | null;
  /** Fills rows up. */
  readonly pad: number;
  /** Stands before the first token that is foretold. */
  readonly start: number;
  readonly end: number;
}

const ACTIVATIONS = ["relu", "gated-gelu", "gated-silu"] as const;
const KNOWN = { model_type: ["t5"], feed_forward_proj: ACTIVATIONS, is_encoder_decoder: [true] };

/**
 * Reads a configuration; `where` is the file's name for messages. Transformers up to 4 tells version 1.0 by
 * `tie_word_embeddings`; from 5 on that is always true, and `scale_decoder_outputs` tells.
 * @throws InputError for what we do not compute.
 */
export function t5Of(config: unknown, where: string): T5 {
  const fields = fieldsOf(config, where, KNOWN);
  const { all, whole } = fields;
  const encoderLayers = whole("num_layers", 6);
  const buckets = whole("relative_attention_num_buckets", 32);
  const distance = whole("relative_attention_max_distance", 128);
  if (buckets % 4 !== 0 || distance <= buckets / 2)
    throw new InputError(
      `${where}: relative_attention_num_buckets is ${buckets} and relative_attention_max_distance ${distance}; ` +
        "a multiple of 4 and more than half of it are needed",
    );
  const pad = tokenOf(fields, "pad_token_id", 0, where);
  return {
    vocabulary: whole("vocab_size", 32_128),
    hidden: whole("d_model", 512),
    inner: whole("d_ff", 2_048),
    headDim: whole("d_kv", 64),
    heads: whole("num_heads", 8),
    encoderLayers,
    decoderLayers: all["num_decoder_layers"] == null ? encoderLayers : whole("num_decoder_layers"),
    buckets,
    distance,
    activation: ACTIVATIONS.find((known) => known === all["feed_forward_proj"]) ?? "relu",
    epsilon: fields.positive("layer_norm_epsilon", 1e-6),
    dropout: shareOf(fields, "dropout_rate", 0.1, where),
    factor: fields.positive("initializer_factor", 1),
    tied: (all["scale_decoder_outputs"] ?? all["tie_word_embeddings"]) !== false,
    tokens: {
      begin: fields.all["bos_token_id"] == null ? null : tokenOf(fields, "bos_token_id", 0, where),
      pad,
      start: tokenOf(fields, "decoder_start_token_id", pad, where),
      end: tokenOf(fields, "eos_token_id", 1, where),
    },
  };
}

/** A token's number. @throws InputError for what is none. */
export function tokenOf({ all }: Fields, name: string, otherwise: number, where: string): number {
  const value = all[name] ?? otherwise;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw new InputError(`${where}: ${name} is ${JSON.stringify(value)}; the number of a token is needed`);
}

/** A share from 0 to below 1. @throws InputError for what is none. */
export function shareOf({ all }: Fields, name: string, otherwise: number, where: string): number {
  const value = all[name] ?? otherwise;
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw new InputError(`${where}: ${name} is ${JSON.stringify(value)}; a number from 0 to below 1 is needed`);
}
