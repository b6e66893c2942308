import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { gpt2Of } from "../../src/model/gpt2.js";
import { architectureOf } from "../../src/model/known.js";

/** Of gpt2 as it is published, but for fields that we don't look at. */
const PUBLISHED = {
  activation_function: "gelu_new",
  architectures: ["GPT2LMHeadModel"],
  bos_token_id: 50_256,
  eos_token_id: 50_256,
  layer_norm_epsilon: 1e-5,
  model_type: "gpt2",
  n_ctx: 1_024,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1_024,
  vocab_size: 50_257,
};

const changed = (changes: Readonly<Record<string, unknown>>) =>
  gpt2Of({ ...PUBLISHED, ...changes }, "config.json");

describe("a configuration of GPT-2", () => {
  it("is read, also where only its type tells what it is", () => {
    const expected = {
      type: "gpt2",
      vocabulary: 50_257,
      hidden: 768,
      inner: 3_072,
      headDim: 64,
      layers: 12,
      heads: 12,
      kvHeads: 12,
      epsilon: 1e-5,
      ropeTheta: null,
      positions: 1_024,
      slidingWindow: null,
      bias: true,
      tied: true,
      endTokens: [50_256],
    };
    expect(gpt2Of(PUBLISHED, "config.json")).toEqual(expected);
    expect(architectureOf(PUBLISHED, "config.json")).toEqual(expected);
  });

  it.each([
    ["an inside that is not named", { n_inner: null }, { inner: 3_072 }],
    ["an inside of its own", { n_inner: 100 }, { inner: 100 }],
    ["the activation's other name", { activation_function: "gelu_pytorch_tanh" }, {}],
    ["a head of its own", { tie_word_embeddings: false }, { tied: false }],
    ["heads of 8", { n_head: 96 }, { headDim: 8, kvHeads: 96 }],
    ["no epsilon", { layer_norm_epsilon: undefined }, { epsilon: 1e-5 }],
    ["no end", { eos_token_id: null }, { endTokens: [] }],
    [
      "all that may be said of the attention, as usual",
      {
        scale_attn_weights: true,
        scale_attn_by_inverse_layer_idx: false,
        reorder_and_upcast_attn: false,
        add_cross_attention: false,
      },
      { heads: 12 },
    ],
  ])("with %s", (_, changes, expected) => {
    expect(changed(changes)).toMatchObject(expected);
  });

  it.each([
    [{ model_type: "gpt_neo" }, 'config.json: model_type is "gpt_neo"; only "gpt2" is known'],
    [{ activation_function: "relu" }, 'is "relu"; only "gelu_new" and "gelu_pytorch_tanh" are known'],
    [{ scale_attn_weights: false }, "scale_attn_weights is false; only true is known"],
    [
      { scale_attn_by_inverse_layer_idx: true },
      "scale_attn_by_inverse_layer_idx is true; only false is known",
    ],
    [{ reorder_and_upcast_attn: true }, "reorder_and_upcast_attn is true"],
    [{ add_cross_attention: true }, "add_cross_attention is true"],
    [{ n_embd: undefined }, "n_embd is undefined; a whole number above 0 is needed"],
    [{ n_inner: 0 }, "n_inner is 0"],
    [{ n_positions: "1024" }, 'n_positions is "1024"'],
    [{ n_head: 7 }, "7 attention heads can't share 768 numbers (n_embd) evenly"],
    [{ n_head: 64 }, "attention heads are 12 wide; ONNX Runtime computes multiples of 8 alone"],
    [{ layer_norm_epsilon: 0 }, "layer_norm_epsilon is 0; a number above 0 is needed"],
  ])("is refused with %j", (changes, message) => {
    expect(() => changed(changes)).toThrow(message);
    expect(() => changed(changes)).toThrow(expect.objectContaining({ name: "InputError" }) as Error);
  });

  it.each(["tiny", "untied", "odd"])("of the fixture %s is read", (name) => {
    const file = path.resolve(import.meta.dirname, `../fixtures/gpt2/${name}/config.json`);
    const model = architectureOf(JSON.parse(readFileSync(file, "utf8")), file);
    expect(model.tied).toBe(name !== "untied");
    const inners = { tiny: 192, untied: 48, odd: 100 };
    expect(model.inner).toBe(inners[name as keyof typeof inners]);
    expect(model.epsilon).toBe(name === "odd" ? 1e-3 : 1e-5);
  });
});

describe("a configuration of another type", () => {
  it("is refused with the types that are known", () => {
    expect(() => architectureOf({ ...PUBLISHED, model_type: "llama" }, "here/config.json")).toThrow(
      'here/config.json: model_type is "llama"; only "starcoder2" and "gpt2" are known',
    );
    expect(() => architectureOf({ model_type: "toString" }, "config.json")).toThrow(
      'model_type is "toString"',
    );
    expect(() => architectureOf([], "config.json")).toThrow("config.json is not a JSON object");
  });

  it("counts as StarCoder2 where it says none", () => {
    const file = path.resolve(import.meta.dirname, "../fixtures/starcoder2/tiny/config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>;
    const { model_type: type, ...rest } = config;
    expect(type).toBe("starcoder2");
    expect(architectureOf(rest, file)).toEqual(architectureOf(config, file));
    expect(architectureOf(rest, file).type).toBe("starcoder2");
  });
});
