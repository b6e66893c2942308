import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import type { SourceFile } from "../../src/core/record.js";
import type { Corpus } from "../../src/corpus/corpus.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { DATA_SCIENCE, dropOf } from "../../src/train/filters.js";
import { noSources, readSources } from "../../src/train/sources.js";
import { encodeTo, openTokens } from "../../src/train/tokens.js";

const tokenizer = path.resolve(import.meta.dirname, "../fixtures/tokenizer/tokenizer.json");
const root = mkdtempSync(path.join(os.tmpdir(), "tokens-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(path.join(root, "store-"));
});

const file = (name: string, text: string): SourceFile => ({
  key: `key of ${name}`,
  source: "test",
  repository: "us/test",
  revision: null,
  path: name,
  licence: null,
  text,
});

// eslint-disable-next-line @typescript-eslint/require-await -- files come asynchronously
async function* these(...files: readonly SourceFile[]): AsyncGenerator<SourceFile> {
  yield* files;
}

const content = { corpus: "test" };

describe("a store", () => {
  it("holds the ids of the files in their order, whatever the number of threads", async () => {
    const corpus = await openCorpus("stdlib");
    const files = await collect(readSources(corpus, { files: 40 }));
    const one = await loadTokenizer(tokenizer);
    const ids = files.map(({ text }) => one.encode(text, { specialAsText: true }));
    for (const workers of [1, 2]) {
      const place = path.join(folder, String(workers));
      const made = await encodeTo(place, these(...files), tokenizer, { content, workers });
      expect(made).toMatchObject({ width: 2, documents: 40, tokens: ids.flat().length });
      const store = await openTokens(place, tokenizer);
      expect(store.documents.map(({ path: name, tokens }) => [name, tokens])).toEqual(
        files.map(({ path: name }, at) => [name, ids[at]?.length]),
      );
      expect(Array.from(await store.read(0, made.tokens))).toEqual(ids.flat());
      const start = ids[0]?.length ?? 0;
      expect(Array.from(await store.read(start, 5))).toEqual(ids[1]?.slice(0, 5));
      await store.close();
      expect(readdirSync(place).sort()).toEqual(["documents.jsonl", "store.json", "tokens.bin"]);
    }
  });

  it("takes special tokens in a text for text, and empty files as they are", async () => {
    const files = these(file("a", ""), file("b", "x<|endoftext|>"), file("c", ""));
    const made = await encodeTo(folder, files, tokenizer, { content, workers: 1 });
    const store = await openTokens(folder, tokenizer);
    const one = await loadTokenizer(tokenizer);
    const ids = Array.from(await store.read(0, made.tokens));
    expect(ids).not.toContain(one.idOf("<|endoftext|>"));
    expect(one.decode(ids)).toBe("x<|endoftext|>");
    expect(store.documents.map(({ tokens }) => tokens)).toEqual([0, made.tokens, 0]);
    await store.close();
  });

  it("is left alone where it was made of the same, and refused where not", async () => {
    const first = await encodeTo(folder, these(file("a", "x = 1")), tokenizer, { content, workers: 1 });
    const again = await encodeTo(folder, these(file("a", "never read")), tokenizer, { content, workers: 1 });
    expect(again).toEqual(first);
    await expect(
      encodeTo(folder, these(), tokenizer, { content: { corpus: "other" }, workers: 1 }),
    ).rejects.toThrow('made of something else (corpus was "test" and is now "other")');
    const other = path.join(root, "other.json");
    writeFileSync(other, "{}");
    await expect(openTokens(folder, other)).rejects.toThrow("was made of something else (tokenizer was");
  });

  it("is refused where it is none or damaged", async () => {
    await expect(openTokens(folder, tokenizer)).rejects.toThrow("is no token store");
    await encodeTo(folder, these(file("a", "x = 1")), tokenizer, { content, workers: 1 });
    await expect(openTokens(folder, root)).rejects.toThrow("has no tokenizer.json");
    truncateSync(path.join(folder, "tokens.bin"), 2);
    await expect(openTokens(folder, tokenizer)).rejects.toThrow("is damaged");
    writeFileSync(path.join(folder, "store.json"), "no JSON");
    await expect(openTokens(folder, tokenizer)).rejects.toThrow("is no token store's");
  });

  it("leaves nothing behind that looks whole when reading the corpus fails", async () => {
    async function* failing(): AsyncGenerator<SourceFile> {
      yield* these(file("a", "x = 1"));
      throw new Error("the network is gone");
    }
    for (const workers of [1, 2])
      await expect(encodeTo(folder, failing(), tokenizer, { content, workers })).rejects.toThrow(
        "network is gone",
      );
    await expect(openTokens(folder, tokenizer)).rejects.toThrow("is no token store");
    expect(readdirSync(folder).filter((name) => name.startsWith("tokens"))).toEqual([]);
  });
});

describe("the files of a corpus", () => {
  it("are those that mention a library anywhere, as in the course", () => {
    expect(dropOf("import numpy as np", DATA_SCIENCE)).toBe("no-keyword");
    expect(dropOf("import pandas as pd", DATA_SCIENCE)).toBeNull();
    expect(dropOf("# expands to mypandasfork", DATA_SCIENCE)).toBeNull();
    expect(dropOf("PANDAS", DATA_SCIENCE)).toBe("no-keyword");
    expect(dropOf("", [])).toBeNull();
  });

  it("are counted, those left out by their reasons", async () => {
    const items = [
      file("a", "import pandas"),
      file("b", "import os"),
      file("c", "sklearn"),
      file("d", "seaborn"),
    ];
    const reject = { key: "", stage: "corpus", reason: "nul-byte", detail: "", qualname: null };
    const corpus = {
      // eslint-disable-next-line @typescript-eslint/require-await -- as a corpus does
      async *files() {
        yield { order: "0", reject };
        for (const one of items) yield { order: one.path, file: one };
      },
    } as unknown as Corpus; // nothing else is asked of it
    const counts = noSources();
    const kept = await collect(readSources(corpus, { mentions: DATA_SCIENCE, files: 2, counts }));
    expect(kept.map(({ path: name }) => name)).toEqual(["a", "c"]);
    expect(counts).toEqual({ kept: 2, dropped: { "nul-byte": 1, "no-keyword": 1 }, unparsed: 0 });
  });
});
