import { beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import type { SourceFile } from "../../src/core/record.js";
import type { Corpus } from "../../src/corpus/corpus.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { notScript, openFilter } from "../../src/train/filters.js";
import { contentOf, noSources, readSources } from "../../src/train/sources.js";

beforeAll(() => loadGrammar());

const fileOf = (path: string, text: string): SourceFile => ({
  key: path,
  source: "made",
  repository: "made/up",
  revision: null,
  licence: null,
  path,
  text,
});
const long = (bytes: number, character = "x") => character.repeat(bytes);

const corpusOf = (...files: readonly SourceFile[]): Corpus => ({
  name: "made",
  title: "made up",
  identity: "made",
  python: null,
  notices: [],
  licenceText: null,
  count: () => Promise.resolve(files.length),
  // eslint-disable-next-line @typescript-eslint/require-await -- the contract is asynchronous
  async *files() {
    for (const file of files) yield { order: file.path, file };
  },
});

describe("scripts", () => {
  it.each([
    ["main.py", long(1_000), null],
    ["src/main.py", long(1_000), "not-top-level"],
    ["setup.py", long(1_000), "setup-file"],
    ["main.py", long(999), "too-short"],
    ["main.py", long(500, "é"), null],
    ["main.py", long(100_000), null],
    ["main.py", long(100_001), "too-long"],
  ])("%s", (path, text, reason) => {
    expect(notScript({ path, text })).toBe(reason);
  });
});

describe("files", () => {
  it("are taken once where they are to be unique", () => {
    const filter = openFilter({ unique: true });
    expect(["a = 1\n", "b = 1\n", "a = 1\n", "a = 1"].map((text) => filter(fileOf("f.py", text)))).toEqual([
      { text: "a = 1\n", parsed: true },
      { text: "b = 1\n", parsed: true },
      { reason: "exact-copy" },
      { text: "a = 1", parsed: true },
    ]);
  });

  it("are formatted, or left out where the formatter can't read them", () => {
    const filter = openFilter({ format: true });
    expect(filter(fileOf("f.py", "x=[1,\n2]  # noqa\n"))).toEqual({
      text: "x = [1, 2]  # noqa\n",
      parsed: true,
    });
    expect(filter(fileOf("f.py", "print 'x'\n"))).toEqual({ reason: "not-formattable" });
  });

  it("lose comments and docstrings, or keep them where they don't parse", () => {
    const filter = openFilter({ without: ["comments", "docstrings"] });
    expect(filter(fileOf("f.py", '"""m"""\nx = "#"  # c\n'))).toEqual({ text: 'x = "#"\n', parsed: true });
    expect(filter(fileOf("f.py", "def f(:  # c\n"))).toEqual({ text: "def f(:  # c\n", parsed: false });
  });

  it("are read with all that became of them counted", async () => {
    const corpus = corpusOf(
      fileOf("a.py", `"""doc"""\n${long(1_000)} = 1\n`),
      fileOf("lib/b.py", long(1_000)),
      fileOf("c.py", `"""doc"""\n${long(1_000)} = 1\n`),
      fileOf("d.py", `# c\ndef f(:\n${long(1_000)}\n`),
      fileOf("e.py", "x"),
    );
    const counts = noSources();
    const options = { scripts: true, unique: true, without: ["comments", "docstrings"] as const, counts };
    const files = await collect(readSources(corpus, options));
    expect(files.map(({ path }) => path)).toEqual(["a.py", "d.py"]);
    expect(files[0]?.text).toBe(`${long(1_000)} = 1\n`);
    expect(counts).toEqual({
      kept: 2,
      dropped: { "not-top-level": 1, "exact-copy": 1, "too-short": 1 },
      unparsed: 1,
    });
    const identity = contentOf(corpus, options);
    const read = { corpus: "made", seed: 0, files: "all", mentions: "" };
    expect(identity).toEqual({ ...read, scripts: true, unique: true, without: "comments,docstrings" });
    expect(contentOf(corpus, { without: ["docstrings", "comments"], format: true })).toEqual({
      ...read,
      format: true,
      without: "comments,docstrings",
    });
    expect(contentOf(corpus, { scripts: false, unique: false, format: false, without: [] })).toEqual(read);
  });
});
