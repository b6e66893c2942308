// Moving thresholds over the rows of a run must give what reading the corpus again with them would: the same texts kept,
// and the same reasons. Tried with drawn thresholds on modules of the embedded standard library.
import { beforeAll, describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import type { Reject, Seed, SourceFile } from "../../src/core/record.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { exactDuplicates, keptOr } from "../../src/seeds/ordered.js";
import { refilter } from "../../src/seeds/refilter.js";
import { seedsOf } from "../../src/seeds/seeds.js";
import { FILTER_SETS, thresholdsOf, type Filters, type Thresholds } from "../../src/seeds/thresholds.js";

const FILES = 60;
const files: SourceFile[] = [];

beforeAll(async () => {
  await loadGrammar();
  for await (const item of (await openCorpus("stdlib")).files({ seed: 1 })) {
    if ("file" in item) files.push(item.file);
    if (files.length === FILES) break;
  }
  // The same text twice, so that duplicates come and go with the thresholds.
  files.push(
    ...files.slice(0, 10).map((file) => ({ ...file, key: `${file.key}-again`, path: `again/${file.path}` })),
  );
});

async function read(filters: Filters): Promise<{ seeds: Seed[]; rejects: Reject[] }> {
  const seeds: Seed[] = [];
  const rejects: Reject[] = [];
  const ordered = [exactDuplicates()];
  for (const file of files) {
    const found = seedsOf(file, thresholdsOf(filters));
    rejects.push(...found.rejects);
    for (const seed of found.seeds) {
      const row = await keptOr(seed, ordered);
      if ("seed" in row) seeds.push(row);
      else rejects.push(row);
    }
  }
  return { seeds, rejects };
}

const sorted = (texts: readonly string[]): string[] => [...texts].sort();

function drawn(next: () => number): Partial<Thresholds> {
  const some = <T>(value: T, other: T): T => (next() < 0.5 ? value : other);
  return {
    minLines: Math.floor(next() * 12),
    maxLines: some(null, 5 + Math.floor(next() * 60)),
    maxSeedLines: some(250, 10 + Math.floor(next() * 60)),
    minDocstringWords: Math.floor(next() * 12),
    minParameters: Math.floor(next() * 3),
    maxComplexity: some(null, 1 + Math.floor(next() * 8)),
    forbiddenWords: some([], ["todo", "bug"]),
    forbiddenImports: some([], ["re", "sys", "os"]),
    mentionsAny: some([], ["re", "pandas"]),
  };
}

describe("refilter", () => {
  it("gives what a new run would, for sets with names and for drawn thresholds", async () => {
    const next = uniforms(7, "thresholds");
    const all: Filters[] = [...Object.values(FILTER_SETS), ...Array.from({ length: 6 }, () => drawn(next))];
    const runs = await Promise.all(all.map(read));
    expect(new Set(runs.map(({ seeds }) => seeds.length)).size).toBeGreaterThan(4);
    for (const [from, { seeds, rejects }] of runs.entries()) {
      for (const [to, run] of runs.entries()) {
        const { kept, dropped } = refilter(seeds, rejects, all[to]);
        const what = `from ${JSON.stringify(all[from])} to ${JSON.stringify(all[to])}`;
        expect(sorted(kept.map(({ sha1 }) => sha1)), what).toEqual(sorted(run.seeds.map(({ sha1 }) => sha1)));
        expect(sorted(dropped.map(({ reason }) => reason)), what).toEqual(
          sorted(run.rejects.map(({ reason }) => reason)),
        );
      }
    }
  });

  it("leaves refused what a type checker refused", async () => {
    const { seeds, rejects } = await read("default");
    const [first, ...others] = seeds;
    if (!first) throw new Error("no seed");
    const typed = { ...first, stage: "seeds", reason: "type-error", detail: "line 1", qualname: "f" };
    const { kept, dropped } = refilter(others, [...rejects, typed]);
    expect(kept.some(({ key }) => key === first.key)).toBe(false);
    expect(dropped.find(({ key }) => key === first.key)?.reason).toBe("type-error");
  });
});
