// Training the tokenizer of code pieces: texts in, a vocabulary of the frequent pieces out, as a folder that `loadTokenizer` opens
// like any other. How texts are cut and encoded stands in model/pieces.ts and model/piecesfile.ts.
import { InputError } from "../core/errors.js";
import { firstTokens, piecesJson, tokenOfPiece } from "../model/piecesfile.js";
import { frequenciesOf, type FrequencyOptions } from "../train/frequencies.js";
import { learnFrom, withCorpus, type CorpusUseOptions } from "../train/reading.js";
import type { SourceCounts, SourcesOptions } from "../train/sources.js";
import { tokenizerConfig, writeTokenizerFiles } from "../train/tokenizerfile.js";
import { frequentPieces } from "./vocabulary.js";

/** What our readers go by is in tokenizer.json; the name only tells others that it is none of theirs. */
const CLASS = "SelfalignCodePieces";

export interface CodeTokenizerOptions extends FrequencyOptions {
  /** A piece that is there less often is spelled in bytes; default 10. */
  readonly minFrequency?: number;
  /** Tokens at most, special ones, bytes and marks of case included; default as many as are frequent enough. */
  readonly vocabSize?: number;
  /** Get the first ids; the first of them begins, ends and pads texts. Default `<|endoftext|>`. */
  readonly special?: readonly string[];
}

export interface CodeTokenizer {
  /** By their ids. */
  readonly tokens: readonly string[];
  readonly special: readonly string[];
  /** What it was trained on: texts, and different pieces in them. */
  readonly texts: number;
  readonly pieces: number;
}

/**
 * Learns a vocabulary of code pieces from texts. Lone surrogates count as U+FFFD.
 * @throws InputError for a vocabulary that has no room for its bytes, and special tokens that are none.
 */
export async function trainCodeTokenizer(
  texts: AsyncIterable<string>,
  options: CodeTokenizerOptions = {},
): Promise<CodeTokenizer> {
  const { minFrequency = 10, vocabSize = Infinity, special = ["<|endoftext|>"] } = options;
  if (special.length === 0 || special.includes(""))
    throw new InputError("special tokens must not be empty; name at least one, e.g. <|endoftext|>");
  const first = firstTokens(special);
  if (Number.isNaN(vocabSize) || vocabSize < first.length)
    throw new InputError(
      `vocabulary size ${vocabSize} is too small: choose at least ${first.length}, for bytes, marks and special tokens`,
    );
  const { frequencies, count } = await frequenciesOf(texts, "pieces", options);
  const known = new Set(first);
  const pieces = frequentPieces(frequencies, minFrequency)
    .map(({ piece }) => tokenOfPiece(piece))
    .filter((token) => !known.has(token))
    .slice(0, vocabSize - first.length);
  return { tokens: [...first, ...pieces], special, texts: count, pieces: frequencies.size };
}

/** Writes it into a folder, which is made if need be. */
export async function writeCodeTokenizer({ tokens, special }: CodeTokenizer, folder: string): Promise<void> {
  await writeTokenizerFiles(folder, piecesJson(tokens, special), tokenizerConfig({ special }, CLASS));
}

export interface CodeTokenizerToOptions
  extends
    Omit<CodeTokenizerOptions, "progress" | "expected">,
    Omit<SourcesOptions, "counts" | "signal">,
    CorpusUseOptions {}

/** What was learned from what. */
export interface CodeTokenizerSummary {
  readonly tokens: number;
  /** Different pieces, most of which are rare. */
  readonly pieces: number;
  readonly sources: SourceCounts;
}

/**
 * Learns a tokenizer of code pieces from the corpus named `spec` and writes it into a folder.
 * @throws InputError for an unknown or empty corpus, and as `trainCodeTokenizer` does.
 */
export async function trainCodeTokenizerTo(
  spec: string,
  folder: string,
  options: CodeTokenizerToOptions = {},
): Promise<CodeTokenizerSummary> {
  return withCorpus(spec, options, async (corpus, progress) => {
    const { made, sources } = await learnFrom(corpus, options, (texts, expected) =>
      trainCodeTokenizer(texts, { ...options, expected, progress }),
    );
    await writeCodeTokenizer(made, folder);
    return { tokens: made.tokens.length, pieces: made.pieces, sources };
  });
}
