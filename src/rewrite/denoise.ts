// Pairs that teach an encoder-decoder to read and to copy before it learns a task: passages of a corpus with holes go in, whole they
// come out. The corruption is BART's text infilling: spans of words, their lengths drawn from Poisson's distribution, each replaced by
// one mask, also where a span is empty. Source: Lewis et al. 2019, BART, https://arxiv.org/abs/1910.13461 (section 2.2)
import type { Corpus } from "../corpus/corpus.js";
import { uniforms } from "../core/random.js";
import type { RewritePair } from "./pairs.js";

export interface DenoisingOptions {
  /** Share of the files whose passages are kept for validation; default 0.02. */
  readonly validation?: number;
  /** Draws holes and split; default 0. */
  readonly seed?: number;
}

export interface DenoisingPairs {
  /** By file: no file is on both sides. */
  readonly training: readonly RewritePair[];
  readonly validation: readonly RewritePair[];
}

export const MASK = "<mask>";

/** Fewest and most words of a passage. */
const WORDS = [6, 32] as const;
/** Share of a passage's words that are masked, and the mean length of a span: BART's. */
const MASKED = 0.3;
const SPAN = 3;

/** Makes the pairs of a corpus, the same for the same seed; a passage that comes again is left out. Holds all of them in memory. */
export async function denoisingPairs(
  corpus: Pick<Corpus, "files">,
  { validation = 0.02, seed = 0 }: DenoisingOptions = {},
): Promise<DenoisingPairs> {
  const pairs = { training: [] as RewritePair[], validation: [] as RewritePair[] };
  const seen = new Set<string>();
  for await (const item of corpus.files({ seed })) {
    if (!("file" in item)) continue;
    const { key, path, text } = item.file;
    const side = uniforms(seed, `split ${key}`)() < validation ? pairs.validation : pairs.training;
    const next = uniforms(seed, `holes ${key}`);
    for (const [at, target] of passagesOf(text).entries()) {
      if (seen.has(target)) continue;
      seen.add(target);
      side.push({ id: `${path}#${at}`, source: infilled(target, next), target });
    }
  }
  return pairs;
}

/** Paragraphs of a file, docstrings and code alike, on one line each and cut to the most words. */
export function passagesOf(text: string): readonly string[] {
  return text.split(/\n[ \t]*\n/).flatMap((paragraph) => {
    const words = paragraph.split(/\s+/).filter((word) => word !== "");
    const count = Math.ceil(words.length / WORDS[1]);
    return Array.from({ length: count }, (_, at) => words.slice(at * WORDS[1], (at + 1) * WORDS[1]))
      .filter((some) => some.length >= WORDS[0])
      .map((some) => some.join(" "));
  });
}

/** The passage with holes: spans of words that don't touch, until so many words are masked. */
export function infilled(passage: string, next: () => number): string {
  const words = passage.split(" ");
  const wanted = Math.round(MASKED * words.length);
  const masked = new Set<number>();
  const empty = new Set<number>();
  const free = (at: number): boolean => at >= 0 && at < words.length && !masked.has(at);
  // Few places are left in short passages: a span that meets another one is drawn again, not for ever.
  for (let tries = 0; masked.size < wanted && tries < 10 * wanted; tries++) {
    const length = Math.min(poisson(SPAN, next), wanted - masked.size);
    const from = Math.floor(next() * (words.length - Math.max(length, 1) + 1));
    const span = Array.from({ length }, (_, at) => from + at);
    if (![from - 1, ...span, from + length].every((at) => !masked.has(at))) continue;
    if (length === 0) empty.add(from);
    else for (const at of span) masked.add(at);
  }
  return words
    .flatMap((word, at) => [
      ...(empty.has(at) && free(at) && free(at - 1) ? [MASK] : []),
      ...(masked.has(at) ? (masked.has(at - 1) ? [] : [MASK]) : [word]),
    ])
    .join(" ");
}

/** Knuth's way: how many draws it takes until their product is below e**-mean, less one. */
function poisson(mean: number, next: () => number): number {
  const limit = Math.exp(-mean);
  let [count, product] = [0, next()];
  for (; product > limit; count++) product *= next();
  return count;
}
