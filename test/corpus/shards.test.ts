import { expect, it } from "vitest";
import { ahead } from "../../src/corpus/shards.js";

async function* numbers(count: number, failAt = Infinity): AsyncGenerator<number> {
  for (let at = 0; at < count; at++) {
    await Promise.resolve();
    if (at === failAt) throw new Error(`no ${at}`);
    yield at;
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it("works on several items and gives the results in the items' order", async () => {
  let [going, most] = [0, 0];
  const results: number[] = [];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++going);
    await later((7 * item) % 5);
    going--;
    return item;
  };
  for await (const result of ahead(numbers(20), 4, undefined, work)) results.push(result);
  expect(results).toEqual(Array.from({ length: 20 }, (_, at) => at));
  expect(most).toBe(4);
});

it("takes no more items than it works on", async () => {
  let taken = 0;
  const work = (item: number): Promise<number> => Promise.resolve(((taken = item + 1), item));
  for await (const result of ahead(numbers(100), 3, undefined, work)) {
    if (result === 5) break;
  }
  expect(taken).toBe(8);
});

it("gives what came before a failure, of an item or of its source", async () => {
  for (const source of [numbers(9, 6), numbers(9)]) {
    const results: number[] = [];
    const work = (item: number): Promise<number> =>
      item === 6 ? Promise.reject(new Error("no 6")) : Promise.resolve(item);
    const all = async (): Promise<void> => {
      for await (const result of ahead(source, 4, undefined, work)) results.push(result);
    };
    await expect(all()).rejects.toThrow("no 6");
    expect(results).toEqual([0, 1, 2, 3, 4, 5]);
  }
});

it("stops what is under way when the reader goes", async () => {
  const stopped: number[] = [];
  const work = async (item: number, stop: AbortSignal): Promise<number> => {
    if (item === 0) return item;
    await new Promise((resolve) => stop.addEventListener("abort", resolve));
    stopped.push(item);
    return item;
  };
  for await (const result of ahead(numbers(9), 3, undefined, work)) {
    expect(result).toBe(0);
    break;
  }
  expect(stopped).toEqual([1, 2]);
});
