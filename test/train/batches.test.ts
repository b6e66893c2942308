import { describe, expect, it } from "vitest";
import { causalBatch, openBatches } from "../../src/train/batches.js";
import { KEY_WORDS, keyTokensOf, keyTokenWeights } from "../../src/train/keytokens.js";
import type { Batch } from "../../src/train/learner.js";
import type { Tokenizer } from "../../src/model/tokenizer.js";

const sample = (...ids: readonly number[]) => Uint16Array.from(ids);
const numbers = (batch: Batch, name: string) => Array.from(batch[name]?.data ?? [], Number);

describe("a batch", () => {
  it("has at each place the token that follows as target, and none at the last", () => {
    const batch = causalBatch([sample(5, 6, 7), sample(8, 9, 60_000)], { rows: 2 });
    expect(batch["ids"]).toEqual({
      type: "int64",
      dims: [2, 3],
      data: BigInt64Array.of(5n, 6n, 7n, 8n, 9n, 60_000n),
    });
    expect(batch["targets"]).toEqual({
      type: "int64",
      dims: [6],
      data: BigInt64Array.of(6n, 7n, 0n, 9n, 60_000n, 0n),
    });
    expect(batch["weights"]).toEqual({ type: "float32", dims: [6], data: Float32Array.of(1, 1, 0, 1, 1, 0) });
    expect(Object.keys(batch)).toEqual(["ids", "targets", "weights"]);
  });

  it("is filled up with rows that count nothing", () => {
    const batch = causalBatch([sample(5, 6, 7)], { rows: 3 });
    expect(batch["ids"]?.dims).toEqual([3, 3]);
    expect(numbers(batch, "weights")).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("refuses samples that don't fit together", () => {
    expect(() => causalBatch([], { rows: 2 })).toThrow("not 0 of 0");
    expect(() => causalBatch([sample(1)], { rows: 2 })).toThrow("not 1 of 1");
    expect(() => causalBatch([sample(1, 2), sample(1, 2, 3)], { rows: 2 })).toThrow("of one length");
    expect(() => causalBatch([sample(1, 2), sample(1, 2), sample(1, 2)], { rows: 2 })).toThrow("not 3 of 2");
  });
});

describe("key tokens", () => {
  it("weigh a sample by 1 and one for each of them, times alpha", () => {
    const samples = [sample(7, 1, 2, 7), sample(1, 2, 3, 4), sample(8, 8, 8, 7)];
    expect(keyTokenWeights(samples, [7, 8])).toEqual([3, 1, 5]);
    expect(keyTokenWeights(samples, [7, 8], 0.5)).toEqual([1.5, 0.5, 2.5]);
    expect(keyTokenWeights(samples, [])).toEqual([1, 1, 1]);
  });

  it("give the course's loss, as computed by hand", () => {
    // Cross-entropies of two samples with four tokens, so three targets each. By hand: the means are 2 and 5, the weights
    // 1 + 2 and 1 + 0, and the loss is (3 * 2 + 1 * 5) / 2 = 5.5.
    const losses = [1, 2, 3, 99, 4, 5, 6, 99];
    const batch = causalBatch([sample(7, 1, 2, 7), sample(1, 2, 3, 4)], { rows: 2, keyTokens: { ids: [7] } });
    const weights = numbers(batch, "weights");
    expect(weights).toEqual([3, 3, 3, 0, 1, 1, 1, 0]);
    expect(batch["denominator"]).toEqual({ type: "float32", dims: [], data: Float32Array.of(6) });
    const total = losses.reduce((sum, loss, at) => sum + loss * (weights[at] ?? 0), 0);
    expect(total / 6).toBe(5.5);
    // Divided by the weights' sum it would be another loss.
    expect(total / weights.reduce((sum, weight) => sum + weight, 0)).toBe(2.75);
  });

  it("count nothing in rows that fill up", () => {
    const batch = causalBatch([sample(7, 1, 2, 7)], { rows: 3, keyTokens: { ids: [7], alpha: 2 } });
    expect(numbers(batch, "weights")).toEqual([6, 6, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(numbers(batch, "denominator")).toEqual([3]);
  });

  it("are the course's words that are one token each; the others are named", () => {
    expect(KEY_WORDS).toEqual([
      "plt",
      " plt",
      "pd",
      " pd",
      "sk",
      " sk",
      "fit",
      " fit",
      "predict",
      " predict",
    ]);
    // A tokenizer whose words have as many tokens as letters beyond three.
    const encode = (word: string) => Array.from(word.slice(3).padEnd(1), (_, at) => 10 * word.length + at);
    const tokenizer = { encode } as unknown as Tokenizer; // nothing else is asked of it
    expect(keyTokensOf(tokenizer, ["plt", " plt", "testtest"])).toEqual({
      ids: [30, 40],
      several: ["testtest"],
    });
  });
});

describe("the batches of an epoch", () => {
  // A store whose ids are their own places.
  const tokens = {
    read: (start: number, count: number) =>
      Promise.resolve(Uint32Array.from({ length: count }, (_, at) => start + at)),
  };
  const starts = Float64Array.from({ length: 23 }, (_, at) => 100 * (at + 1));
  const firstIds = (batch: Batch) => numbers(batch, "ids").filter((_, at) => at % 4 === 0);
  const epochOf = async (seed: number | null, epoch: number) => {
    const batches = openBatches(tokens, starts, { context: 4, rows: 5, seed });
    return Promise.all(Array.from({ length: batches.count }, (_, k) => batches.batch(epoch, k)));
  };

  it("hold every piece once, in an order of its own", async () => {
    const [first, second] = [await epochOf(1, 0), await epochOf(1, 1)].map((batches) =>
      batches.flatMap(firstIds),
    );
    expect(first).toHaveLength(25);
    // Two rows fill up: their ids are 0.
    for (const epoch of [first, second])
      expect([...new Set(epoch)].sort((a = 0, b = 0) => a - b)).toEqual([0, ...starts]);
    expect(first).not.toEqual(second);
    expect(first?.slice(0, 23)).not.toEqual([...starts]);
  });

  it("depend on seed, epoch and number alone", async () => {
    const all = await epochOf(1, 2);
    const batches = openBatches(tokens, starts, { context: 4, rows: 5, seed: 1 });
    await batches.batch(7, 0);
    expect(await batches.batch(2, 3)).toEqual(all[3]);
    expect(await epochOf(2, 2)).not.toEqual(all);
  });

  it("keep the order of the pieces without a seed", async () => {
    const batches = await epochOf(null, 3);
    expect(batches.flatMap(firstIds).slice(0, 23)).toEqual([...starts]);
    expect(numbers(batches[4] ?? {}, "weights").filter((weight) => weight === 1)).toHaveLength(3 * 3);
  });

  it("end", async () => {
    const batches = openBatches(tokens, starts, { context: 4, rows: 5, seed: 1 });
    expect(batches.count).toBe(5);
    await expect(batches.batch(0, 5)).rejects.toThrow("batch 5 does not exist: an epoch has 5, from 0 on");
  });
});
