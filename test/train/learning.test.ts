// The learner: what a step changes, and what it must not. Runs on the compiled thread in dist.
import { afterEach, describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { causal } from "../../src/train/causal.js";
import { gpt2 } from "../../src/train/gpt2.js";
import type { Batch, Learner, LearnerState } from "../../src/train/learner.js";
import { openLearner, type LearnerOptions } from "../../src/train/learning.js";

const SMALL = { vocabulary: 17, positions: 8, hidden: 16, layers: 2, heads: 2, epsilon: 1e-5, dropout: 0 };

const open: Learner[] = [];
async function learner(options: LearnerOptions = {}, dropout = 0): Promise<Learner> {
  const opened = await openLearner(causal(gpt2({ ...SMALL, dropout })), { threads: 2, ...options });
  open.push(opened);
  return opened;
}
afterEach(async () => {
  for (const opened of open.splice(0)) await opened.close();
});

/** Random tokens, always the same for a name, and random weights. */
function batch(name: string, rows: number, weight?: number): Batch {
  const next = uniforms(7, name);
  const dims = [rows, SMALL.positions];
  const count = rows * SMALL.positions;
  const tokens = () => BigInt64Array.from({ length: count }, () => BigInt(Math.floor(next() * 17)));
  return {
    ids: { type: "int64", dims, data: tokens() },
    targets: { type: "int64", dims, data: tokens() },
    weights: {
      type: "float32",
      dims,
      data: Float32Array.from({ length: count }, () => weight ?? 2 * next()),
    },
  };
}

/** Both batches' rows in one. */
function joined(a: Batch, b: Batch): Batch {
  const all = <T extends number | bigint>(name: string): T[] =>
    [a, b].flatMap((one) => Array.from(one[name]?.data as unknown as ArrayLike<T>));
  const dims = [(a["ids"]?.dims[0] ?? 0) + (b["ids"]?.dims[0] ?? 0), SMALL.positions];
  return {
    ids: { type: "int64", dims, data: BigInt64Array.from(all<bigint>("ids")) },
    targets: { type: "int64", dims, data: BigInt64Array.from(all<bigint>("targets")) },
    weights: { type: "float32", dims, data: Float32Array.from(all<number>("weights")) },
  };
}

function numbersOf({ weights, moments }: LearnerState): Record<string, number[]> {
  return Object.fromEntries([...weights, ...moments].map(([name, { data }]) => [name, Array.from(data)]));
}

/** The largest difference between the numbers of two states. */
function distance(a: LearnerState, b: LearnerState): number {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  return Math.max(
    ...Object.keys(x).flatMap((name) =>
      (x[name] ?? []).map((value, at) => Math.abs(value - (y[name]?.[at] ?? NaN))),
    ),
  );
}

describe("a learner", () => {
  it("learns one small batch by heart", async () => {
    const one = await learner({ optimiser: { decay: 0 } });
    // Targets are told by their position, so that a loss of nearly nothing is within reach.
    const given = batch("overfit", 1, 1);
    const losses: number[] = [];
    for (let at = 0; at < 150; at++) losses.push((await one.step([given], 1e-2)).loss);
    expect(losses[0]).toBeCloseTo(Math.log(17), 1);
    expect(losses.at(-1)).toBeLessThan(1e-2);
  });

  it("steps from several batches as from one that holds them all", async () => {
    const [a, b] = [batch("a", 2), batch("b", 3)];
    const [apart, whole] = [await learner(), await learner()];
    for (const rate of [1e-3, 2e-3]) {
      const [one, other] = [await apart.step([a, b], rate), await whole.step([joined(a, b)], rate)];
      expect(one.loss).toBeCloseTo(other.loss, 5);
      expect(one.norm).toBeCloseTo(other.norm, 5);
    }
    expect(distance(await apart.state(), await whole.state())).toBeLessThan(1e-5);
  });

  it("changes nothing for a batch that gives no finite number", async () => {
    const one = await learner();
    await one.step([batch("a", 2)], 1e-3);
    const before = await one.state();
    expect(await one.step([batch("a", 2), batch("nan", 2, NaN)], 1e-3)).toMatchObject({ applied: false });
    expect(await one.step([batch("nothing", 2, 0)], 1e-3)).toMatchObject({ applied: false });
    expect(await one.state()).toEqual(before);
    expect(await one.step([batch("b", 2)], 1e-3)).toMatchObject({ applied: true });
  });

  it("evaluates without a change, weight by weight", async () => {
    const one = await learner({}, 0.5);
    const [a, b] = [batch("a", 2), batch("b", 1)];
    const before = await one.state();
    const [first, second, both] = [
      await one.evaluate(a),
      await one.evaluate(b),
      await one.evaluate(joined(a, b)),
    ];
    const sum = first.loss * first.weight + second.loss * second.weight;
    expect(both.loss).toBeCloseTo(sum / (first.weight + second.weight), 5);
    expect(await one.evaluate(a)).toEqual(first);
    expect(await one.state()).toEqual(before);
  });

  it("draws the same dropout for a seed and a step, another for the next", async () => {
    const given = [batch("a", 2)];
    const lossesOf = async (seed: number): Promise<number[]> => {
      const one = await learner({ seed, weights: (await (await learner()).state()).weights }, 0.3);
      return [(await one.step(given, 0)).loss, (await one.step(given, 0)).loss];
    };
    const [first, again, other] = [await lossesOf(1), await lossesOf(1), await lossesOf(2)];
    expect(again).toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
    expect(other[0]).not.toEqual(first[0]);
  });

  it("goes on from a state to the bit, dropout included", async () => {
    const batches = ["a", "b", "c", "d"].map((name) => [batch(name, 2)]);
    const straight = await learner({ seed: 5 }, 0.1);
    for (const given of batches) await straight.step(given, 1e-3);
    const begun = await learner({ seed: 5 }, 0.1);
    for (const given of batches.slice(0, 2)) await begun.step(given, 1e-3);
    const state = await begun.state();
    // The learner's own memory moves on; the state stays.
    await begun.step(batches[2] ?? [], 1e-3);
    const resumed = await learner({ seed: 5 }, 0.1);
    await resumed.load(state);
    for (const given of batches.slice(2)) await resumed.step(given, 1e-3);
    expect(await resumed.state()).toEqual(await straight.state());
  });

  it("decays matrices and leaves biases and gains", async () => {
    const one = await learner({ optimiser: { decay: 0.5 } });
    const { weights: before } = await one.state();
    // Position 7 of a batch of 8 has a gradient; a token that never occurs has one from the head. Biases of keys have none.
    const other = await learner({ optimiser: { decay: 0 } });
    await one.step([batch("a", 2)], 0.1);
    await other.step([batch("a", 2)], 0.1);
    const [decayed, plain] = [(await one.state()).weights, (await other.state()).weights];
    for (const [name, { dims, data }] of before) {
      const expected = Array.from(plain.get(name)?.data ?? [], (value, at) =>
        dims.length > 1 ? value - 0.05 * (data[at] ?? NaN) : value,
      );
      const worst = Math.max(
        ...expected.map((value, at) => Math.abs(value - (decayed.get(name)?.data[at] ?? NaN))),
      );
      expect([name, worst < 1e-6]).toEqual([name, true]);
    }
  });

  it("refuses weights and states of another model, by name", async () => {
    const one = await learner();
    const state = await one.state();
    const wider = new Map(state.weights).set("transformer.ln_f.bias", {
      type: "float32",
      dims: [3],
      data: new Float32Array(3),
    });
    await expect(learner({ weights: wider })).rejects.toThrow('"transformer.ln_f.bias" is [3]');
    await expect(one.load({ ...state, moments: new Map() })).rejects.toThrow("is missing");
    const more = new Map(state.weights).set("lm_head.weight", {
      type: "float32",
      dims: [1],
      data: new Float32Array(1),
    });
    await expect(one.load({ ...state, weights: more })).rejects.toThrow('the model has no "lm_head.weight"');
  });

  it("refuses a batch without weights", async () => {
    const one = await learner();
    const { weights, ...rest } = batch("a", 1);
    expect(weights?.dims).toEqual([1, 8]);
    await expect(one.step([rest], 1e-3)).rejects.toThrow('a batch needs "weights"');
  });
});
