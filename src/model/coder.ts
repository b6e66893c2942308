// What tells one kind of tokenizer from another, once its file is read: text without added tokens to ids, and ids to bytes. Knows
// no special ids, no streams and no files. The byte-level pair encoding of most code models is here; Unigram and pieces have
// files of their own.
import { openBpe, tokenBytes } from "./bpe.js";
import type { Vocabulary } from "./vocabulary.js";
import { wordPattern, type AddedToken } from "./words.js";

export interface Coder {
  /** Of every token, the added ones too. */
  readonly ids: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
  /** What a stretch of text between added tokens becomes first; absent where it stays. */
  readonly normalise?: (text: string) => string;
  /** Adds the ids of such a stretch to a list; added tokens in it count as characters. */
  readonly encode: (text: string, into: number[], specialAsText: boolean) => void;
  /** Begins a text: a function from each of its ids, in their order, to the bytes that it adds. */
  readonly begin: () => (id: number) => Uint8Array;
}

/** Tokens by their ids. */
export function tokensById(ids: ReadonlyMap<string, number>): readonly (string | undefined)[] {
  const tokens: string[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  return tokens;
}

/** A function from an id to its token's bytes, which are remembered; an id without a token has none. */
export function openBytes(ids: ReadonlyMap<string, number>): (id: number) => Uint8Array {
  const tokens = tokensById(ids);
  const known: Uint8Array[] = [];
  return (id) => (known[id] ??= tokenBytes(tokens[id] ?? ""));
}

/** The coder of a vocabulary with merges. */
export function bpeCoder({ ids, joined, added, merges, digits, ...words }: Vocabulary): Coder {
  const bpe = openBpe(joined, merges, words);
  const word = wordPattern(digits);
  const bytesOf = openBytes(ids);
  return {
    ids,
    added,
    encode(text, into) {
      for (const found of text.match(word) ?? []) for (const id of bpe(found)) into.push(id);
    },
    begin: () => bytesOf,
  };
}
