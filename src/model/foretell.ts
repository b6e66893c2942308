// How well a model foretells texts that it has not learned: the likelihood of every token after those before it, and whether it
// was among the likeliest. Long texts go through in windows that overlap, so that every token is seen with some before it.
import type { Session } from "../onnx/session.js";
import { pairFeeds, type ScorePair } from "./score.js";

/** Sums over tokens. */
export interface Foretold {
  readonly tokens: number;
  /** Negative log-likelihood in nats. */
  readonly nll: number;
  /** Tokens that were the likeliest, and those among the five likeliest. */
  readonly first: number;
  readonly firstFive: number;
}

export const NOTHING_FORETOLD: Foretold = { tokens: 0, nll: 0, first: 0, firstFive: 0 };

/**
 * A text in windows of up to `length` tokens: in each the tokens of `text` are to be foretold after those of `prompt`. A window
 * begins `stride` tokens after the one before; the first token of the text is foretold by none.
 * Source: https://huggingface.co/docs/transformers/perplexity
 */
export function windowsOf(
  tokens: readonly number[],
  { length, stride }: { readonly length: number; readonly stride: number },
): readonly Omit<ScorePair, "key">[] {
  const windows: Omit<ScorePair, "key">[] = [];
  for (let [from, seen] = [0, 1]; seen < tokens.length; from += stride) {
    const to = Math.min(from + length, tokens.length);
    windows.push({ prompt: tokens.slice(from, seen), text: tokens.slice(seen, to) });
    seen = to;
  }
  return windows;
}

/** Foretells the texts of some windows in one run of the score graph with ranks. */
export async function foretell(
  session: Session,
  windows: readonly Omit<ScorePair, "key">[],
  signal?: AbortSignal,
): Promise<Foretold> {
  const { nll, rank } = await session.run(pairFeeds(windows), { signal });
  const tokens = windows.reduce((sum, { text }) => sum + text.length, 0);
  const likelihoods = (nll?.data as Float32Array).subarray(0, tokens);
  const ranks = (rank?.data as BigInt64Array).subarray(0, tokens);
  return {
    tokens,
    nll: likelihoods.reduce((sum, value) => sum + value, 0),
    first: ranks.filter((place) => place === 0n).length,
    firstFive: ranks.filter((place) => place < 5n).length,
  };
}

export function foretoldTogether(a: Foretold, b: Foretold): Foretold {
  return {
    tokens: a.tokens + b.tokens,
    nll: a.nll + b.nll,
    first: a.first + b.first,
    firstFive: a.firstFive + b.firstFive,
  };
}
