// What training reads: the files of a corpus, as many as are wanted, through the filters. Every file that was left out is counted
// by its reason.
import type { Corpus } from "../corpus/corpus.js";
import type { CorpusReason } from "../corpus/decode.js";
import type { SourceFile } from "../core/record.js";
import type { ContentOptions } from "../core/run.js";
import { loadGrammar } from "../python/syntax.js";
import { openFilter, type DropReason, type Filtered, type FilterOptions } from "./filters.js";

/** What became of the files read so far. */
export interface SourceCounts {
  kept: number;
  readonly dropped: Partial<Record<DropReason, number>>;
  /** Of those kept, those that don't parse and so kept what was to be taken out. */
  unparsed: number;
}

export interface SourcesOptions extends FilterOptions {
  /** Draws the order of the files; default 0. */
  readonly seed?: number;
  /** Files to keep at most; default all. */
  readonly files?: number;
  /** Where to count; default nowhere. */
  readonly counts?: SourceCounts;
  readonly signal?: AbortSignal;
}

/** What tells the files that are read from others: kept with what is made of them. Rules that are off are not named. */
export function contentOf(
  corpus: Corpus,
  { seed = 0, files = Infinity, mentions = [], ...rules }: Omit<SourcesOptions, "counts" | "signal">,
): ContentOptions {
  const { scripts = false, unique = false, format = false, without = [] } = rules;
  return {
    corpus: corpus.identity,
    seed,
    files: Number.isFinite(files) ? files : "all",
    mentions: mentions.join(","),
    ...(scripts ? { scripts } : {}),
    ...(unique ? { unique } : {}),
    ...(format ? { format } : {}),
    ...(without.length === 0 ? {} : { without: [...without].sort().join(",") }),
  };
}

/** Counts to begin with. */
export function noSources(): SourceCounts {
  return { kept: 0, dropped: {}, unparsed: 0 };
}

/** The files of a corpus in the order that the seed draws. */
export async function* readSources(
  corpus: Corpus,
  { seed = 0, files = Infinity, counts = noSources(), signal, ...rules }: SourcesOptions = {},
): AsyncGenerator<SourceFile> {
  if ((rules.without ?? []).length > 0) await loadGrammar();
  const filter = openFilter(rules);
  for await (const item of corpus.files({ seed, ...(signal === undefined ? {} : { signal }) })) {
    // A cast because a reject's reason is any stage's; those of a corpus are its own.
    const found: Filtered =
      "file" in item ? filter(item.file) : { reason: item.reject.reason as CorpusReason };
    if ("reason" in found) counts.dropped[found.reason] = (counts.dropped[found.reason] ?? 0) + 1;
    if (!("file" in item) || "reason" in found) continue;
    counts.kept++;
    if (!found.parsed) counts.unparsed++;
    yield { ...item.file, text: found.text };
    if (counts.kept >= files) return;
  }
}

/** Their texts alone. */
export async function* textsOf(files: AsyncIterable<SourceFile>): AsyncGenerator<string> {
  for await (const { text } of files) yield text;
}
