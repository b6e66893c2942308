// What scripts/golden/unigram.py writes, and how a tokenizer is compared with it.
import type { Tokenizer } from "../../src/model/tokenizer.js";

interface Decoded {
  readonly ids: readonly number[];
  readonly decoded: string;
  readonly shown: string;
}

interface UnigramCase extends Decoded {
  readonly text: string;
  readonly asText: readonly number[];
}

export interface UnigramGolden {
  readonly cases: readonly UnigramCase[];
  readonly other: readonly UnigramCase[];
  readonly streams: readonly Decoded[];
}

/** Texts that are encoded or decoded otherwise than Python does. */
export function unigramDifferences(tokenizer: Tokenizer, cases: readonly UnigramCase[]): readonly string[] {
  const different = cases.filter(({ text, ids, asText, decoded, shown }) => {
    const same =
      tokenizer.encode(text).join() === ids.join() &&
      tokenizer.encode(text, { specialAsText: true }).join() === asText.join() &&
      tokenizer.decode(ids) === shown &&
      tokenizer.decode(ids, { skipSpecial: false }) === decoded;
    return !same;
  });
  return different.map(({ text }) => text);
}
