// What dropout keeps, on the runtime. Runs on the compiled thread in dist.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dropoutBy } from "../../src/grad/dropout.js";
import { gradients, input } from "../../src/grad/tape.js";
import { total } from "../../src/grad/nodes.js";
import type { Session } from "../../src/onnx/session.js";
import { opened } from "./differences.js";

const [ROWS, COLUMNS, PROBABILITY] = [300, 200, 0.3];

let session: Session;
beforeAll(async () => {
  session = await opened((tape) => {
    const drop = dropoutBy(tape, input(tape, "key", "int32", [2]));
    const x = input(tape, "x", "float32", [3, ROWS / 3, COLUMNS]);
    const [first, second] = [drop(x, PROBABILITY), drop(x, PROBABILITY)];
    const sum = total(tape, "ReduceSum", first);
    tape.entries.push({
      inputs: [first],
      outputs: [sum],
      pullback: () => [x],
    });
    const [gradient = x] = gradients(tape, sum, [x]);
    for (const { value, dims } of [first, second, gradient]) tape.graph.output(value, "float32", dims);
  });
});
afterAll(() => session.close());

/** Two masks of ones over what is kept, and the gradient, for this key. */
async function masks(...key: [number, number]): Promise<number[][]> {
  const outputs = await session.run({
    key: { type: "int32", dims: [2], data: Int32Array.from(key) },
    x: { type: "float32", dims: [3, ROWS / 3, COLUMNS], data: new Float32Array(ROWS * COLUMNS).fill(1) },
  });
  return session.outputs.map(({ name }) => Array.from(outputs[name]?.data as Float32Array));
}

const shareOf = (mask: readonly number[]): number => mask.filter((value) => value !== 0).length / mask.length;
const KEPT = 1 - PROBABILITY;
/** Four standard deviations of the share kept of so many independent numbers. */
const near = (count: number): number => 4 * Math.sqrt((KEPT * PROBABILITY) / count);

describe("dropout", () => {
  it("drops the share that is asked for, in every row and column, and scales what it keeps", async () => {
    const [mask = []] = await masks(1, 2);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / KEPT)]));
    expect(Math.abs(shareOf(mask) - KEPT)).toBeLessThan(near(mask.length));
    for (let row = 0; row < ROWS; row++) {
      const share = shareOf(mask.slice(row * COLUMNS, (row + 1) * COLUMNS));
      expect(Math.abs(share - KEPT)).toBeLessThan(1.5 * near(COLUMNS));
    }
    for (let column = 0; column < COLUMNS; column++) {
      const share = shareOf(mask.filter((_, at) => at % COLUMNS === column));
      expect(Math.abs(share - KEPT)).toBeLessThan(1.5 * near(ROWS));
    }
  });

  it("keeps neighbours independently of one another", async () => {
    const [mask = []] = await masks(3, 4);
    for (const step of [1, 2, COLUMNS, COLUMNS + 1]) {
      const both = mask.filter((value, at) => value !== 0 && (mask[at + step] ?? 0) !== 0).length;
      expect(Math.abs(both / mask.length - KEPT ** 2)).toBeLessThan(2 * near(mask.length));
    }
  });

  it("drops in the gradient what it drops", async () => {
    const [mask, , gradient] = await masks(5, 6);
    expect(gradient).toEqual(mask);
  });

  it("draws the same for a key, and independently for another key and another mask", async () => {
    const [first = [], second = []] = await masks(7, 8);
    expect((await masks(7, 8))[0]).toEqual(first);
    const others = [second, (await masks(7, 9))[0] ?? [], (await masks(8, 8))[0] ?? []];
    for (const other of others) {
      const both = first.filter((value, at) => value !== 0 && other[at] !== 0).length;
      expect(Math.abs(both / first.length - KEPT ** 2)).toBeLessThan(2 * near(first.length));
    }
  });
});
