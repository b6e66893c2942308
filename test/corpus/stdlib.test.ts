import { describe, expect, it } from "vitest";
import type { CorpusFile } from "../../src/corpus/corpus.js";
import { openCorpus } from "../../src/corpus/open.js";

async function files(): Promise<CorpusFile[]> {
  const found: CorpusFile[] = [];
  for await (const item of (await openCorpus("stdlib")).files({ seed: 1 })) {
    if ("file" in item) found.push(item);
  }
  return found;
}

describe("stdlib", () => {
  it("is CPython's library and nothing of Pyodide's own", async () => {
    const paths = (await files()).map(({ file }) => file.path);
    expect(paths.length).toBeGreaterThan(500);
    expect(paths).toEqual(expect.arrayContaining(["heapq.py", "json/decoder.py", "asyncio/tasks.py"]));
    expect(paths.filter((path) => /pyodide|site-packages/.test(path) || !path.endsWith(".py"))).toEqual([]);
  });

  it("decodes all of it and says where it is from", async () => {
    const corpus = await openCorpus("stdlib");
    const all = await files();
    expect(await corpus.count()).toBe(all.length);
    const heapq = all.find(({ file }) => file.path === "heapq.py")?.file;
    expect(heapq).toMatchObject({ source: "stdlib", repository: "python/cpython", licence: "PSF-2.0" });
    expect(heapq?.revision).toMatch(/^3\.\d+\.\d+$/);
    expect(heapq?.text).toContain("def heappush(heap, item):");
    expect(corpus.notices.join()).toContain("Python Software Foundation");
  });
});
