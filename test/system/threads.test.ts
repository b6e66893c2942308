// One, two and four threads must give the same bytes in the same order; threads that grew too large are replaced.
// Runs on the compiled thread in dist.
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Corpus } from "../../src/corpus/corpus.js";
import { openCorpus } from "../../src/corpus/open.js";
import type { SourceFile } from "../../src/core/record.js";
import { doJob } from "../../src/seeds/jobs.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { mapInOrder } from "../../src/seeds/parallel.js";
import { openThreads } from "../../src/seeds/threads.js";

/** A function that passes all filters. */
const SEED = `def between(values, low, high):
    """Return the values of a list that lie between low and high, in their order."""
    found = []
    for value in values:
        if low <= value <= high + 1:
            found.append(value)
    return found


`;
const START = { job: "seeds", options: {} } as const;
let corpus: Corpus;

beforeAll(async () => {
  await loadGrammar();
  corpus = await openCorpus("stdlib");
});

async function digest(workers: number): Promise<{ sha256: string; items: number; rows: number }> {
  const hash = createHash("sha256");
  let items = 0;
  let rows = 0;
  for await (const { item, result } of mapInOrder(corpus.files({ seed: 5 }), START, {
    workers,
    inlineMs: 100,
  })) {
    hash.update(`${item.order} ${JSON.stringify(result)}\n`);
    items++;
    rows += result?.length ?? 0;
  }
  return { sha256: hash.digest("hex"), items, rows };
}

async function files(count: number): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for await (const item of corpus.files({ seed: 5 })) {
    if ("file" in item) found.push(item.file);
    if (found.length === count) break;
  }
  return found;
}

describe("mapInOrder", () => {
  it("gives the same bytes for 1, 2 and 4 threads", async () => {
    const [one, two, four] = [await digest(1), await digest(2), await digest(4)];
    expect(one.items).toBe(await corpus.count());
    expect(one.rows).toBeGreaterThan(10_000);
    expect(two).toEqual(one);
    expect(four).toEqual(one);
  });

  it("ends its threads when nobody wants more", async () => {
    let seen = 0;
    for await (const { item } of mapInOrder(corpus.files({ seed: 5 }), START, { workers: 2, inlineMs: 0 })) {
      expect(item.order).not.toBe("");
      if (++seen === 3) break;
    }
    expect(process.getActiveResourcesInfo().filter((name) => name === "MessagePort")).toEqual([]);
  });
});

describe("a pool of threads", () => {
  it("replaces threads whose memory has grown, with the same results", async () => {
    const some = await files(12);
    const threads = openThreads(START, { workers: 1, recycleBytes: 1 });
    try {
      for (const file of some) expect(await threads.run([file])).toEqual([doJob("seeds", file, {})]);
      expect(threads.started).toBe(some.length);
    } finally {
      await threads.close();
    }
  });

  it("has room for the largest trees, and refuses what is larger", async () => {
    const [first] = await files(1);
    if (!first) throw new Error("no file");
    // Nodes by the thousand: 690, 700 in depth, 1,400.
    const densest = ["f(a)\n".repeat(98_000), "a+".repeat(230_000), "f(a)\n".repeat(200_000)];
    const threads = openThreads({ job: "seeds", options: { timeoutMs: 60_000 } }, { workers: 1 });
    try {
      const given = densest.map((text, at) => ({
        ...first,
        path: `${at}.py`,
        text: `${SEED}${text}`,
      }));
      const answers = await Promise.all(given.map((file) => threads.run([file])));
      const told = answers.map(([rows]) =>
        rows?.map((row) => ("reason" in row ? row.reason : "kept")).join(),
      );
      expect(told).toEqual(["kept", "kept", "too-many-nodes"]);
    } finally {
      await threads.close();
    }
  });

  it("fails when a thread ends under it", async () => {
    const threads = openThreads(START, { workers: 1 });
    const answer = threads.run(await files(40));
    await threads.close();
    await expect(answer).rejects.toThrow("a thread that reads the corpus ended");
  });

  it("costs a file its own time limit", async () => {
    const start = { job: "seeds", options: { timeoutMs: 0 } } as const;
    const [first] = await files(1);
    if (!first) throw new Error("no file");
    const threads = openThreads(start, { workers: 1 });
    try {
      const big = { ...first, text: `x = [${"1, ".repeat(200_000)}]\n` };
      const [rows] = await threads.run([big]);
      expect(rows?.map((row) => ("reason" in row ? row.reason : "kept"))).toEqual(["time-limit"]);
    } finally {
      await threads.close();
    }
  });
});
