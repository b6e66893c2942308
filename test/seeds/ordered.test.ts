// Filters that look back: asked in the corpus's order, and told of what earlier starts kept, so that a run that stopped
// half-way ends with the same rows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { Journal } from "../../src/core/journal.js";
import type { Reject, Seed } from "../../src/core/record.js";
import { recordOf, type Corpus } from "../../src/corpus/corpus.js";
import { gathering, KEPT, REJECTED } from "../../src/seeds/gather.js";
import type { OrderedFilter } from "../../src/seeds/ordered.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-gather-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const module = (file: number): string =>
  ["a", "b", "c"]
    .map(
      (name) =>
        `def ${name}(x):\n    """Adds a number to it."""\n    return x + ${name === "a" && file % 3 === 2 ? 2 : file}\n`,
    )
    .join("");

const paths = Array.from({ length: 9 }, (_, at) => `m${at}.py`);
const corpus: Corpus = {
  name: "folder:demo",
  title: "demo",
  identity: "demo",
  python: null,
  notices: [],
  licenceText: null,
  count: () => Promise.resolve(paths.length),
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract is asynchronous, this corpus is not
  async *files({ after = "" }) {
    for (const [at, file] of paths.entries()) {
      const origin = { source: "folder:demo", repository: "demo", revision: null, licence: null, path: file };
      const order = String(at);
      if (order > after) yield recordOf(order, origin, Buffer.from(module(at)));
    }
  },
};

/** Refuses a seed after one of the same file was kept, answers late. */
function oncePerFile(): OrderedFilter {
  let last = "";
  return {
    refuse: async ({ provenance }) => {
      await Promise.resolve();
      return provenance.path === last ? { reason: "type-error", detail: last } : null;
    },
    keep: ({ provenance }) => void (last = provenance.path),
  };
}

/** Gathers up to each target in turn, as starts of one run would. */
async function gathered(name: string, ...targets: number[]): Promise<string[]> {
  const file = path.join(base, name);
  let rows: string[] = [];
  for (const target of targets) {
    const journal = await Journal.open(file);
    const task = () => ({
      tick: () => undefined,
      expect: () => undefined,
      note: () => undefined,
      end: () => undefined,
    });
    const { signal } = new AbortController();
    const options = {
      corpus,
      target,
      seed: 0,
      filters: {},
      ordered: [oncePerFile()],
      workers: 1,
      signal,
      task,
    };
    await gathering(options)(journal, null);
    const kept = await collect(journal.texts(KEPT, "appended"));
    const rejected = await collect(journal.texts(REJECTED, "appended"));
    rows = [
      ...kept
        .map((text) => JSON.parse(text) as Seed)
        .map(({ entryPoint, provenance }) => `${provenance.path} ${entryPoint}`),
      ...rejected
        .map((text) => JSON.parse(text) as Reject)
        .map(({ qualname, reason }) => `${String(qualname)} ${reason}`),
    ];
    await journal.close();
  }
  return rows;
}

describe("ordered filters", () => {
  it("asks filters in the corpus's order", async () => {
    expect(await gathered("first", 2)).toEqual(["m0.py a", "m1.py a", "b type-error", "c type-error"]);
  });

  it("ends with the same rows when it stops on the way", async () => {
    const whole = await gathered("whole", 6);
    expect(whole.filter((row) => row.endsWith("exact-duplicate")).length).toBeGreaterThan(0);
    expect(await gathered("parts", 1, 2, 4, 6)).toEqual(whole);
  });
});
