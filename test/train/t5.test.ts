import { expect, it } from "vitest";
import { t5Of } from "../../src/model/t5.js";
import { t5 } from "../../src/train/t5.js";

it("a T5 of UL2's configuration has its 20 billion weights; none is held", () => {
  const config = {
    model_type: "t5",
    vocab_size: 32_128,
    d_model: 4_096,
    d_kv: 256,
    d_ff: 16_384,
    num_layers: 32,
    num_heads: 16,
    feed_forward_proj: "gated-gelu",
  };
  const weightsOf = (tied: boolean): number =>
    t5(t5Of({ ...config, tie_word_embeddings: tied }, "config.json"))
      .parameters.map(({ dims }) => dims.reduce((product, dim) => product * dim, 1))
      .reduce((sum, count) => sum + count, 0);
  const attention = 4 * 4_096 * 16 * 256;
  const layers = 32 * (3 * attention + 2 * 3 * 4_096 * 16_384);
  // Two normalisations in a layer of the encoder, three in one of the decoder, one behind each; classes of distances.
  const small = 4_096 * (32 * 5 + 2) + 2 * 32 * 16;
  expect(weightsOf(true)).toBe(layers + small + 32_128 * 4_096);
  expect(weightsOf(false)).toBe(layers + small + 2 * 32_128 * 4_096);
});
