// The Unigram model of SentencePiece: of all ways to cut a word into tokens, the one whose scores have the greatest sum.
// Equal to Python's `tokenizers`, in ties too: of two equal ways to a place, that whose last token begins first. Reads no
// file, cuts no text. (@huggingface/tokenizers, which could stand here, puts NFKC in the place of a model's own rules, cuts
// rulers such as "-----" otherwise, and takes longer.)
// Kudo, https://arxiv.org/abs/1804.10959; Kudo and Richardson, https://arxiv.org/abs/1808.06226
import { remembered } from "./remembered.js";

/** A token and its log-probability. Its id is its place in the list; of two with one text, the later counts. */
export type ScoredToken = readonly [token: string, score: number];

export interface UnigramOptions {
  /** Id that stands for characters without a token; several such in a row are one. */
  readonly unknown: number;
  /** Ids that no text is given. Default: none. */
  readonly barred?: ReadonlySet<number>;
}

/** How much less than the rarest token an unknown character counts. */
const UNKNOWN_PENALTY = 10;

/** A function from a word to its ids. */
export function openUnigram(
  tokens: readonly ScoredToken[],
  { unknown, barred = new Set() }: UnigramOptions,
): (word: string) => readonly number[] {
  const scores = Float64Array.from(tokens, ([, score]) => score);
  const penalty = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const { step, idAt } = openTrie(tokens, barred);

  const idsOf = (word: string): readonly number[] => {
    // Of the best way to each place: its sum, its last token, and where that begins.
    const sums = new Float64Array(word.length + 1).fill(-Infinity);
    const ids = new Int32Array(word.length + 1);
    const starts = new Int32Array(word.length + 1);
    const offer = (start: number, end: number, id: number, score: number): void => {
      const sum = score + (sums[start] ?? 0);
      if (sum <= (sums[end] ?? 0)) return;
      sums[end] = sum;
      ids[end] = id;
      starts[end] = start;
    };
    sums[0] = 0;
    for (let start = 0, width = 1; start < word.length; start += width) {
      width = (word.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
      let known = false;
      let prefix = step(EMPTY, word.charCodeAt(start));
      for (let end = start + 1; prefix !== EMPTY; prefix = step(prefix, word.charCodeAt(end++))) {
        const id = idAt(prefix);
        if (id === NO_TOKEN) continue;
        offer(start, end, id, scores[id] ?? 0);
        known ||= end - start === width;
      }
      if (!known) offer(start, start + width, unknown, penalty);
    }
    const found: number[] = [];
    for (let end = word.length; end > 0; end = starts[end] ?? 0) {
      const id = ids[end] ?? unknown;
      if (id !== unknown || found.at(-1) !== unknown) found.push(id);
    }
    return found.reverse();
  };
  return remembered(idsOf);
}

/** The prefix that all others begin with, and what follows a prefix that no token goes on from. */
const EMPTY = 0;
const NO_TOKEN = -1;

interface Trie {
  /** The prefix that is one UTF-16 unit longer; EMPTY where no token begins so, or the unit is none (NaN). */
  readonly step: (prefix: number, unit: number) => number;
  /** Id of the token that a prefix is. */
  readonly idAt: (prefix: number) => number;
}

/** All prefixes of tokens, numbered from 1. A hash table in typed arrays: a map for each prefix takes ten times the memory. */
function openTrie(tokens: readonly ScoredToken[], barred: ReadonlySet<number>): Trie {
  const most = tokens.reduce((sum, [token]) => sum + token.length, 1);
  const mask = 2 ** Math.ceil(Math.log2(2 * most)) - 1;
  const prefixes = new Int32Array(mask + 1);
  const units = new Uint16Array(mask + 1);
  const longer = new Int32Array(mask + 1);
  const ids = new Int32Array(most + 1).fill(NO_TOKEN);
  /** Where the step is, or would be. */
  const slot = (prefix: number, unit: number): number => {
    let at = (Math.imul(prefix, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 7;
    for (at &= mask; longer[at] !== EMPTY; at = (at + 1) & mask)
      if (prefixes[at] === prefix && units[at] === unit) break;
    return at;
  };
  let made = 0;
  for (const [id, [token]] of tokens.entries()) {
    if (barred.has(id)) continue;
    let prefix = EMPTY;
    for (let place = 0; place < token.length; place++) {
      const at = slot(prefix, token.charCodeAt(place));
      if (longer[at] === EMPTY) {
        prefixes[at] = prefix;
        units[at] = token.charCodeAt(place);
        longer[at] = ++made;
      }
      prefix = longer[at] ?? EMPTY;
    }
    ids[prefix] = id;
  }
  return {
    step: (prefix, unit) => (Number.isNaN(unit) ? EMPTY : (longer[slot(prefix, unit)] ?? EMPTY)),
    idAt: (prefix) => ids[prefix] ?? NO_TOKEN,
  };
}
