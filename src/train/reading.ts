// From the name of a corpus to something that is made of it, with progress drawn; and to what is learned of its texts, with files
// counted on the way.
import type { Corpus } from "../corpus/corpus.js";
import { openCorpus, type CorpusOptions } from "../corpus/open.js";
import { InputError } from "../core/errors.js";
import { startProgress, type Draw, type Progress } from "../core/progress.js";
import { noSources, readSources, textsOf, type SourceCounts, type SourcesOptions } from "./sources.js";

export interface CorpusUseOptions {
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw | undefined;
  /** Where tokens and addresses of networks are looked up. */
  readonly env?: CorpusOptions["env"] | undefined;
}

/** What `use` makes of the corpus named `spec`. @throws InputError for an unknown corpus. */
export async function withCorpus<Made>(
  spec: string,
  { draw, env }: CorpusUseOptions,
  use: (corpus: Corpus, progress: Progress) => Promise<Made>,
): Promise<Made> {
  const progress = startProgress(draw === undefined ? {} : { draw });
  try {
    const corpus = await openCorpus(spec, {
      onNotice: (text) => progress.say(text),
      ...(env === undefined ? {} : { env }),
    });
    return await use(corpus, progress);
  } finally {
    progress.close();
  }
}

/** What was learned, and what became of the files. */
export interface Learned<Made> {
  readonly made: Made;
  readonly sources: SourceCounts;
}

/**
 * What `learn` makes of a corpus's texts; `expected` is their number where it is known.
 * @throws InputError where no file is left to learn from.
 */
export async function learnFrom<Made>(
  corpus: Corpus,
  options: Omit<SourcesOptions, "counts">,
  learn: (texts: AsyncIterable<string>, expected: number | null) => Promise<Made>,
): Promise<Learned<Made>> {
  const { files = Infinity, mentions = [], scripts = false, unique = false, format = false } = options;
  const counts = noSources();
  const count = await corpus.count();
  const takesAll = mentions.length === 0 && !scripts && !unique && !format;
  const expected = takesAll && count !== null ? Math.min(count, files) : null;
  const made = await learn(textsOf(readSources(corpus, { ...options, counts })), expected);
  if (counts.kept === 0)
    throw new InputError(
      `corpus "${corpus.name}" has no text to learn from: choose another, or ask for less`,
    );
  return { made, sources: counts };
}
