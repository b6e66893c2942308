// What is done with many texts at a time, here or in a thread: counting the words that a tokenizer learns from, and
// encoding. Pure functions of texts; both sides of the thread agree on this table.
import { loadTokenizer, type Tokenizer } from "../model/tokenizer.js";
import { foldCase, piecesOf } from "../model/pieces.js";
import { wordPattern, type Digits } from "../model/words.js";

/** How texts are cut for counting: into words, numbers in one of the ways, or into pieces of code without their case. */
export type Cut = Digits | "pieces";

/** What each job is started with, and what it makes of a batch. */
export interface TextJobs {
  readonly count: { readonly options: Cut; readonly result: WordCounts };
  /** Its option is the folder or file of a tokenizer. */
  readonly encode: { readonly options: string; readonly result: EncodedTexts };
}

export type TextJobName = keyof TextJobs;

/** A job with its option. */
export type TextJob = { [Name in TextJobName]: readonly [Name, TextJobs[Name]["options"]] }[TextJobName];

/** The job as a function of a batch of texts. */
export async function openTextJob([name, option]: TextJob): Promise<
  (texts: readonly string[]) => TextJobs[TextJobName]["result"]
> {
  if (name === "count") return (texts) => countWords(texts, option);
  const tokenizer = await loadTokenizer(option);
  return (texts) => encodeTexts(texts, tokenizer);
}

/** Words and how often each is there, one beside the other. */
export interface WordCounts {
  readonly words: readonly string[];
  readonly counts: Float64Array;
}

/** The words or pieces of all texts, cut as a tokenizer cuts them. Special tokens count as text. */
export function countWords(texts: readonly string[], cut: Cut): WordCounts {
  const found = new Map<string, number>();
  const pattern = cut === "pieces" ? null : wordPattern(cut);
  const wordsOf = (text: string) => (pattern === null ? piecesOf(text) : (text.match(pattern) ?? []));
  for (const text of texts) for (const word of wordsOf(text)) found.set(word, (found.get(word) ?? 0) + 1);
  return cut === "pieces" ? countsOf(withoutCase(found)) : countsOf(found);
}

function withoutCase(pieces: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [piece, count] of pieces) {
    const { folded } = foldCase(piece);
    counts.set(folded, (counts.get(folded) ?? 0) + count);
  }
  return counts;
}

function countsOf(found: ReadonlyMap<string, number>): WordCounts {
  return { words: [...found.keys()], counts: Float64Array.from(found.values()) };
}

/** Ids of texts, one text behind the other. */
export interface EncodedTexts {
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Where each text ends in `ids`. */
  readonly ends: readonly number[];
}

/** The texts' ids; special tokens that are written in a text count as its characters. */
export function encodeTexts(texts: readonly string[], tokenizer: Tokenizer): EncodedTexts {
  const rows = texts.map((text) => tokenizer.encode(text, { specialAsText: true }));
  const ids = new Uint32Array(rows.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  const ends = rows.map((row) => {
    ids.set(row, end);
    return (end += row.length);
  });
  return { ids, ends };
}
