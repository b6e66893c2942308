// How pairs are put together: of like length, within what a pass may hold, and none left out.
import { expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { inBatches } from "../../src/engine/batches.js";
import type { ScorePair } from "../../src/model/score.js";

/** The lengths of each batch's pairs. */
async function batchesOf(lengths: readonly number[], heads: number, most?: number): Promise<number[][]> {
  async function* pairs(): AsyncGenerator<ScorePair> {
    for (const [at, length] of lengths.entries()) {
      const text = Array.from({ length: length - 1 }, () => 1);
      yield await Promise.resolve({ key: String(at), prompt: [1], text });
    }
  }
  const batches = await collect(inBatches(pairs(), heads, most));
  return batches.map((batch) => batch.map(({ prompt, text }) => prompt.length + text.length));
}

it("puts pairs of like length together, whatever is too long by itself", async () => {
  expect(await batchesOf([5, 9_000, 3, 4_000, 4, 4_200], 4)).toEqual([[3, 4, 5], [4_000], [4_200], [9_000]]);
  expect(await batchesOf([100, 100, 100], 10_000)).toEqual([[100], [100], [100]]);
  expect(await batchesOf([], 4)).toEqual([]);
});

it("takes no more at a time than it was told", async () => {
  expect(await batchesOf([2, 4, 3, 6, 5], 4, 2)).toEqual([[2, 3], [4, 5], [6]]);
});
