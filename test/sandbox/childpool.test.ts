import { expect, test } from "vitest";
import { openPool } from "../../src/sandbox/childpool.js";
import type { Child } from "../../src/sandbox/children.js";

interface Fake extends Child {
  readonly name: number;
  renewals: number;
}

/** Children that do nothing; `renews` decides whether a child can boot its next world. */
function fakes(renews = true): { start: () => Promise<Fake>; started: Fake[] } {
  const started: Fake[] = [];
  const start = (): Promise<Fake> => {
    let alive = true;
    const child: Fake = {
      name: started.length,
      pid: 0,
      version: "3",
      renewals: 0,
      alive: () => alive,
      spent: () => false,
      deadline: () => ({ wallAtMs: 0, cpuAtMs: null, spentAtMs: Infinity }),
      call: () => Promise.resolve("lost"),
      renew() {
        child.renewals++;
        if (!renews) alive = false;
        return Promise.resolve(renews);
      },
      kill() {
        alive = false;
        return Promise.resolve();
      },
    };
    started.push(child);
    return Promise.resolve(child);
  };
  return { start, started };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const nameOf = (child: Child): number => (child as Fake).name;

test("no child has two jobs at once, and every job has a world of its own", async () => {
  const { start, started } = fakes();
  const pool = openPool(3, await start(), start);
  const busy = new Set<number>();
  let most = 0;
  const job = async (child: Child): Promise<object> => {
    expect(busy.has(nameOf(child))).toBe(false);
    busy.add(nameOf(child));
    most = Math.max(most, busy.size);
    await pause();
    busy.delete(nameOf(child));
    return {};
  };
  await Promise.all(Array.from({ length: 12 }, () => pool.run(job)));
  expect(most).toBe(3);
  expect(started.map(({ renewals }) => renewals).reduce((a, b) => a + b)).toBe(12);
});

test("a job that is alone has no neighbour and a child that ran nothing before", async () => {
  const { start } = fakes();
  const pool = openPool(2, await start(), start);
  const used = new Set<number>();
  let running = 0;
  const job =
    (alone: boolean) =>
    async (child: Child): Promise<object> => {
      running++;
      if (alone) expect(used.has(nameOf(child))).toBe(false);
      used.add(nameOf(child));
      await pause();
      if (alone) expect(running).toBe(1);
      running--;
      return {};
    };
  const order = [false, false, true, false, false, true, true, false];
  await Promise.all(order.map((alone) => pool.run(job(alone), alone)));
  expect(running).toBe(0);
});

test("a child that can't boot its next world is replaced", async () => {
  const { start, started } = fakes(false);
  const pool = openPool(1, await start(), start);
  for (let i = 0; i < 3; i++) await pool.run((child) => Promise.resolve({ at: nameOf(child) }));
  expect(started.map(({ alive }) => alive())).toEqual([false, false, false]);
});

test("a job's failure is its own, and the next job runs", async () => {
  const { start } = fakes();
  const pool = openPool(1, await start(), start);
  await expect(pool.run(() => Promise.reject(new Error("this one")))).rejects.toThrow("this one");
  expect(await pool.run(() => Promise.resolve({ ok: true }))).toEqual({ ok: true });
});

test("a child that does not start fails its job only", async () => {
  const { start } = fakes(false);
  const first = await start();
  const starts = [() => Promise.reject(new Error("no memory")), start];
  const pool = openPool(1, first, () => starts.shift()?.() ?? start());
  await pool.run(() => Promise.resolve({}));
  await expect(pool.run(() => Promise.resolve({}))).rejects.toThrow("no memory");
  expect(await pool.run(() => Promise.resolve({ ok: true }))).toEqual({ ok: true });
});

test("closing ends the children and refuses what waits, what runs and what comes", async () => {
  const { start, started } = fakes();
  const pool = openPool(1, await start(), start);
  const runs = pool.run(async () => {
    await pause();
    return {};
  });
  const waits = pool.run(() => Promise.resolve({}));
  const refusals = [expect(runs).rejects.toThrow(/closed/), expect(waits).rejects.toThrow(/closed/)];
  await pool.close();
  await Promise.all(refusals);
  await expect(pool.run(() => Promise.resolve({}))).rejects.toThrow(/closed/);
  expect(started.some(({ alive }) => alive())).toBe(false);
});
