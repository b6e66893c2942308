// What training reads: the files of a corpus, as many as are wanted, those without any of some words left out. Every file
// that was left out is counted by its reason. The rule is the Hugging Face course's (chapter 7.6, codeparrot-ds): a word counts
// wherever it stands in the text, in the middle of another word too.
import type { Corpus } from "../corpus/corpus.js";
import type { CorpusReason } from "../corpus/decode.js";
import type { SourceFile } from "../core/record.js";
import type { ContentOptions } from "../core/run.js";

/** Libraries of which the course's files mention at least one. */
export const DATA_SCIENCE: readonly string[] = ["pandas", "sklearn", "matplotlib", "seaborn"];

export type DropReason = CorpusReason | "no-keyword";

/** What became of the files read so far. */
export interface SourceCounts {
  kept: number;
  readonly dropped: Partial<Record<DropReason, number>>;
}

export interface SourcesOptions {
  /** Draws the order of the files; default 0. */
  readonly seed?: number;
  /** Files to keep at most; default all. */
  readonly files?: number;
  /** Texts of which a file has at least one; default none, which asks for nothing. */
  readonly mentions?: readonly string[];
  /** Where to count; default nowhere. */
  readonly counts?: SourceCounts;
  readonly signal?: AbortSignal;
}

/** What tells the files that are read from others: kept with what is made of them. */
export function contentOf(
  corpus: Corpus,
  { seed = 0, files = Infinity, mentions = [] }: Pick<SourcesOptions, "seed" | "files" | "mentions">,
): ContentOptions {
  return {
    corpus: corpus.identity,
    seed,
    files: Number.isFinite(files) ? files : "all",
    mentions: mentions.join(","),
  };
}

/** Counts to begin with. */
export function noSources(): SourceCounts {
  return { kept: 0, dropped: {} };
}

/** Why a text is left out, or null. */
export function dropOf(text: string, mentions: readonly string[]): DropReason | null {
  return mentions.length === 0 || mentions.some((word) => text.includes(word)) ? null : "no-keyword";
}

/** The files of a corpus in the order that the seed draws. */
export async function* readSources(
  corpus: Corpus,
  { seed = 0, files = Infinity, mentions = [], counts = noSources(), signal }: SourcesOptions = {},
): AsyncGenerator<SourceFile> {
  for await (const item of corpus.files({ seed, ...(signal === undefined ? {} : { signal }) })) {
    // A cast because a reject's reason is any stage's; those of a corpus are its own.
    const reason = "file" in item ? dropOf(item.file.text, mentions) : (item.reject.reason as CorpusReason);
    if (reason !== null) counts.dropped[reason] = (counts.dropped[reason] ?? 0) + 1;
    if (!("file" in item) || reason !== null) continue;
    counts.kept++;
    yield item.file;
    if (counts.kept >= files) return;
  }
}

/** Their texts alone. */
export async function* textsOf(files: AsyncIterable<SourceFile>): AsyncGenerator<string> {
  for await (const { text } of files) yield text;
}
