// Configurations of encoder-decoders, as transformers writes them.
import { describe, expect, it } from "vitest";
import { bartOf } from "../../src/model/bart.js";
import { t5Of } from "../../src/model/t5.js";

const WHERE = "config.json";

describe("a T5's configuration", () => {
  const SMALL = {
    model_type: "t5",
    vocab_size: 32_128,
    d_model: 512,
    d_ff: 2_048,
    num_layers: 6,
    num_heads: 8,
  };

  it("of t5-small is version 1.0", () => {
    expect(
      t5Of({ ...SMALL, d_kv: 64, pad_token_id: 0, eos_token_id: 1, decoder_start_token_id: 0 }, WHERE),
    ).toEqual({
      vocabulary: 32_128,
      hidden: 512,
      inner: 2_048,
      headDim: 64,
      heads: 8,
      encoderLayers: 6,
      decoderLayers: 6,
      buckets: 32,
      distance: 128,
      activation: "relu",
      epsilon: 1e-6,
      dropout: 0.1,
      factor: 1,
      tied: true,
      tokens: { begin: null, pad: 0, start: 0, end: 1 },
    });
  });

  it("names the token that begins texts where its tokenizer has one, as CodeT5's", () => {
    expect(t5Of({ ...SMALL, bos_token_id: 1, eos_token_id: 2 }, WHERE).tokens).toMatchObject({
      begin: 1,
      end: 2,
    });
  });

  it.each([
    ["transformers 4", { tie_word_embeddings: false }],
    ["transformers 5", { tie_word_embeddings: true, scale_decoder_outputs: false }],
  ])("of version 1.1 has a head of its own, as %s writes it", (_, told) => {
    const config = { ...SMALL, ...told, feed_forward_proj: "gated-gelu", num_decoder_layers: 3 };
    expect(t5Of(config, WHERE)).toMatchObject({ tied: false, activation: "gated-gelu", decoderLayers: 3 });
  });

  it.each([
    [{ model_type: "mt5" }, /model_type is "mt5"; only "t5"/],
    [{ feed_forward_proj: "gelu" }, /feed_forward_proj is "gelu"; only "relu"/],
    [{ dropout_rate: 1 }, /dropout_rate is 1; a number from 0 to below 1/],
    [{ pad_token_id: "<pad>" }, /pad_token_id is "<pad>"; the number of a token/],
    [{ relative_attention_num_buckets: 30 }, /relative_attention_num_buckets is 30/],
    [{ relative_attention_max_distance: 16 }, /relative_attention_max_distance 16/],
  ])("is refused with %j", (told, message) => {
    expect(() => t5Of({ ...SMALL, ...told }, WHERE)).toThrow(message);
  });
});

describe("a BART's configuration", () => {
  it("that says nothing is bart-large's", () => {
    expect(bartOf({ model_type: "bart" }, WHERE)).toEqual({
      vocabulary: 50_265,
      hidden: 1_024,
      encoder: { layers: 12, heads: 16, inner: 4_096 },
      decoder: { layers: 12, heads: 16, inner: 4_096 },
      positions: 1_024,
      scaled: false,
      deviation: 0.02,
      dropout: 0.1,
      attentionDropout: 0,
      activationDropout: 0,
      tokens: { begin: 0, pad: 1, start: 2, end: 2 },
    });
  });

  it.each([
    [{ activation_function: "relu" }, /activation_function is "relu"; only "gelu"/],
    [{ encoder_layerdrop: 0.1 }, /encoder_layerdrop is 0.1; only 0/],
    [{ normalize_before: true }, /normalize_before is true; only false/],
    [{ tie_word_embeddings: false }, /tie_word_embeddings is false; only true/],
    [{ decoder_attention_heads: 3 }, /decoder_attention_heads is 3, which can't share 1024/],
  ])("is refused with %j", (told, message) => {
    expect(() => bartOf({ model_type: "bart", ...told }, WHERE)).toThrow(message);
  });
});
