// Training a tokenizer: texts in, a byte-level BPE vocabulary out, token for token and merge for merge that of Python's
// `tokenizers` (BpeTrainer over ByteLevel with its whole alphabet) on the same texts and settings.
import { setImmediate } from "node:timers/promises";
import type { Corpus } from "../corpus/corpus.js";
import { InputError } from "../core/errors.js";
import { startProgress } from "../core/progress.js";
import { BYTE_CHARACTERS, type Merge } from "../model/bpe.js";
import type { Digits } from "../model/words.js";
import { frequenciesOf, type FrequencyOptions } from "./frequencies.js";
import { learnMerges } from "./merges.js";
import { learnFrom, withCorpus, type CorpusUseOptions } from "./reading.js";
import type { SourceCounts, SourcesOptions } from "./sources.js";
import { writeTokenizer } from "./tokenizerfile.js";

export interface TokenizerOptions extends FrequencyOptions {
  /**
   * Tokens in the end, special ones and the 256 bytes included; fewer where the texts give no more. Default 52,000, as the
   * Hugging Face course's.
   */
  readonly vocabSize?: number;
  /** A pair that is there less often makes no token; default 2. */
  readonly minFrequency?: number;
  /** Get the first ids; the first of them begins, ends and pads texts. Default `<|endoftext|>`. */
  readonly special?: readonly string[];
  /** How numbers are cut: "words" as GPT-2 does (the default), "single" as StarCoder2. */
  readonly digits?: Digits;
}

export interface TrainedTokenizer {
  /** By their ids. */
  readonly tokens: readonly string[];
  readonly merges: readonly Merge[];
  readonly special: readonly string[];
  readonly digits: Digits;
  /** What it was trained on. */
  readonly texts: number;
  readonly words: number;
}

/** Merges between two looks at the signal. */
const MERGES_AT_ONCE = 100;

/**
 * Learns a tokenizer from texts; what is in memory are the different words, not the texts. Lone surrogates count as U+FFFD.
 * @throws InputError for a vocabulary that has no room for its bytes, or special tokens that are none.
 */
export async function trainTokenizer(
  texts: AsyncIterable<string>,
  options: TokenizerOptions = {},
): Promise<TrainedTokenizer> {
  const { vocabSize = 52_000, minFrequency = 2, special = ["<|endoftext|>"], digits = "words" } = options;
  const { progress = startProgress() } = options;
  const first = firstTokens(special);
  if (!Number.isSafeInteger(vocabSize) || vocabSize < first.length)
    throw new InputError(
      `vocabulary size ${vocabSize} is too small: choose at least ${first.length}, for the bytes and special tokens`,
    );
  const { frequencies, count } = await frequenciesOf(texts, digits, options);
  const merges: Merge[] = [];
  const tokens = new Set(first);
  const task = progress.start("tokens", vocabSize, tokens.size);
  for (const merge of learnMerges(frequencies, first, { vocabSize, minFrequency })) {
    merges.push(merge);
    const before = tokens.size;
    task.tick(tokens.add(merge.join("")).size - before);
    if (merges.length % MERGES_AT_ONCE !== 0) continue;
    await setImmediate();
    options.signal?.throwIfAborted();
  }
  task.end(`${tokens.size}${tokens.size < vocabSize ? "; the texts give no more" : ""}`);
  return {
    tokens: [...tokens],
    merges,
    special,
    digits,
    texts: count,
    words: frequencies.size,
  };
}

/** The special tokens, then the bytes in the order of their characters; what is there twice counts once. */
function firstTokens(special: readonly string[]): readonly string[] {
  const empty = special.findIndex((token) => token === "");
  if (empty >= 0 || special.length === 0)
    throw new InputError("special tokens must not be empty; name at least one, e.g. <|endoftext|>");
  return [...new Set([...special, ...[...BYTE_CHARACTERS].sort()])];
}

export interface TokenizerToOptions
  extends
    Omit<TokenizerOptions, "progress" | "expected">,
    Omit<SourcesOptions, "counts" | "signal">,
    CorpusUseOptions {}

/** What was learned from what. */
export interface TokenizerSummary {
  readonly tokens: number;
  readonly merges: number;
  readonly words: number;
  readonly sources: SourceCounts;
}

/**
 * Learns a tokenizer from the corpus named `spec` and writes it into a folder, as `loadTokenizer` and transformers take it.
 * @throws InputError for an unknown or empty corpus, and as `trainTokenizer` does.
 */
export async function trainTokenizerTo(
  spec: string,
  folder: string,
  options: TokenizerToOptions = {},
): Promise<TokenizerSummary> {
  return withCorpus(spec, options, (corpus, progress) =>
    learnTokenizer(corpus, folder, { ...options, progress }),
  );
}

/** The same from a corpus that is open. */
export async function learnTokenizer(
  corpus: Corpus,
  folder: string,
  options: Omit<TokenizerToOptions, "draw" | "env"> & Required<Pick<TokenizerOptions, "progress">>,
): Promise<TokenizerSummary> {
  const { made, sources } = await learnFrom(corpus, options, (texts, expected) =>
    trainTokenizer(texts, { ...options, expected }),
  );
  await writeTokenizer(made, folder);
  return { tokens: made.tokens.length, merges: made.merges.length, words: made.words, sources };
}
