// What a BART is made of, from its config.json. Source: https://arxiv.org/abs/1910.13461 and
// https://github.com/huggingface/transformers, models/bart/configuration_bart.py
import { InputError } from "../core/errors.js";
import { fieldsOf } from "./architecture.js";
import { shareOf, tokenOf, type Seq2SeqTokens } from "./t5.js";

/** Layers of the encoder or the decoder. */
export interface BartSide {
  readonly layers: number;
  readonly heads: number;
  /** Width of the inside of the feed-forward layers. */
  readonly inner: number;
}

export interface Bart {
  /** Number of tokens the model knows. */
  readonly vocabulary: number;
  /** Width of the residual stream. */
  readonly hidden: number;
  readonly encoder: BartSide;
  readonly decoder: BartSide;
  /** Longest sequence in tokens, of each side. */
  readonly positions: number;
  /** Whether tokens' vectors are multiplied with the root of their width. */
  readonly scaled: boolean;
  /** Standard deviation of the first weights. */
  readonly deviation: number;
  /** Shares that are dropped: of what each block adds, of attention, and of the feed-forward layers' inside. */
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly activationDropout: number;
  readonly tokens: Seq2SeqTokens;
}

/** Values of fields that have one value in all that we compute. */
const KNOWN = {
  model_type: ["bart"],
  activation_function: ["gelu"],
  is_encoder_decoder: [true],
  tie_word_embeddings: [true],
  encoder_layerdrop: [0],
  decoder_layerdrop: [0],
  // Of early checkpoints, which had other orders of layers.
  normalize_before: [false],
  normalize_embedding: [true],
  add_final_layer_norm: [false],
  static_position_embeddings: [false],
};

/** Reads a configuration; `where` is the file's name for messages. @throws InputError for what we do not compute. */
export function bartOf(config: unknown, where: string): Bart {
  const fields = fieldsOf(config, where, KNOWN);
  const { all, whole } = fields;
  const hidden = whole("d_model", 1_024);
  const side = (name: "encoder" | "decoder"): BartSide => {
    const heads = whole(`${name}_attention_heads`, 16);
    if (hidden % heads !== 0)
      throw new InputError(
        `${where}: ${name}_attention_heads is ${heads}, which can't share ${hidden} numbers (d_model) evenly`,
      );
    return { layers: whole(`${name}_layers`, 12), heads, inner: whole(`${name}_ffn_dim`, 4_096) };
  };
  const end = tokenOf(fields, "eos_token_id", 2, where);
  return {
    vocabulary: whole("vocab_size", 50_265),
    hidden,
    encoder: side("encoder"),
    decoder: side("decoder"),
    positions: whole("max_position_embeddings", 1_024),
    scaled: all["scale_embedding"] === true,
    deviation: fields.positive("init_std", 0.02),
    dropout: shareOf(fields, "dropout", 0.1, where),
    attentionDropout: shareOf(fields, "attention_dropout", 0, where),
    activationDropout: shareOf(fields, "activation_dropout", 0, where),
    tokens: {
      begin: tokenOf(fields, "bos_token_id", 0, where),
      pad: tokenOf(fields, "pad_token_id", 1, where),
      start: tokenOf(fields, "decoder_start_token_id", 2, where),
      end,
    },
  };
}
