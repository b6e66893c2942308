// The native sandbox at length: 50,000 programs in one run cost no memory that stays, leave no process, no mount and no
// descriptor behind, and validation never holds the main thread up.
import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, test } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { openNative } from "../../src/sandbox/native.js";
import { assess } from "../../src/validate/assess.js";
import { measure } from "../../src/validate/metrics.js";
import { hasNative } from "../system/backends.js";
import { descendants } from "../system/processes.js";

const PROGRAMS = 50_000;
const LOOKS = [1_000, 10_000, PROGRAMS];
const IN_FLIGHT = 8;
const MEBIBYTE = 2 ** 20;
const GROWTH_MB = 32;
const BLOCKED_MS = 50;

const descriptors = (): number => readdirSync("/proc/self/fd").length;
const mounts = (): number => readFileSync("/proc/mounts", "utf8").split("\n").length;
const zombies = (): number => descendants(process.pid).filter(({ command }) => command === "").length;

/** Small programs, each of its own text; every fifth is wrong. */
function programOf(i: number): { code: string; tests: string; entryPoint: string; passes: boolean } {
  const passes = i % 5 !== 0;
  return {
    code: `def f(x):\n    """Add ${i}."""\n    return x + ${passes ? i : i + 1}\n`,
    tests: `assert f(1) == ${i + 1}\nassert f(-1) == ${i - 1}\n`,
    entryPoint: "f",
    passes,
  };
}

/** Runs jobs 0..count, some at a time. */
async function all(count: number, job: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

describe.runIf(hasNative)("the native sandbox", () => {
  test("50,000 programs leave nothing behind", async () => {
    const sandbox = await openNative({ workers: 2, timeoutMs: 10_000, memoryMb: 512 });
    const before = { mounts: mounts() };
    const seen: { done: number; rssMb: number; descriptors: number }[] = [];
    let done = 0;
    let wrong = 0;
    await all(PROGRAMS, async (i) => {
      const { passes, ...job } = programOf(i);
      const mode = i % 10 === 0 ? "split" : "one-world";
      const { status } = await sandbox.judge({ ...job, mode });
      if ((status === "passed") !== passes) wrong++;
      done++;
      if (LOOKS.includes(done)) {
        globalThis.gc?.();
        const rssMb = Math.round(process.memoryUsage().rss / MEBIBYTE);
        seen.push({ done, rssMb, descriptors: descriptors() });
        console.log(`${done} programs: RSS ${rssMb} MiB, ${descriptors()} descriptors, ${zombies()} zombies`);
      }
    });
    expect(wrong).toBe(0);
    const [first, , last] = seen;
    expect(last?.rssMb).toBeLessThanOrEqual((first?.rssMb ?? 0) + GROWTH_MB);
    expect(last?.descriptors).toBeLessThanOrEqual(first?.descriptors ?? 0);
    expect(zombies()).toBe(0);
    expect(mounts()).toBe(before.mounts);
    await sandbox.close();
    await expect
      .poll(() => descendants(process.pid).filter(({ command }) => command.includes("bubblewrap")))
      .toEqual([]);
  });

  test("validation never blocks the main thread for long", async () => {
    await loadGrammar();
    const sandbox = await openNative({ workers: 2, timeoutMs: 10_000, memoryMb: 512 });
    const options = { seed: 1, mutants: 4 };
    const row = async (i: number): Promise<void> => {
      const { code, tests, entryPoint } = programOf(i);
      await assess(sandbox, { key: String(i), code, tests, origins: ["model"], entryPoint }, options);
      measure(code, entryPoint, `Add ${i} to a number.`);
    };
    await all(20, row);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await all(1_000, row);
    delay.disable();
    const blockedMs = delay.max / 1e6;
    console.log(
      `longest delay of the event loop: ${blockedMs.toFixed(1)} ms, mean ${(delay.mean / 1e6).toFixed(1)} ms`,
    );
    expect(blockedMs).toBeLessThan(BLOCKED_MS);
    await sandbox.close();
  });
});
