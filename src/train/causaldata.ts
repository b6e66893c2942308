// The data of a causal language model from a corpus to batches, with what became of every file and token on the way: files
// that mention some words, encoded into a store, cut into pieces, split, shuffled, weighed. With `mentions` DATA_SCIENCE,
// `keyWords` KEY_WORDS and the other defaults it is the Hugging Face course's codeparrot-ds (chapter 7.6).
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Corpus } from "../corpus/corpus.js";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import type { Progress } from "../core/progress.js";
import { loadTokenizer } from "../model/tokenizer.js";
import { countedTargets, openBatches, type Batches } from "./batches.js";
import { splitChunks, type ChunkStats, type SplitStats } from "./chunks.js";
import type { TrainingData } from "./data.js";
import type { FilterOptions } from "./filters.js";
import { keyTokensOf } from "./keytokens.js";
import { contentOf, noSources, readSources, type SourceCounts } from "./sources.js";
import { encodeTo, openTokens } from "./tokens.js";

export interface CausalDataOptions extends FilterOptions {
  /** Draws each epoch's order; default 0. */
  readonly seed?: number;
  /** Draws the files and what is kept for validation, which runs that are compared must have in common; default 0. */
  readonly dataSeed?: number;
  /** Files at most; default all. */
  readonly files?: number;
  /** Tokens of a sample; default 128. */
  readonly context?: number;
  /** Samples of a batch; default 32. */
  readonly rows?: number;
  /** Share of the samples for validation at most; default 0.01. */
  readonly share?: number;
  /**
   * Files begin and end with the token that ends texts, and none is cut short, so that a model learns both; default false, the
   * course's way.
   */
  readonly wholeFiles?: boolean;
  /** Words whose samples count for more while training; default none, which weighs all alike. */
  readonly keyWords?: readonly string[];
  /** What key tokens are multiplied with; default 1. */
  readonly alpha?: number;
  /** Threads that encode; default one per processor. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Default nobody. */
  readonly progress?: Progress;
}

export interface DataStats {
  readonly sources: SourceCounts;
  readonly tokens: number;
  /** sha256 of all token ids. */
  readonly digest: string;
  readonly split: SplitStats;
  readonly train: ChunkStats;
  readonly valid: ChunkStats;
  /** Key words that are several tokens, and so count nothing. */
  readonly severalTokens: readonly string[];
}

export interface CausalData {
  readonly train: Batches;
  /** In the order of the files, without weights for key tokens; null where nothing was kept apart. */
  readonly valid: Batches | null;
  readonly stats: DataStats;
  close(): Promise<void>;
}

/**
 * Encodes a corpus into the store `folder` (or takes the one that is there from the same corpus, tokenizer and options) and opens
 * its batches. `tokenizer` is a folder or a tokenizer.json.
 * @throws InputError for a store of something else, and a corpus that fills not one sample.
 */
export async function openCausalData(
  folder: string,
  tokenizer: string,
  corpus: Corpus,
  options: CausalDataOptions = {},
): Promise<CausalData> {
  const { seed = 0, dataSeed = 0, context = 128, rows = 32, share = 0.01, keyWords, alpha = 1 } = options;
  const { wholeFiles: reachBack = false } = options;
  const sources = await encodeCorpus(folder, tokenizer, corpus, options);
  const tokens = await openTokens(folder, tokenizer);
  const { train, valid, stats } = splitChunks(tokens.documents, {
    context,
    share,
    seed: dataSeed,
    reachBack,
  });
  if (train.stats.chunks === 0) {
    await tokens.close();
    throw new InputError(
      `no file of the corpus has ${context} tokens: choose another corpus, or a shorter context`,
    );
  }
  const keys = keyWords === undefined ? null : keyTokensOf(await loadTokenizer(tokenizer), keyWords);
  const weighed = keys === null ? {} : { keyTokens: { ids: keys.ids, alpha } };
  return {
    train: openBatches(tokens, train.starts, { context, rows, seed, ...weighed }),
    valid: valid.stats.chunks === 0 ? null : openBatches(tokens, valid.starts, { context, rows, seed: null }),
    stats: {
      sources,
      tokens: tokens.manifest.tokens,
      digest: tokens.manifest.digest,
      split: stats,
      train: train.stats,
      valid: valid.stats,
      severalTokens: keys?.several ?? [],
    },
    close: () => tokens.close(),
  };
}

/**
 * As the manager of a training run reads it, at `accumulation` batches a step: epoch after epoch without a gap. Batches that are
 * filled up count their real targets.
 */
export function trainingDataOf(
  { train, valid }: Pick<CausalData, "train" | "valid">,
  accumulation = 1,
): TrainingData {
  return {
    batch(step, micro) {
      const at = step * accumulation + micro;
      return train.batch(Math.floor(at / train.count), at % train.count);
    },
    validation: {
      async *[Symbol.asyncIterator]() {
        for (let k = 0; valid !== null && k < valid.count; k++) yield await valid.batch(0, k);
      },
    },
    tokens: countedTargets,
  };
}

const COUNTS = "sources.json";

/** Fills the store; gives the counts of its files, which lie beside it. */
async function encodeCorpus(
  folder: string,
  tokenizer: string,
  corpus: Corpus,
  { dataSeed = 0, ...options }: CausalDataOptions,
): Promise<SourceCounts> {
  const counts = noSources();
  const wanted = { ...options, seed: dataSeed };
  const files = counted(readSources(corpus, { ...wanted, counts }), path.join(folder, COUNTS), counts);
  await mkdir(folder, { recursive: true });
  await encodeTo(folder, files, tokenizer, {
    ...options,
    content: contentOf(corpus, wanted),
    enclosed: options.wholeFiles === true,
  });
  const text = await readFile(path.join(folder, COUNTS), "utf8").catch((error: unknown) => {
    if (isMissing(error)) throw new InputError(`token store ${folder} has no ${COUNTS}: remove it`);
    throw error;
  });
  // A cast because the file is written above alone.
  return JSON.parse(text) as SourceCounts;
}

/** The items; when the last has been read, the counts are written. */
async function* counted<Item>(
  items: AsyncIterable<Item>,
  file: string,
  counts: SourceCounts,
): AsyncGenerator<Item> {
  yield* items;
  await writeWhole(file, `${JSON.stringify(counts)}\n`);
}
