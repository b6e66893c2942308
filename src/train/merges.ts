// What byte-pair encoding learns: which two neighbours are joined first, second and so on. Words with their frequencies come
// in, merges come out one by one, the same that Python's `tokenizers` finds (models/bpe/trainer.rs).
// Sennrich et al., https://arxiv.org/abs/1508.07909. Counts words nowhere and writes nothing.
import { BYTE_CHARACTERS, type Merge } from "../model/bpe.js";
import { openPairs, type Pairs } from "./pairs.js";

export interface MergesOptions {
  /** Tokens that there are to be in the end, those that are there from the start included. */
  readonly vocabSize: number;
  /** A pair that is there less often is not joined. At least 1. */
  readonly minFrequency: number;
}

/**
 * The merges in the order in which they are found, until the vocabulary is full or no pair is frequent enough. `first` are the
 * tokens that are there from the start, every byte's among them; a merge may make one of those once more.
 */
export function* learnMerges(
  frequencies: ReadonlyMap<string, number>,
  first: readonly string[],
  { vocabSize, minFrequency }: MergesOptions,
): Generator<Merge, void> {
  const tokens = [...first];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = layOut(
    frequencies,
    Int32Array.from(BYTE_CHARACTERS, (letter) => ids.get(letter) ?? 0),
  );
  const pairs = openPairs();
  countPairs(words, pairs);
  while (tokens.length < vocabSize) {
    const best = pairs.next();
    if (best === null || best.count < Math.max(1, minFrequency)) return;
    const merge: Merge = [tokens[best.left] ?? "", tokens[best.right] ?? ""];
    const token = merge.join("");
    const made = ids.get(token) ?? tokens.push(token) - 1;
    ids.set(token, made);
    for (const word of best.words) joinIn(words, word, best.left, best.right, made, pairs);
    pairs.settle();
    yield merge;
  }
}

/** Words as ids, one behind the other. */
interface Words {
  readonly symbols: Int32Array;
  /** Where each begins. */
  readonly starts: Float64Array;
  /** Ids that each has left. */
  readonly lengths: Int32Array;
  /** How often each is there. */
  readonly counts: Float64Array;
}

/** Those of at least two bytes; the others have no pair. */
function layOut(frequencies: ReadonlyMap<string, number>, idOfByte: Int32Array): Words {
  let total = 0;
  let size = 0;
  for (const word of frequencies.keys()) {
    const bytes = Buffer.byteLength(word);
    if (bytes < 2) continue;
    total += bytes;
    size++;
  }
  const symbols = new Int32Array(total);
  const [starts, lengths, counts] = [new Float64Array(size), new Int32Array(size), new Float64Array(size)];
  let [word, at] = [0, 0];
  for (const [text, count] of frequencies) {
    const bytes = Buffer.from(text, "utf8");
    if (bytes.length < 2) continue;
    starts[word] = at;
    lengths[word] = bytes.length;
    counts[word++] = count;
    for (const byte of bytes) symbols[at++] = idOfByte[byte] ?? 0;
  }
  return { symbols, starts, lengths, counts };
}

function countPairs({ symbols, starts, lengths, counts }: Words, pairs: Pairs): void {
  for (let word = 0; word < lengths.length; word++) {
    const start = starts[word] ?? 0;
    const count = counts[word] ?? 0;
    const end = start + (lengths[word] ?? 0);
    for (let at = start + 1; at < end; at++) pairs.gain(symbols[at - 1] ?? 0, symbols[at] ?? 0, count, word);
  }
  pairs.settle();
}

/** Joins a pair wherever it stands in a word, from the left, and tells the pairs that come and go. */
function joinIn(
  { symbols, starts, lengths, counts }: Words,
  word: number,
  left: number,
  right: number,
  made: number,
  pairs: Pairs,
): void {
  const start = starts[word] ?? 0;
  const end = start + (lengths[word] ?? 0);
  const count = counts[word] ?? 0;
  let to = start;
  for (let at = start; at < end; at++) {
    const here = symbols[at] ?? 0;
    if (here !== left || at + 1 === end || symbols[at + 1] !== right) {
      symbols[to++] = here;
      continue;
    }
    at++;
    if (to > start) {
      const before = symbols[to - 1] ?? 0;
      pairs.lose(before, left, count);
      pairs.gain(before, made, count, word);
    }
    if (at + 1 < end) {
      const after = symbols[at + 1] ?? 0;
      pairs.lose(right, after, count);
      pairs.gain(made, after, count, word);
    }
    symbols[to++] = made;
  }
  lengths[word] = to - start;
}
