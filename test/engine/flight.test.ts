import { describe, expect, it } from "vitest";
import { answerAll } from "../../src/engine/flight.js";

async function* numbers(count: number, fault?: Error): AsyncGenerator<number> {
  for (let at = 0; at < count; at++) yield await Promise.resolve(at);
  if (fault) throw fault;
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("requests under way", () => {
  it("are answered once each, in the order in which they are done", async () => {
    const answers: number[] = [];
    const work = async (at: number): Promise<number> => later((9 - at) * 15).then(() => at);
    for await (const answer of answerAll(numbers(5), () => 5, work)) answers.push(answer);
    expect(answers).toEqual([4, 3, 2, 1, 0]);
  });

  it("stay within their room, also where the reader is slow", async () => {
    let taken = 0;
    let got = 0;
    const ahead: number[] = [];
    const work = (at: number): Promise<number> => Promise.resolve(at + 0 * taken++);
    for await (const answer of answerAll(numbers(30), () => 3, work)) {
      await later(2);
      got++;
      ahead.push(taken - got);
      expect(answer).toBeLessThan(30);
    }
    expect(got).toBe(30);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(3);
  });

  it("are given up where the source fails or one of them does, after the answers that are there", async () => {
    const answers: number[] = [];
    const read = async (
      source: AsyncIterable<number>,
      work: (at: number) => Promise<number>,
    ): Promise<void> => {
      for await (const answer of answerAll(source, () => 2, work)) answers.push(answer);
    };
    await expect(read(numbers(3, new Error("torn")), (at) => Promise.resolve(at))).rejects.toThrow("torn");
    expect(answers).toEqual([0, 1, 2]);
    const work = (at: number): Promise<number> =>
      at === 4 ? Promise.reject(new Error("wrong")) : Promise.resolve(10 + at);
    await expect(read(numbers(9), work)).rejects.toThrow("wrong");
    expect(answers.slice(3, 7)).toEqual([10, 11, 12, 13]);
  });

  it("hear of it when nobody wants their answers any more", async () => {
    let stopped = 0;
    const work = (at: number, signal: AbortSignal): Promise<number> =>
      at === 0
        ? Promise.resolve(at)
        : new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              stopped++;
              reject(signal.reason as Error);
            });
          });
    for await (const answer of answerAll(numbers(9), () => 4, work)) {
      await later(5);
      expect(answer).toBe(0);
      break;
    }
    expect(stopped).toBe(4);
  });
});
