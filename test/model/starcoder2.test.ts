import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { starcoder2Of } from "../../src/model/starcoder2.js";

/** Of starcoder2-3b as it is published, but for fields that we don't look at. */
const PUBLISHED = {
  architectures: ["Starcoder2ForCausalLM"],
  model_type: "starcoder2",
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: "gelu_pytorch_tanh",
  hidden_size: 3_072,
  intermediate_size: 12_288,
  max_position_embeddings: 16_384,
  mlp_type: "default",
  norm_epsilon: 1e-5,
  norm_type: "layer_norm",
  num_attention_heads: 24,
  num_hidden_layers: 30,
  num_key_value_heads: 2,
  rope_theta: 999_999.4420358813,
  sliding_window: 4_096,
  use_bias: true,
  vocab_size: 49_152,
};

const changed = (changes: Readonly<Record<string, unknown>>) =>
  starcoder2Of({ ...PUBLISHED, ...changes }, "config.json");

describe("a configuration", () => {
  it("is read", () => {
    expect(starcoder2Of(PUBLISHED, "config.json")).toEqual({
      type: "starcoder2",
      vocabulary: 49_152,
      hidden: 3_072,
      inner: 12_288,
      headDim: 128,
      layers: 30,
      heads: 24,
      kvHeads: 2,
      epsilon: 1e-5,
      ropeTheta: 999_999.4420358813,
      positions: 16_384,
      slidingWindow: 4_096,
      bias: true,
      tied: true,
      endTokens: [0],
    });
  });

  it.each([
    ["no window", { sliding_window: null }, { slidingWindow: null }],
    ["a window that is not named", { sliding_window: undefined }, { slidingWindow: null }],
    ["a head of its own", { tie_word_embeddings: false }, { tied: false }],
    ["no biases", { use_bias: false }, { bias: false }],
    ["heads of a width of their own", { head_dim: 64 }, { headDim: 64 }],
    ["keys and values for each head", { num_key_value_heads: undefined }, { kvHeads: 24 }],
    ["several ends", { eos_token_id: [0, 7] }, { endTokens: [0, 7] }],
    ["no end", { eos_token_id: null }, { endTokens: [] }],
    ["no epsilon", { norm_epsilon: undefined }, { epsilon: 1e-5 }],
    [
      "the base of the rotation where transformers 5 keeps it",
      { rope_theta: undefined, rope_parameters: { rope_type: "default", rope_theta: 500 } },
      { ropeTheta: 500 },
    ],
    [
      "it in both places: the newer one counts",
      { rope_theta: 1, rope_parameters: { rope_theta: 500 } },
      { ropeTheta: 500 },
    ],
    ["no scaling", { rope_scaling: null }, { ropeTheta: 999_999.4420358813 }],
  ])("with %s", (_, changes, expected) => {
    expect(changed(changes)).toMatchObject(expected);
  });

  it.each([
    [{ model_type: "llama" }, 'config.json: model_type is "llama"; only "starcoder2" is known'],
    [{ hidden_act: "gelu" }, 'hidden_act is "gelu"; only "gelu_pytorch_tanh"'],
    [{ norm_type: "rms_norm" }, "norm_type"],
    [{ mlp_type: "gated" }, "mlp_type"],
    [{ hidden_size: undefined }, "hidden_size is undefined; a whole number above 0 is needed"],
    [{ vocab_size: "49152" }, 'vocab_size is "49152"'],
    [{ num_hidden_layers: 0 }, "num_hidden_layers is 0"],
    [{ intermediate_size: 1.5 }, "intermediate_size is 1.5"],
    [{ max_position_embeddings: -1 }, "max_position_embeddings is -1"],
    [{ num_attention_heads: null }, "num_attention_heads is undefined"],
    [{ sliding_window: 0 }, "sliding_window is 0"],
    [{ num_key_value_heads: 5 }, "24 attention heads can't share 5 key and value heads evenly"],
    [{ num_attention_heads: 7, num_key_value_heads: 1 }, "head_dim is 438.857"],
    [{ head_dim: 72 }, "attention heads are 72 wide; ONNX Runtime computes multiples of 16 alone"],
    [{ norm_epsilon: 0 }, "norm_epsilon is 0; a number above 0 is needed"],
    [{ rope_theta: undefined }, "neither rope_parameters.rope_theta nor rope_theta"],
    [{ rope_theta: "1e6" }, 'rope_theta is "1e6"'],
    [{ rope_scaling: { type: "linear", factor: 2 } }, 'rotary embeddings of type "linear"'],
    [{ rope_parameters: { rope_type: "yarn", rope_theta: 1 } }, 'rotary embeddings of type "yarn"'],
    [
      { rope_parameters: { rope_theta: 1 }, rope_scaling: { rope_type: "dynamic" } },
      'rotary embeddings of type "dynamic"',
    ],
  ])("is refused with %j", (changes, message) => {
    expect(() => changed(changes)).toThrow(message);
    expect(() => changed(changes)).toThrow(expect.objectContaining({ name: "InputError" }) as Error);
  });

  it.each([[null], [[]], ["{}"], [3]])("is refused where it is %j", (config) => {
    expect(() => starcoder2Of(config, "here/config.json")).toThrow("here/config.json is not a JSON object");
  });

  it.each(["tiny", "sliding", "untied", "unbiased"])("of the fixture %s is read", (name) => {
    const file = path.resolve(import.meta.dirname, `../fixtures/starcoder2/${name}/config.json`);
    const model = starcoder2Of(JSON.parse(readFileSync(file, "utf8")), file);
    expect(model.tied).toBe(name !== "untied");
    expect(model.bias).toBe(name !== "unbiased");
    expect(model.slidingWindow).toBe(name === "sliding" ? 16 : null);
    const thetas = { tiny: 999_999.4420358813, sliding: 500, untied: 100_000, unbiased: 2_000 };
    expect(model.ropeTheta).toBe(thetas[name as keyof typeof thetas]);
  });
});
