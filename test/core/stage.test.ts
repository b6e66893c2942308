import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { startProgress } from "../../src/core/progress.js";
import { keyOf, type Reject } from "../../src/core/record.js";
import { openRun, type RunDirectory } from "../../src/core/run.js";
import { mapping, type Made } from "../../src/core/mapping.js";
import { startStage, type StageHandle, type StagePlan } from "../../src/core/stage.js";

interface Number {
  readonly key: string;
  readonly value: number;
}

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "stage-"));
});

const plan = (name: string, more: Partial<StagePlan> = {}): StagePlan => ({
  name,
  folder: "out",
  main: name,
  side: [`${name}.failed`],
  order: "key",
  fingerprint: "v1",
  ...more,
});

const open = async (): Promise<RunDirectory> => {
  const run = await openRun(dir, { colour: "blue" }, { version: "0" });
  await mkdir(run.at("out"), { recursive: true });
  return run;
};

/** A first stage that counts to `target`. */
async function count(run: RunDirectory, target: number): Promise<StageHandle<Number>> {
  const first = plan("numbers", { side: [], order: "appended" });
  const enough = (record: { rows: number }): boolean => record.rows >= target;
  return startStage<Number>(run, first, { upstream: null, enough }, async (journal) => {
    for (let i = journal.size; i < target; i++) {
      const row: Number = { key: keyOf("numbers", i), value: i };
      void journal.append([{ file: "numbers", row }]);
    }
    await journal.finish().catch(() => undefined);
    return { target };
  });
}

interface Doubling {
  readonly retryFailed?: boolean;
  readonly make?: (value: number) => Made<Number> | "default";
  readonly concurrency?: number;
  readonly plan?: StagePlan;
}

let asked: number[] = [];

async function double(
  run: RunDirectory,
  upstream: StageHandle<Number>,
  options: Doubling = {},
): Promise<StageHandle<Number>> {
  const stage = options.plan ?? plan("doubles", { retry: (file) => file === "doubles.failed" });
  const progress = startProgress();
  return startStage<Number>(
    run,
    stage,
    { upstream, retryFailed: options.retryFailed ?? false },
    mapping<Number, Number>({
      plan: stage,
      upstream,
      keyFor: (input) => keyOf("doubles", input.key, 0),
      make: async (input, key) => {
        asked.push(input.value);
        await new Promise((resolve) => setTimeout(resolve, (input.value * 7) % 5));
        const made = options.make?.(input.value) ?? "default";
        return made === "default"
          ? { row: { key, value: 2 * input.value } }
          : { ...made, ...withKey(made, key) };
      },
      concurrency: options.concurrency ?? 3,
      signal: new AbortController().signal,
      task: (done) => progress.start("doubles", null, done),
      note: (counts) => `${counts.get("doubles") ?? 0} rows`,
    }),
  );
}

function withKey(made: Made<Number>, key: string): Made<Number> {
  return "row" in made ? { row: { ...made.row, key } } : { failed: { ...made.failed, key } };
}

const failed = (reason: string): Made<Number> => ({
  failed: {
    key: "",
    stage: "doubles",
    reason,
    detail: "",
    qualname: null,
    provenance: {} as Reject["provenance"],
  },
});

async function finishAll(run: RunDirectory, ...handles: StageHandle<unknown>[]): Promise<void> {
  try {
    for (const handle of handles) await handle.done;
  } finally {
    for (const handle of handles) await handle.close();
    await run.release();
  }
}

const values = async (name: string): Promise<number[]> =>
  (await readFile(path.join(dir, "out", `${name}.jsonl`), "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as Number).value);

async function runBoth(target: number, options: Doubling = {}): Promise<boolean[]> {
  asked = [];
  const run = await open();
  const numbers = await count(run, target);
  const doubles = await double(run, numbers, options);
  await finishAll(run, numbers, doubles);
  return [numbers.worked, doubles.worked];
}

describe("stages", () => {
  it("follow one another and publish rows sorted by key, whatever the order of the work", async () => {
    await runBoth(10, { concurrency: 4 });
    const wide = await readFile(path.join(dir, "out/doubles.jsonl"), "utf8");
    expect((await values("doubles")).sort((a, b) => a - b)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    await rm(dir, { recursive: true });
    await runBoth(10, { concurrency: 1 });
    expect(await readFile(path.join(dir, "out/doubles.jsonl"), "utf8")).toBe(wide);
  });

  it("do nothing when started again", async () => {
    await runBoth(5);
    expect(await runBoth(5)).toEqual([false, false]);
    expect(asked).toEqual([]);
  });

  it("grow when more is asked for, and make only what is new", async () => {
    await runBoth(5);
    expect(await runBoth(8)).toEqual([true, true]);
    expect(asked.sort()).toEqual([5, 6, 7]);
    expect(await values("numbers")).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await values("doubles")).toHaveLength(8);
  });

  it("keep what was done when one item throws, and go on from there", async () => {
    const broken = (value: number): "default" => {
      if (value === 6) throw new Error("item 6 exploded");
      return "default";
    };
    await expect(runBoth(8, { make: broken, concurrency: 1 })).rejects.toThrow("item 6 exploded");
    await runBoth(8);
    expect(asked).toEqual([6, 7]);
    expect(await values("doubles")).toHaveLength(8);
  });

  it("store failures, go on, and make them again only when told to", async () => {
    const odd = (value: number): Made<Number> | "default" => (value % 2 === 1 ? failed("odd") : "default");
    await runBoth(6, { make: odd });
    expect(await values("doubles")).toHaveLength(3);
    expect(await runBoth(6)).toEqual([false, false]);
    expect(await runBoth(6, { retryFailed: true })).toEqual([false, true]);
    expect(asked.sort()).toEqual([1, 3, 5]);
    expect(await values("doubles")).toHaveLength(6);
    expect(await values("doubles.failed")).toHaveLength(0);
  });

  it("refuse files that another version of the stage made", async () => {
    await runBoth(3);
    const changed = plan("doubles", { fingerprint: "v2" });
    await expect(runBoth(3, { plan: changed })).rejects.toThrow(/stage doubles .* another version/);
  });

  it("believe the published file when a leftover journal lies beside it", async () => {
    await runBoth(3);
    await writeFile(path.join(dir, "out/doubles.jsonl.part"), "torn");
    expect(await runBoth(3)).toEqual([false, false]);
    await expect(readFile(path.join(dir, "out/doubles.jsonl.part"))).rejects.toThrow(/ENOENT/);
  });
});
