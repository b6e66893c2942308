// Recipes for causal models: what the model is, as Hugging Face's config.json says it, and how it is trained. Each figure can
// be given otherwise. `codeparrot-ds` is the Hugging Face course's (chapter 7.6) with a vocabulary of 50,000:
// https://huggingface.co/learn/llm-course/chapter7/6
import { InputError } from "../core/errors.js";
import type { ScheduleName } from "../grad/schedule.js";
import { KEY_WORDS } from "./keytokens.js";
import { DATA_SCIENCE } from "./filters.js";

export interface Preset {
  /** Of config.json, all but the vocabulary and its special tokens, which are the tokenizer's. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tokens of a tokenizer that is trained for the model. */
  readonly vocabSize: number;
  /** Texts of which a file must have at least one; none asks for nothing. */
  readonly mentions: readonly string[];
  /** Words whose tokens make a sample count for more; none weighs all alike. */
  readonly keyWords: readonly string[];
  /** Tokens of a sample. */
  readonly context: number;
  /** Samples of a batch, and batches of a step. */
  readonly rows: number;
  readonly accumulation: number;
  /** Highest learning rate, the steps until it is reached, and what it does then. */
  readonly rate: number;
  readonly warmup: number;
  readonly schedule: ScheduleName;
  /** Share of the samples that is kept for validation, at most. */
  readonly validation: number;
  /** Files begin and end with the token that ends texts, and none is cut short. */
  readonly wholeFiles: boolean;
  /** Steps between two evaluations and between two checkpoints. */
  readonly evaluateEvery: number;
}

const GPT2 = {
  architectures: ["GPT2LMHeadModel"],
  model_type: "gpt2",
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
};
const dropout = (share: number): object => ({ attn_pdrop: share, embd_pdrop: share, resid_pdrop: share });

const SMALL = {
  mentions: [],
  keyWords: [],
  accumulation: 1,
  validation: 0.03,
  schedule: "cosine",
  wholeFiles: true,
} as const;

export const PRESETS = {
  /** About a million parameters: something to look at after two minutes on two cores. */
  tiny: {
    ...SMALL,
    config: { ...GPT2, ...dropout(0), n_positions: 256, n_embd: 128, n_layer: 3, n_head: 4 },
    vocabSize: 2_048,
    context: 128,
    rows: 16,
    rate: 2e-3,
    warmup: 50,
    evaluateEvery: 50,
  },
  /** About five million: writes lines that look like Python after some hours on a laptop. */
  laptop: {
    ...SMALL,
    config: { ...GPT2, ...dropout(0), n_positions: 512, n_embd: 256, n_layer: 4, n_head: 4 },
    vocabSize: 8_192,
    context: 128,
    rows: 32,
    rate: 1e-3,
    warmup: 200,
    evaluateEvery: 200,
  },
  /** 124.2 million parameters, the size of GPT-2; wants a GPU, or days. */
  "codeparrot-ds": {
    config: { ...GPT2, ...dropout(0.1), n_positions: 1_024, n_embd: 768, n_layer: 12, n_head: 12 },
    vocabSize: 50_000,
    mentions: DATA_SCIENCE,
    keyWords: KEY_WORDS,
    context: 128,
    rows: 32,
    accumulation: 8,
    rate: 5e-4,
    warmup: 1_000,
    schedule: "cosine",
    validation: 0.005,
    wholeFiles: false,
    evaluateEvery: 5_000,
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

/** The preset of this name. @throws InputError where there is none. */
export function presetOf(name: string): Preset {
  const found = Object.entries(PRESETS).find(([known]) => known === name)?.[1];
  if (found !== undefined) return found;
  throw new InputError(`preset "${name}" does not exist: choose from ${Object.keys(PRESETS).join(", ")}`);
}
