import { expect, it } from "vitest";
import { overfitOneBatch } from "../../src/train/overfit.js";
import { toyBatch, toyData, toyLearner } from "./toy.js";

const schedule = (): number => 0.05;

it("learns one batch by heart, and only the first one is asked for", async () => {
  const asked: number[][] = [];
  const batch = (step: number, micro: number) => {
    asked.push([step, micro]);
    return toyBatch(step, 8);
  };
  const { learned, first, last, steps } = await overfitOneBatch(
    toyLearner(),
    { ...toyData(), batch },
    { schedule },
  );
  expect(asked).toEqual([[0, 0]]);
  expect(learned).toBe(true);
  expect(first).toBeGreaterThan(1);
  expect(last).toBeLessThanOrEqual(0.05);
  expect(steps).toBeLessThan(300);
});

it("says when it does not", async () => {
  const lines: string[] = [];
  const draw = (line: string) => lines.push(line);
  expect(
    await overfitOneBatch(toyLearner(), toyData(), { schedule: () => 0, steps: 20, draw }),
  ).toMatchObject({
    learned: false,
    steps: 20,
  });
  expect(lines.at(-1)).toMatch(/^one batch: loss (\d\.\d{3}) to \1 in 20 steps: not learned/);
});

it("ends at once where a loss is no number: the next one would be none either", async () => {
  const broken = toyBatch(1, 8);
  (broken["x"]?.data as Float32Array).fill(NaN);
  const data = { ...toyData(), batch: () => broken };
  expect(await overfitOneBatch(toyLearner(), data, { schedule })).toMatchObject({
    learned: false,
    steps: 1,
    last: NaN,
  });
});

it("stops when it is told to", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(overfitOneBatch(toyLearner(), toyData(), { schedule, signal })).rejects.toThrow("enough");
});
