// Texts whose similarity is known because it was planted, and the oracle that measures it without any hashing.
import { uniforms } from "../../src/core/random.js";

/** Exact Jaccard similarity of the sets of token 5-grams of two texts. */
export function jaccard(a: string, b: string): number {
  const [one, other] = [grams(a), grams(b)];
  const shared = [...one].filter((gram) => other.has(gram)).length;
  return shared / (one.size + other.size - shared);
}

function grams(text: string): Set<string> {
  const tokens = text.match(/[A-Za-z0-9_\u0080-\uffff]+/g) ?? [];
  const width = Math.min(5, tokens.length);
  return new Set(
    tokens.slice(0, tokens.length - width + 1).map((_, at) => tokens.slice(at, at + width).join(" ")),
  );
}

/** A text of `length` words that never come elsewhere, and one that shares a share of about `similarity` with it. */
export function plantedPair(key: string, length: number, similarity: number): readonly [string, string] {
  const next = uniforms(7, key);
  const word = (at: number): string => `${key}_${at}_${Math.floor(next() * 1e9)}`;
  const original = Array.from({ length }, (_, at) => word(at));
  // j = s / (2n - s), so of n shingles s = 2nj / (1 + j) are kept: the first s + 4 words.
  const kept = Math.round(((length - 4) * 2 * similarity) / (1 + similarity)) + (similarity > 0 ? 4 : 0);
  const copy = original.map((same, at) => (at < kept ? same : word(at)));
  return [original.join(" "), copy.join(" ")];
}
