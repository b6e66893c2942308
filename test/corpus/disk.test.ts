import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCorpus } from "../../src/corpus/open.js";
import { expectResumable, itemsOf, linesOf, parquetOf, shown } from "./reading.js";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "disk-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const programs = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name}${at} = "${"ü".repeat(at)}"`);

describe("jsonl:PATH", () => {
  it("reads plain and packed lines, resumable behind each, even with odd lines between", async () => {
    const rows = programs("a", 6).map((code) => ({ code }));
    const text = `\n${linesOf([...rows.slice(0, 3), "no json", [1], 7, "   ", ...rows.slice(3)])}`.trimEnd();
    write({
      "set/a.jsonl": text,
      "set/deep/b.jsonl.gz": gzipSync(text),
      "set/c.txt": "x",
      "set/empty.jsonl": "",
    });
    const corpus = await openCorpus(`jsonl:${root}/set`);
    const items = await expectResumable(corpus);
    expect(items).toHaveLength(18);
    expect(items.filter((item) => "reject" in item && item.reject.reason === "not-json")).toHaveLength(6);
    expect(
      items.filter((item) => "file" in item).map((item) => ("file" in item ? item.file.text : "")),
    ).toEqual([...programs("a", 6), ...programs("a", 6)]);
    expect(JSON.stringify(items)).not.toContain(root);
    expect(corpus.name).toBe("jsonl:set");
    expect(corpus.identity).not.toContain(root);
  });

  it("refuses a packed file that ends in the middle", async () => {
    const packed = gzipSync(linesOf(programs("a", 50).map((code) => ({ code }))));
    write({ "x.jsonl.gz": packed.subarray(0, packed.length - 20), "y.jsonl.gz": "not packed" });
    for (const name of ["x.jsonl.gz", "y.jsonl.gz"]) {
      const corpus = await openCorpus(`jsonl:${root}/${name}`);
      await expect(itemsOf(corpus, 0)).rejects.toThrow(`file "${name}" is not gzip, or ends in the middle`);
    }
  });

  it("keeps what no file can hold out", async () => {
    write({
      "x.jsonl": linesOf([{ text: "x = '\ud800'" }, { text: "\ufeffy" }, { text: "#".repeat(1_000_001) }]),
    });
    const items = await itemsOf(await openCorpus(`jsonl:${root}/x.jsonl`), 0);
    expect(items.map(shown).map((line) => line.replace(/^\S+ /, ""))).toEqual([
      "!undecodable",
      "y",
      "!file-too-large",
    ]);
  });
});

describe("parquet:PATH", () => {
  it("reads a file or a folder of them, resumable behind each row", async () => {
    write({
      "one.parquet": parquetOf({ text: programs("a", 7) }),
      "more/two.parquet": parquetOf({ text: ["b"] }),
    });
    expect(await expectResumable(await openCorpus(`parquet:${root}`))).toHaveLength(8);
    const items = await expectResumable(await openCorpus(`parquet:${root}/one.parquet`));
    expect(items.map(shown)).toEqual(programs("a", 7).map((code, at) => `one.parquet#${at} ${code}`));
  });

  it("reads its own columns only", async () => {
    const wide = parquetOf({ content: ["x"], embedding: ["e".repeat(100)], license: ["mit"] });
    write({ "x.parquet": wide });
    expect(await itemsOf(await openCorpus(`parquet:${root}/x.parquet`), 0)).toMatchObject([
      { file: { text: "x", licence: "mit" } },
    ]);
  });

  it("refuses a damaged file in one line", async () => {
    const damaged = parquetOf({ text: programs("a", 7) });
    damaged.fill(255, 4, 40);
    write({ "x.parquet": damaged, "y.parquet": parquetOf({ text: programs("a", 7) }).subarray(50) });
    for (const [name, what] of [
      ["x.parquet", "row group 0"],
      ["y.parquet", "row group"],
    ] as const) {
      const failure = await itemsOf(await openCorpus(`parquet:${root}/${name}`), 0).catch(String);
      expect(failure).toContain(`InputError: Parquet file "${name}": ${what}`);
      expect(failure).toContain("write it again with");
    }
  });
});

it("says what is wrong with the name", async () => {
  write({ "x.csv": "", "empty/x.txt": "" });
  for (const [spec, message] of [
    ["parquet:", 'corpus "parquet:" names no file; write parquet:PATH'],
    [`jsonl:${root}/none`, `"${root}/none" does not exist; check the path behind "jsonl:"`],
    [`jsonl:${root}/x.csv`, `"${root}/x.csv" does not have the ending .jsonl or .jsonl.gz`],
    [`parquet:${root}/empty`, `"${root}/empty" holds no file with the ending .parquet`],
  ] as const) {
    await expect(openCorpus(spec)).rejects.toThrow(message);
  }
});

// A group of rows is in memory once it is read: nothing but a pause of ours lets a signal be heard.
it.each(["stdlib", "jsonl", "parquet"])("%s hears between two files that it is to stop", async (kind) => {
  const rows = Array.from({ length: 3_000 }, (_, at) => ({ content: `a = ${at}\n` }));
  write({ "a.jsonl": linesOf(rows) });
  write({ "a.parquet": parquetOf({ content: rows.map(({ content }) => content) }, 3_000) });
  const corpus = await openCorpus(kind === "stdlib" ? kind : `${kind}:${root}/a.${kind}`);
  const count = (await itemsOf(corpus, 1)).length;
  const stop = new AbortController();
  const files = corpus.files({ seed: 1, signal: stop.signal });
  let read = 0;
  const reading = (async () => {
    for await (const item of files) {
      expect(item).toHaveProperty("file");
      if (read++ === 0) setTimeout(() => stop.abort(new Error("enough")), 0);
    }
  })();
  await expect(reading).rejects.toThrow("enough");
  expect(read).toBeLessThan(count);
});
