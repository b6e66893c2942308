// Training a tokenizer: texts in, a byte-level BPE vocabulary out, token for token and merge for merge that of Python's
// `tokenizers` (BpeTrainer over ByteLevel with its whole alphabet) on the same texts and settings. Written as the files that
// transformers, `tokenizers` and our own `loadTokenizer` read.
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { InputError } from "../core/errors.js";
import { writeWhole } from "../core/files.js";
import { startProgress, type Progress } from "../core/progress.js";
import { BYTE_CHARACTERS, type Merge } from "../model/bpe.js";
import type { Digits } from "../model/words.js";
import { learnMerges } from "./merges.js";
import { batched, mapTexts } from "./pool.js";

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
  const found = new Map<string, Merge>();
  const tokens = new Set(first);
  const task = progress.start("tokens", vocabSize, tokens.size);
  let steps = 0;
  for (const merge of learnMerges(frequencies, first, { vocabSize, minFrequency })) {
    // A pair that is found again counts where it was found last.
    const pair = merge.join(" ");
    found.delete(pair);
    found.set(pair, merge);
    const before = tokens.size;
    task.tick(tokens.add(merge.join("")).size - before);
    if (++steps % MERGES_AT_ONCE !== 0) continue;
    await setImmediate();
    options.signal?.throwIfAborted();
  }
  task.end(`${tokens.size}${tokens.size < vocabSize ? "; the texts give no more" : ""}`);
  return {
    tokens: [...tokens],
    merges: [...found.values()],
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
  { workers = availableParallelism(), signal }: TokenizerOptions,
  progress: Progress,
): Promise<{ frequencies: ReadonlyMap<string, number>; count: number }> {
  const task = progress.start("texts", null);
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

/** What a `tokenizer.json` holds, as `tokenizers` writes it. */
export function tokenizerJson({ tokens, merges, special, digits }: TrainedTokenizer): object {
  const words = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const numbers = { type: "Digits", individual_digits: digits === "single" };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...new Set(special)].map((content) => ({
      id: tokens.indexOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: digits === "words" ? words : { type: "Sequence", pretokenizers: [numbers, words] },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** What a `tokenizer_config.json` holds, for transformers. */
export function tokenizerConfig({ special: [end] }: TrainedTokenizer): object {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    add_prefix_space: false,
    clean_up_tokenization_spaces: false,
    bos_token: end,
    eos_token: end,
    pad_token: end,
    unk_token: end,
  };
}

/** Writes both files into a folder, which is made if need be. */
export async function writeTokenizer(trained: TrainedTokenizer, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    "tokenizer_config.json": tokenizerConfig(trained),
    "tokenizer.json": tokenizerJson(trained),
  };
  for (const [name, content] of Object.entries(files))
    await writeWhole(path.join(folder, name), `${JSON.stringify(content)}\n`);
}
