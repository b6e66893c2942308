// The learner's loss of samples that are weighed by key tokens is the course's: the mean over samples of weight times mean loss.
import { afterAll, beforeAll, expect, it } from "vitest";
import { causalBatch } from "../../src/train/batches.js";
import { causal } from "../../src/train/causal.js";
import { gpt2 } from "../../src/train/gpt2.js";
import type { Learner } from "../../src/train/learner.js";
import { openLearner } from "../../src/train/learning.js";

const SAMPLES = [
  Uint16Array.of(1, 7, 7, 3, 2, 9),
  Uint16Array.of(4, 5, 6, 1, 2, 3),
  Uint16Array.of(7, 2, 8, 8, 0, 7),
];
/** One more than how often 7 and 8 are there, by hand. */
const WEIGHTS = [3, 1, 5];

let learner: Learner;
beforeAll(async () => {
  const model = { vocabulary: 10, positions: 8, hidden: 16, layers: 1, heads: 2, epsilon: 1e-5, dropout: 0 };
  learner = await openLearner(causal(gpt2(model)), { seed: 3, threads: 1 });
});
afterAll(() => learner.close());

it("is the mean of each sample's loss times its weight", async () => {
  const losses: number[] = [];
  for (const sample of SAMPLES)
    losses.push((await learner.evaluate(causalBatch([sample], { rows: 1 }))).loss);
  expect(new Set(losses).size).toBe(3);
  const wanted = losses.reduce((sum, loss, at) => sum + loss * (WEIGHTS[at] ?? 0), 0) / 3;
  // A fourth row fills the batch up and counts for nothing.
  const weighed = causalBatch(SAMPLES, { rows: 4, keyTokens: { ids: [7, 8] } });
  expect((await learner.evaluate(weighed)).loss).toBeCloseTo(wanted, 5);
  const { loss, applied } = await learner.step([weighed, weighed], 1e-4);
  expect(applied).toBe(true);
  expect(loss).toBeCloseTo(wanted, 5);
});
