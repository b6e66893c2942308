// What of a function can be recognised elsewhere, as 32-bit hashes: runs of its tokens, the same with its names left
// open, and runs of the words of its description. A name left open counts only by how far back it was last seen, so that
// a function under other names gives the same hashes wherever it stands. What is shorter than a run counts as a whole.
// Source of the encoding by distances: B. S. Baker, "A Theory of Parameterized Pattern Matching", STOC 1993.
import { codeTokens, type CodeToken } from "./lexer.js";
import { scrambled } from "./shingles.js";

/** Tokens per run of code as written, tokens per run with names left open, words per run of a description. */
export const WIDTHS = { code: 10, open: 15, words: 5 } as const;

/** Words that a description shorter than a run must have to count as a whole. */
const MIN_WORDS = 3;

/** A function and what it says about itself; either may be empty. */
export interface Described {
  readonly code: string;
  /** Docstring, task or instruction. */
  readonly docstring: string | null;
}

/** Hashes without repetition, by how they came about. */
export interface Prints {
  readonly code: ReadonlySet<number>;
  /** With names left open; also of each outermost function that is shorter than a run. */
  readonly open: ReadonlySet<number>;
  /** Also of the description, or its first sentence, where that is shorter than a run. */
  readonly words: ReadonlySet<number>;
}

export const PRINT_KINDS = ["code", "open", "words"] as const;

/** Prints of a function. */
export function printsOf({ code, docstring }: Described): Prints {
  const tokens = codeTokens(code);
  const read = { hashes: tokens.map(({ text }) => textHash(text)), back: stepsBack(tokens) };
  const open = openRuns(read, 0, tokens.length, WIDTHS.open);
  for (const [start, end] of functionsIn(tokens)) {
    if (end - start >= WIDTHS.open) continue;
    for (const whole of openRuns(read, start, end, end - start)) open.add(whole);
  }
  return { code: runs(read.hashes, WIDTHS.code), open, words: wordRuns(docstring ?? "") };
}

function wordRuns(description: string): Set<number> {
  const found = runs(wordsOf(description).map(textHash), WIDTHS.words);
  for (const part of [description, description.split(/\n[ \t]*\n|(?<=\.)\s/)[0] ?? ""]) {
    const words = wordsOf(part).map(textHash);
    if (words.length >= MIN_WORDS && words.length < WIDTHS.words) found.add(mixed(words, 0, words.length));
  }
  return found;
}

const OPENING = /^\W*write an? (?:python )?(?:function|program|code)\s+(?:to|that|which|for)\b/i;

/** Words in lower case, without the opening that every task has and without the examples at the end. */
function wordsOf(description: string): string[] {
  const prose = description.split(/^[ \t]*>>>/m)[0] ?? "";
  return (
    prose
      .replace(OPENING, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** Start and end of each outermost `def`, decorators left out. */
function functionsIn(tokens: readonly CodeToken[]): (readonly [number, number])[] {
  const starts = tokens.flatMap(({ outermost }, at) => (outermost ? [at] : []));
  return starts
    .map((start, at) => [start, starts[at + 1] ?? tokens.length] as const)
    .filter(([start]) => tokens[start]?.text === "def" || tokens[start]?.text === "async");
}

function runs(hashes: readonly number[], width: number): Set<number> {
  const found = new Set<number>();
  for (let at = 0; at + width <= hashes.length; at++) found.add(mixed(hashes, at, at + width));
  return found;
}

/** Tokens as numbers. */
interface Read {
  readonly hashes: readonly number[];
  /** How many tokens ago a name that is left open stood last, 0 for never, -1 for a token that isn't left open. */
  readonly back: Int32Array;
}

function openRuns({ hashes, back }: Read, from: number, to: number, width: number): Set<number> {
  const found = new Set<number>();
  const run = new Array<number>(width);
  for (let start = from; start + width <= to; start++) {
    for (let at = 0; at < width; at++) {
      const steps = back[start + at] ?? 0;
      run[at] = steps < 0 ? (hashes[start + at] ?? 0) : steps <= at ? steps : 0;
    }
    found.add(mixed(run, 0, width));
  }
  return found;
}

function stepsBack(tokens: readonly CodeToken[]): Int32Array {
  const places = new Map<string, number>();
  return Int32Array.from(tokens, ({ text, renameable }, at) => {
    if (!renameable) return -1;
    const last = places.get(text) ?? at;
    places.set(text, at);
    return at - last;
  });
}

function mixed(hashes: readonly number[], start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (hashes[at] ?? 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return scrambled(hash);
}

/** FNV-1a over UTF-16 units. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return scrambled(hash);
}
