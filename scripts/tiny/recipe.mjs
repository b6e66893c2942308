// The recipe of the StarCoder2 that comes with the package, trained on the standard library that comes with it too.
import { trainCausalTo } from "selfalign";

const config = {
  architectures: ["Starcoder2ForCausalLM"],
  model_type: "starcoder2",
  hidden_size: 192,
  intermediate_size: 768,
  num_hidden_layers: 6,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  max_position_embeddings: 16_384,
  hidden_act: "gelu_pytorch_tanh",
  norm_epsilon: 1e-5,
  rope_parameters: { rope_theta: 10_000, rope_type: "default" },
  sliding_window: 256,
  tie_word_embeddings: true,
  use_bias: true,
  initializer_range: 0.018042,
  residual_dropout: 0,
  embedding_dropout: 0,
  attention_dropout: 0,
};

/** Trains into `folder`, going on from what lies there. */
export function trainTiny(folder, options = {}) {
  return trainCausalTo("stdlib", folder, {
    config,
    vocabSize: 4_096,
    mentions: [],
    keyWords: [],
    context: 256,
    rows: 8,
    accumulation: 1,
    rate: 2e-3,
    warmup: 200,
    schedule: "cosine",
    validation: 0.04,
    evaluateEvery: 500,
    wholeFiles: true,
    epochs: 3,
    seed: 3407,
    ...options,
  });
}
