import { describe, expect, it } from "vitest";
import { openLimit } from "../../src/engine/limit.js";

const FULL = new Error("full");

/** A limit, and tasks in it that end when they are told to. */
function limited(most: number, first?: number) {
  const limit = openLimit({ most, isTooMuch: (error) => error === FULL, ...(first ? { first } : {}) });
  const running: { end: () => void; fail: (reason: Error) => void }[] = [];
  const settled: Promise<unknown>[] = [];
  function start(signal?: AbortSignal): void {
    const task = () => new Promise<void>((end, fail) => running.push({ end, fail }));
    settled.push(limit.run(task, signal).catch((reason: unknown) => reason));
  }
  async function round(act: (task: (typeof running)[number]) => void): Promise<void> {
    running.splice(0).forEach(act);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { limit, running, settled, start, round, tick };
}

describe("a limit", () => {
  it("doubles with every round of answers, to its most", async () => {
    const { limit, running, start, round, tick } = limited(20, 2);
    for (let at = 0; at < 100; at++) start();
    await tick();
    const sizes: number[] = [];
    for (let at = 0; at < 6; at++) {
      sizes.push(running.length);
      await round(({ end }) => end());
    }
    expect(sizes).toEqual([2, 4, 8, 16, 20, 20]);
    expect(limit.size()).toBe(20);
  });

  it("halves once for all that failed together, then grows by one a round", async () => {
    const { running, start, round, tick } = limited(64, 8);
    for (let at = 0; at < 100; at++) start();
    await tick();
    await round(({ fail }) => fail(FULL));
    const sizes: number[] = [];
    for (let at = 0; at < 4; at++) {
      sizes.push(running.length);
      await round(({ end }) => end());
    }
    expect(sizes).toEqual([4, 5, 6, 7]);
    await round(({ fail }) => fail(new Error("of the request")));
    expect(running.length).toBe(8);
    for (let at = 0; at < 6; at++) await round(({ fail }) => fail(FULL));
    expect(running.length).toBe(1);
  });

  it("does not grow where its room is not used", async () => {
    const { limit, start, round, tick } = limited(64, 4);
    for (let at = 0; at < 20; at++) {
      start();
      await tick();
      await round(({ end }) => end());
    }
    expect(limit.size()).toBe(4);
  });

  it("lets a task that waits be taken back, and lets the others in", async () => {
    const { running, settled, start, round, tick } = limited(1);
    const stop = new AbortController();
    start();
    start(stop.signal);
    start();
    await tick();
    stop.abort(new Error("enough"));
    expect(await settled[1]).toEqual(new Error("enough"));
    await round(({ end }) => end());
    expect(running).toHaveLength(1);
  });
});
