// How a token is drawn from logits that are here, in JavaScript: the same steps as inside our graphs (model/sampling.ts), in
// single floats as there, so that the same numbers draw the same tokens. And how likely a token was. Pure.
import { CANDIDATES, COLDEST } from "../model/sampling.js";

/** A token that may be drawn, and its logit. */
export interface Candidate {
  readonly token: number;
  readonly logit: number;
}

export interface Drawing {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number | null;
}

/** The `count` likeliest tokens, likeliest first; of equals the one with the lower id. */
export function likeliest(logits: Float32Array, count = CANDIDATES): readonly Candidate[] {
  const best: Candidate[] = [];
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    if (best.length === count && !(logit > (best.at(-1)?.logit ?? 0))) continue;
    let at = best.length;
    while (at > 0 && logit > (best[at - 1]?.logit ?? 0)) at--;
    best.splice(at, 0, { token, logit });
    if (best.length > count) best.pop();
  }
  return best;
}

/** One of the candidates, by a number in [0, 1): temperature, top-k, top-p, inverse of the cumulative distribution. */
export function drawnFrom(candidates: readonly Candidate[], drawing: Drawing, uniform: number): number {
  const { temperature, topP, topK } = drawing;
  const first = candidates[0];
  if (first === undefined) throw new Error("internal: a token is drawn from no logits");
  if (temperature === 0) return first.token;
  const { fround } = Math;
  const divisor = Math.max(fround(temperature), fround(COLDEST));
  const within = candidates.slice(0, topK ?? CANDIDATES);
  const scaled = within.map(({ logit }) => fround(logit / divisor));
  const powers = scaled.map((value) => fround(Math.exp(fround(value - (scaled[0] ?? 0)))));
  const total = powers.reduce((sum, power) => fround(sum + power), 0);
  const shares = powers.map((power) => fround(power / total));
  const before = cumulative(shares).map((sum, at) => fround(sum - (shares[at] ?? 0)));
  // The likeliest is always kept, also where top-p is 0.
  const kept = shares.filter((share, at) => share > 0 && (before[at] ?? 0) <= fround(topP));
  const reached = cumulative(kept);
  const mark = fround(fround(uniform) * (reached.at(-1) ?? 0));
  const place = Math.min(reached.filter((sum) => sum <= mark).length, kept.length - 1);
  return within[place]?.token ?? first.token;
}

function cumulative(shares: readonly number[]): readonly number[] {
  let sum = 0;
  return shares.map((share) => (sum = Math.fround(sum + share)));
}

/** Negative log-likelihood of a token, in nats. */
export function surprise(logits: Float32Array, token: number): number {
  const highest = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
  return Math.log(total) + highest - (logits[token] ?? -Infinity);
}
