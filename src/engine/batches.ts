// Pairs to score, put together so that a pass of the model is well filled and what it holds stays within bounds.
import type { ScorePair } from "../model/score.js";

/** Pairs that are looked through for such of like length. */
const WINDOW = 64;
/** Tokens of a pass, padding included. */
const TOKENS = 8_192;
/** Bytes that attention's scores may take. */
const SCORES = 512 * 2 ** 20;

const lengthOf = ({ prompt, text }: ScorePair): number => prompt.length + text.length;

/** Batches of up to `most` pairs of like length; a window's pairs come before the next window's. */
export async function* inBatches(
  pairs: AsyncIterable<ScorePair>,
  heads: number,
  most = WINDOW,
): AsyncGenerator<readonly ScorePair[]> {
  let window: ScorePair[] = [];
  for await (const pair of pairs) {
    window.push(pair);
    if (window.length < WINDOW) continue;
    yield* batchesOf(window, heads, most);
    window = [];
  }
  yield* batchesOf(window, heads, most);
}

function batchesOf(
  window: readonly ScorePair[],
  heads: number,
  most: number,
): readonly (readonly ScorePair[])[] {
  const batches: ScorePair[][] = [];
  for (const pair of [...window].sort((a, b) => lengthOf(a) - lengthOf(b))) {
    const last = batches.at(-1);
    const rows = (last?.length ?? 0) + 1;
    const width = lengthOf(pair);
    const fits = rows <= most && rows * width <= TOKENS && 4 * heads * rows * width ** 2 <= SCORES;
    if (last !== undefined && fits) last.push(pair);
    else batches.push([pair]);
  }
  return batches;
}
