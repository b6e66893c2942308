// Samples that use the libraries which a model is to be good at count for more: the Hugging Face course's weights for
// codeparrot-ds (chapter 7.6, keytoken_weighted_loss). Pure functions.
import type { Tokenizer } from "../model/tokenizer.js";
import type { Ids } from "./tokens.js";

/** The course's words, as they stand at a line's beginning and behind a blank. */
export const KEY_WORDS: readonly string[] = ["plt", "pd", "sk", "fit", "predict"].flatMap((word) => [
  word,
  ` ${word}`,
]);

export interface KeyTokens {
  readonly ids: readonly number[];
  /** Words that are several tokens, and so can't be counted. */
  readonly several: readonly string[];
}

/** The ids of words that are one token each; the others are named. */
export function keyTokensOf(tokenizer: Tokenizer, words: readonly string[] = KEY_WORDS): KeyTokens {
  const encoded = words.map((word) => ({ word, ids: tokenizer.encode(word, { specialAsText: true }) }));
  return {
    ids: [...new Set(encoded.filter(({ ids }) => ids.length === 1).flatMap(({ ids }) => ids))],
    several: encoded.filter(({ ids }) => ids.length !== 1).map(({ word }) => word),
  };
}

/** What each sample's mean loss is multiplied with: alpha * (1 + key tokens in it), the first token included. */
export function keyTokenWeights(
  samples: readonly Ids[],
  keys: readonly number[],
  alpha = 1,
): readonly number[] {
  const wanted = new Set(keys);
  return samples.map((ids) => alpha * (1 + Array.from(ids).filter((id) => wanted.has(id)).length));
}
