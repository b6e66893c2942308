// Tokenizers side by side on the files of one corpus: each file is read once and encoded by all of them. What goes out are
// records for a table and for charts (report/tokens.ts).
import { loadTokenizer, type Tokenizer } from "../model/tokenizer.js";
import { addWords } from "../train/frequencies.js";
import { countWords } from "../train/texts.js";
import { withCorpus, type CorpusUseOptions } from "../train/reading.js";
import { noSources, readSources, textsOf, type SourceCounts, type SourcesOptions } from "../train/sources.js";
import {
  frequentTokens,
  lengthStats,
  rankCurve,
  rareTail,
  type FileLength,
  type LengthStats,
  type RankPoint,
  type RareTail,
  type TokenCount,
} from "./analysis.js";
import { vocabularyCurve, type CurvePoint } from "./vocabulary.js";

/** A tokenizer on the corpus. */
export interface TokenizerReport {
  readonly name: string;
  readonly vocabulary: number;
  readonly lengths: LengthStats;
  readonly rare: RareTail;
  readonly ranks: readonly RankPoint[];
  /** The most frequent tokens, as the vocabulary writes them. */
  readonly frequent: readonly TokenCount[];
}

export interface TokenizerComparison {
  readonly tokenizers: readonly TokenizerReport[];
  /** Vocabularies of code pieces that these files would give. */
  readonly curve: readonly CurvePoint[];
  readonly sources: SourceCounts;
}

export interface CompareTokenizersOptions extends Omit<SourcesOptions, "counts">, CorpusUseOptions {}

/** Compares tokenizers, by name the folder of each, on the corpus named `spec`. @throws InputError for what can't be opened. */
export async function compareTokenizers(
  spec: string,
  folders: Readonly<Record<string, string>>,
  options: CompareTokenizersOptions = {},
): Promise<TokenizerComparison> {
  const readers = await Promise.all(
    Object.entries(folders).map(async ([name, folder]) => openReader(name, await loadTokenizer(folder))),
  );
  return withCorpus(spec, options, async (corpus, progress) => {
    const sources = noSources();
    const frequencies = new Map<string, number>();
    const task = progress.start("texts", null);
    for await (const text of textsOf(readSources(corpus, { ...options, counts: sources }))) {
      for (const { read } of readers) read(text);
      addWords(frequencies, countWords([text], "pieces"));
      task.tick();
    }
    task.end(`${sources.kept} read`);
    return {
      tokenizers: readers.map(({ report }) => report()),
      curve: vocabularyCurve(frequencies),
      sources,
    };
  });
}

function openReader(
  name: string,
  tokenizer: Tokenizer,
): { readonly read: (text: string) => void; readonly report: () => TokenizerReport } {
  const counts = new Float64Array(tokenizer.vocabSize);
  const files: FileLength[] = [];
  return {
    read(text) {
      const ids = tokenizer.encode(text, { specialAsText: true });
      for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
      files.push({ bytes: Buffer.byteLength(text), tokens: ids.length });
    },
    report: () => ({
      name,
      vocabulary: tokenizer.vocabSize,
      lengths: lengthStats(files),
      rare: rareTail(counts),
      ranks: rankCurve(counts),
      frequent: frequentTokens(counts, tokenizer.tokenOf),
    }),
  };
}
