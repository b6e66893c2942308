// Training a tokenizer: texts in, a byte-level BPE vocabulary out, token for token and merge for merge that of Python's
// `tokenizers` (BpeTrainer over ByteLevel with its whole alphabet) on the same texts and settings.
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import type { Corpus } from "../corpus/corpus.js";
import { openCorpus, type CorpusOptions } from "../corpus/open.js";
import { InputError } from "../core/errors.js";
import { startProgress, type Draw, type Progress } from "../core/progress.js";
import { BYTE_CHARACTERS, type Merge } from "../model/bpe.js";
import type { Digits } from "../model/words.js";
import { learnMerges } from "./merges.js";
import { batched, mapTexts } from "./pool.js";
import { noSources, readSources, textsOf, type SourceCounts, type SourcesOptions } from "./sources.js";
import { writeTokenizer } from "./tokenizerfile.js";

export interface TokenizerOptions {
  /** Tokens in the end, special ones and the 256 bytes included; fewer where the texts give no more. Default 52,000, as the Hugging Face course's. */
  readonly vocabSize?: number;
  /** A pair that is there less often makes no token; default 2. */
  readonly minFrequency?: number;
  /** Get the first ids; the first of them begins, ends and pads texts. Default `<|endoftext|>`. */
  readonly special?: readonly string[];
  /** How numbers are cut: "words" as GPT-2 does (the default), "single" as StarCoder2. */
  readonly digits?: Digits;
  /** Threads that count words; default one per processor. */
  readonly workers?: number;
  /** Number of texts, for the display; default unknown. */
  readonly expected?: number | null;
  readonly signal?: AbortSignal;
  /** Hears how far it has come; default nobody. */
  readonly progress?: Progress;
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

/** Characters that are counted at once. */
const BATCH = 2 ** 22;
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
  const { frequencies, count } = await frequenciesOf(texts, digits, options, progress);
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

/** How often each word is there, and the number of texts. */
async function frequenciesOf(
  texts: AsyncIterable<string>,
  digits: Digits,
  { workers = availableParallelism(), expected = null, signal }: TokenizerOptions,
  progress: Progress,
): Promise<{ frequencies: ReadonlyMap<string, number>; count: number }> {
  const task = progress.start("texts", expected);
  let count = 0;
  const counted = async function* (): AsyncGenerator<string> {
    for await (const text of texts) {
      signal?.throwIfAborted();
      count++;
      task.tick();
      yield text;
    }
  };
  const frequencies = new Map<string, number>();
  for await (const { words, counts } of mapTexts(batched(counted(), BATCH), "count", digits, workers)) {
    for (const [at, word] of words.entries()) {
      const before = frequencies.get(word);
      // A word cut out of a text keeps all of that text in memory; through bytes and back it stands alone.
      const own = before === undefined ? Buffer.from(word, "utf8").toString("utf8") : word;
      frequencies.set(own, (before ?? frequencies.get(own) ?? 0) + (counts[at] ?? 0));
    }
  }
  task.end(`${count} read, ${frequencies.size} different words`);
  return { frequencies, count };
}

export interface TokenizerToOptions
  extends
    Omit<TokenizerOptions, "progress" | "expected">,
    Pick<SourcesOptions, "seed" | "files" | "mentions"> {
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw;
  /** Where tokens and addresses of networks are looked up. */
  readonly env?: CorpusOptions["env"];
}

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
  { draw, env, ...options }: TokenizerToOptions = {},
): Promise<TokenizerSummary> {
  const progress = startProgress(draw === undefined ? {} : { draw });
  try {
    const corpus = await openCorpus(spec, {
      onNotice: (text) => progress.say(text),
      ...(env === undefined ? {} : { env }),
    });
    return await learnTokenizer(corpus, folder, { ...options, progress });
  } finally {
    progress.close();
  }
}

/** The same from a corpus that is open. */
export async function learnTokenizer(
  corpus: Corpus,
  folder: string,
  options: Omit<TokenizerToOptions, "draw" | "env"> & Required<Pick<TokenizerOptions, "progress">>,
): Promise<TokenizerSummary> {
  const { files = Infinity, mentions = [] } = options;
  const counts = noSources();
  const sources = readSources(corpus, { ...options, counts });
  const count = await corpus.count();
  const expected = mentions.length === 0 && count !== null ? Math.min(count, files) : null;
  const trained = await trainTokenizer(textsOf(sources), { ...options, expected });
  if (counts.kept === 0)
    throw new InputError(
      `corpus "${corpus.name}" has no text to learn from: choose another, or ask for less`,
    );
  await writeTokenizer(trained, folder);
  return {
    tokens: trained.tokens.length,
    merges: trained.merges.length,
    words: trained.words,
    sources: counts,
  };
}
