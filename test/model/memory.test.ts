import { describe, expect, it } from "vitest";
import { batchSizeFor, cacheBytes, freeBytes } from "../../src/model/memory.js";
import { gpt2Of } from "../../src/model/gpt2.js";
import { starcoder2Of } from "../../src/model/starcoder2.js";

/** The geometry of starcoder2-3b. */
const MODEL = starcoder2Of(
  {
    hidden_size: 3_072,
    intermediate_size: 12_288,
    num_attention_heads: 24,
    num_key_value_heads: 2,
    num_hidden_layers: 30,
    vocab_size: 49_152,
    max_position_embeddings: 16_384,
    rope_theta: 1e6,
  },
  "config.json",
);
const HALVES = { matrices: "int8", activations: "float16" } as const;
const SINGLES = { matrices: "int8", activations: "float32" } as const;

describe("memory", () => {
  it("knows what a token's keys and values take", () => {
    expect(cacheBytes(MODEL, HALVES)).toBe(30_720);
    expect(cacheBytes(MODEL, SINGLES)).toBe(61_440);
    const config = { n_embd: 768, n_head: 12, n_layer: 12, n_positions: 1_024, vocab_size: 50_257 };
    expect(cacheBytes(gpt2Of(config, "config.json"), SINGLES)).toBe(73_728);
  });

  it("lets in more rows where more is free and they are shorter, from 1 to 64", () => {
    const sizes = [0, 0.1, 1, 4, 16, 64, 1_000].map((free) =>
      batchSizeFor(MODEL, SINGLES, "decode", 1_024, free * 1e9),
    );
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect([sizes[0], sizes.at(-1)]).toEqual([1, 64]);
    expect(batchSizeFor(MODEL, HALVES, "decode", 1_024, 4e9)).toBeGreaterThan(
      batchSizeFor(MODEL, SINGLES, "decode", 1_024, 4e9),
    );
    expect(batchSizeFor(MODEL, SINGLES, "step", 1_024, 4e9)).toBeGreaterThan(
      batchSizeFor(MODEL, SINGLES, "decode", 1_024, 4e9),
    );
    expect(batchSizeFor(MODEL, SINGLES, "decode", 512, 4e9)).toBeGreaterThan(
      batchSizeFor(MODEL, SINGLES, "decode", 1_024, 4e9),
    );
  });

  it("never plans with more than is free", () => {
    for (const free of [1e9, 3e9, 8e9]) {
      const rows = batchSizeFor(MODEL, SINGLES, "decode", 2_048, free);
      // A step reads one cache and writes another.
      expect(rows * 2_048 * 2 * cacheBytes(MODEL, SINGLES)).toBeLessThan(free);
    }
  });

  it("finds out what is free", () => {
    expect(freeBytes("cpu")).toBeGreaterThan(0);
    expect(freeBytes("cuda")).toBeGreaterThan(0);
  });
});
