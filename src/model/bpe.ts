// Byte-level byte-pair encoding: the ids of a word, once vocabulary and merges are known. A word is bytes, and neighbours
// are joined in the order of the merges until none is left. Equal to Python's `tokenizers`, whose Rust is the reference.
// Reads no file, cuts no text and knows no special token.
// Sennrich et al., https://arxiv.org/abs/1508.07909; over bytes: Radford et al., "Language Models are Unsupervised Multitask Learners".

import { remembered } from "./remembered.js";

/** The character that stands for each byte in vocabularies: itself where it can be seen, else one from U+0100 on. */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

const BYTES: ReadonlyMap<string, number> = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte]),
);

function byteCharacters(): string[] {
  let unseen = 0;
  const seen = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(seen(byte) ? byte : 256 + unseen++));
}

/** The bytes of a token; one that is not written in those characters stands for its own text. */
export function tokenBytes(token: string): Uint8Array {
  const bytes = Array.from(token, (character) => BYTES.get(character));
  const known = bytes.filter((byte) => byte !== undefined);
  return known.length === bytes.length ? Uint8Array.from(known) : Buffer.from(token, "utf8");
}

export type Merge = readonly [left: string, right: string];

export interface BpeOptions {
  /** Id that stands for a byte without a token. Default null: such a byte gives nothing. */
  readonly unknown?: number | null;
  /** Take a word that is in the vocabulary as it is, without merges. Default false. */
  readonly wholeWords?: boolean;
}

/** A function from a word to its ids. */
export function openBpe(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly Merge[],
  { unknown = null, wholeWords = false }: BpeOptions = {},
): (word: string) => readonly number[] {
  const join = openJoin(vocabulary, merges);
  const idsOf = (word: string) => {
    const letters = Array.from(Buffer.from(word, "utf8"), (byte) => BYTE_CHARACTERS[byte] ?? "");
    const whole = wholeWords ? vocabulary.get(letters.join("")) : undefined;
    if (whole !== undefined) return [whole];
    return join(letters.map((letter) => vocabulary.get(letter) ?? unknown).filter((id) => id !== null));
  };
  return remembered(idsOf);
}

const GONE = -1;
/** A rank and a place as one number: exact below 2^53. */
const PLACES = 2 ** 32;

/**
 * A function that joins neighbours: always the pair whose merge comes first in the list, of equal ones the leftmost. Its
 * heap keeps a word of a million characters from taking the square of that. Overwrites what it is given.
 */
function openJoin(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly Merge[],
): (ids: number[]) => number[] {
  const id = (token: string) => vocabulary.get(token) ?? GONE;
  // By left id, then by right id: lookups of small integers are several times faster than of pairs as one number.
  const ranks: Map<number, number>[] = [];
  for (const [rank, [left, right]] of merges.entries()) (ranks[id(left)] ??= new Map()).set(id(right), rank);
  const results = merges.map(([left, right]) => id(left + right));
  return (ids) => {
    const next = Int32Array.from(ids, (_, at) => at + 1);
    const before = Int32Array.from(ids, (_, at) => at - 1);
    const rightOf = (at: number) => next[at] ?? ids.length;
    const rankAt = (at: number) => ranks[ids[at] ?? GONE]?.get(ids[rightOf(at)] ?? GONE);
    const heap: number[] = [];
    const offer = (at: number) => {
      const rank = at < 0 || rightOf(at) >= ids.length ? undefined : rankAt(at);
      if (rank !== undefined) push(heap, rank * PLACES + at);
    };
    for (let at = 0; at < ids.length; at++) offer(at);
    for (let least = pop(heap); least !== undefined; least = pop(heap)) {
      const at = least % PLACES;
      const rank = Math.floor(least / PLACES);
      const right = rightOf(at);
      // Since it was offered, one of the two may have joined another.
      if (ids[at] === GONE || right >= ids.length || rankAt(at) !== rank) continue;
      ids[at] = results[rank] ?? GONE;
      ids[right] = GONE;
      next[at] = rightOf(right);
      if (rightOf(at) < ids.length) before[rightOf(at)] = at;
      offer(before[at] ?? GONE);
      offer(at);
    }
    return ids.filter((one) => one !== GONE);
  };
}

/** Adds to a binary heap with the least on top. */
function push(heap: number[], value: number): void {
  let at = heap.length;
  for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
    const above = heap[parent] ?? value;
    if (above <= value) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = value;
}

/** Takes the least off such a heap. */
function pop(heap: number[]): number | undefined {
  const least = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return least;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if ((heap[child + 1] ?? Infinity) < (heap[child] ?? Infinity)) child++;
    const below = heap[child] ?? Infinity;
    if (below >= last) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return least;
}
