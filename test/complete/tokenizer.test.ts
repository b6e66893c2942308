// The tokenizer of code pieces: what it learns, and that every text comes back.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { openCorpus } from "../../src/corpus/open.js";
import { compareTokenizers } from "../../src/complete/comparison.js";
import {
  trainCodeTokenizer,
  trainCodeTokenizerTo,
  writeCodeTokenizer,
} from "../../src/complete/tokenizer.js";
import { loadTokenizer, type Tokenizer } from "../../src/model/tokenizer.js";

const folder = mkdtempSync(path.join(os.tmpdir(), "pieces-"));
afterAll(() => rmSync(folder, { recursive: true }));

// eslint-disable-next-line @typescript-eslint/require-await -- texts come asynchronously
async function* given(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

const CODE =
  'class FooBar(HTTPServer):\n    def __init__(self, foo_bar):\n        self.foo = foo_bar[10]  # "x"\n';

async function trained(texts: readonly string[], options: Parameters<typeof trainCodeTokenizer>[1] = {}) {
  const place = mkdtempSync(path.join(folder, "one-"));
  const made = await trainCodeTokenizer(given(...texts), { workers: 1, ...options });
  await writeCodeTokenizer(made, place);
  return { made, place, tokenizer: await loadTokenizer(place) };
}

const shown = (tokenizer: Tokenizer, text: string) =>
  tokenizer.encode(text).map((id) => tokenizer.tokenOf(id) ?? "");
const back = (tokenizer: Tokenizer, text: string) =>
  tokenizer.decode(tokenizer.encode(text, { specialAsText: true }));

describe("a small vocabulary", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    ({ tokenizer } = await trained([CODE.repeat(4)], { minFrequency: 3 }));
  });

  it("has a token for each frequent piece, and one for its case", () => {
    expect(shown(tokenizer, CODE)).toEqual(
      [
        [
          "class",
          "<|capital|>",
          "Ġfoo",
          "<|capital|>",
          "bar",
          "(",
          "<|upper|>",
          "http",
          "<|capital|>",
          "server",
        ],
        [
          "):",
          "ĊĠĠĠĠ",
          "def",
          "Ġ__",
          "init",
          "__",
          "(",
          "self",
          ",",
          "Ġfoo",
          "_bar",
          "):",
          "ĊĠĠĠĠĠĠĠĠ",
          "self",
        ],
        [".", "foo", "Ġ=", "Ġfoo", "_bar", "[", "10", "]", "Ġ", "Ġ#", 'Ġ"', "x", '"', "Ċ"],
      ].flat(),
    );
  });

  it("spells what is rare in bytes, and what is behind a blank or underscore as if it stood alone", () => {
    expect(shown(tokenizer, "rare")).toEqual(["r", "a", "r", "e"]);
    expect(shown(tokenizer, "Rare")).toEqual(["R", "a", "r", "e"]);
    expect(shown(tokenizer, "ß")).toEqual(["Ã", "Ł"]);
    expect(shown(tokenizer, "_Server")).toEqual(["_", "<|capital|>", "server"]);
    expect(shown(tokenizer, "HTTP_SERVER")).toEqual(["<|upper|>", "http", "_", "<|upper|>", "server"]);
    expect(back(tokenizer, "_Server HTTP_SERVER rareRare")).toBe("_Server HTTP_SERVER rareRare");
  });

  it("takes the end of a text for a token or for its characters", () => {
    const text = "foo<|endoftext|>bar";
    expect(shown(tokenizer, text)).toEqual(["foo", "<|endoftext|>", "bar"]);
    expect(tokenizer.special).toEqual({ bos: 0, eos: [0], pad: 0 });
    const ids = tokenizer.encode(text);
    expect(tokenizer.decode(ids)).toBe("foobar");
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(text);
    expect(tokenizer.encode(text, { specialAsText: true })).not.toContain(0);
    expect(back(tokenizer, text)).toBe(text);
    for (const mark of ["<|capital|>", "<|upper|>foo"]) {
      expect(back(tokenizer, mark)).toBe(mark);
      expect(tokenizer.decode(tokenizer.encode(mark))).toBe(mark);
    }
  });

  it("reads any ids, as a model may draw them", () => {
    const id = (token: string) => tokenizer.idOf(token) ?? -1;
    const [capital, upper] = [id("<|capital|>"), id("<|upper|>")];
    expect(tokenizer.decode([capital, upper, id("foo"), id("foo")])).toBe("FOOfoo");
    expect(tokenizer.decode([capital, id("Ċ"), id("foo"), upper])).toBe("\nfoo");
    expect(tokenizer.decode([upper, id("Ã"), id("Ł"), 10_000])).toBe("ß");
    expect(tokenizer.decode([id("Ã")])).toBe("\ufffd");
    const { push, end } = tokenizer.streamDecoder();
    const pushed = [capital, id("Ġfoo"), id("Ã"), id("Ł"), id("Ã")].map(push);
    expect([...pushed, end()]).toEqual(["", " Foo", "", "ß", "", "\ufffd"]);
  });

  it("takes a lone surrogate for U+FFFD", () => {
    expect(tokenizer.encode("a\ud800b")).toEqual(tokenizer.encode("a\ufffdb"));
    expect(back(tokenizer, "\udc00")).toBe("\ufffd");
  });

  it("gives every generated text back, at once and token by token", () => {
    const next = uniforms(3, "texts");
    const parts = [
      "foo",
      "Foo",
      "FOO",
      "fooBar",
      "_",
      "__",
      " ",
      "   ",
      "\t",
      "\n",
      "\r\n",
      "\r",
      "\n\t  ",
      "\f",
    ];
    parts.push(
      "server",
      "HTTP",
      "10",
      "123456",
      "():",
      '"""',
      "<|upper|>",
      "<|endoftext|>",
      "ß",
      "É",
      "İ",
      "ΣΑΣ",
    );
    parts.push("日本", "😀", "\u0301", "\ufeff", "\u2028", "\0", "\u00a0", "ǅ", "٣", "X", " X", "_X");
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: 24 }, () => parts[Math.floor(next() * parts.length)]).join("");
      const ids = tokenizer.encode(text, { specialAsText: true });
      expect(tokenizer.decode(ids)).toBe(text);
      const { push, end } = tokenizer.streamDecoder();
      expect(ids.map(push).join("") + end()).toBe(text);
    }
  });
});

describe("training", () => {
  it("counts over texts, in threads as alone", async () => {
    const texts = [CODE, "x".repeat(2 ** 22), CODE, "<|endoftext|>", CODE];
    const [alone, threads] = await Promise.all([
      trainCodeTokenizer(given(...texts), { minFrequency: 3, workers: 1 }),
      trainCodeTokenizer(given(...texts), { minFrequency: 3, workers: 2 }),
    ]);
    expect(threads).toEqual(alone);
    expect(alone.texts).toBe(5);
    // " Foo", ", foo" and "= foo" are one piece, nine times; "_bar" is there six times, the other two three times.
    expect(alone.tokens.slice(259).filter((token) => /foo|bar|endoftext/.test(token))).toEqual([
      "Ġfoo",
      "_bar",
      "bar",
      "foo",
    ]);
  });

  it("keeps the most frequent where the vocabulary has a limit", async () => {
    const texts = ["aa ".repeat(9) + "bb\n".repeat(20) + "cc,".repeat(30)];
    const all = await trainCodeTokenizer(given(...texts), { minFrequency: 9, workers: 1 });
    expect(all.tokens.slice(259)).toEqual(["cc", "bb", "aa"]);
    const some = await trainCodeTokenizer(given(...texts), { minFrequency: 9, vocabSize: 260, workers: 1 });
    expect(some.tokens).toEqual(all.tokens.slice(0, 260));
  });

  it("refuses a vocabulary without room for the bytes, and empty special tokens", async () => {
    await expect(trainCodeTokenizer(given("a"), { vocabSize: 258 })).rejects.toThrow(
      "vocabulary size 258 is too small: choose at least 259, for bytes, marks and special tokens",
    );
    await expect(trainCodeTokenizer(given("a"), { special: [] })).rejects.toThrow("must not be empty");
    await expect(trainCodeTokenizer(given("a"), { special: [""] })).rejects.toThrow("must not be empty");
  });

  it("makes files that are refused by name once they are damaged", async () => {
    const { place } = await trained([CODE]);
    const file = path.join(place, "tokenizer.json");
    const json = JSON.parse(readFileSync(file, "utf8")) as { model: { version: number; vocab: object } };
    const written = (model: object) =>
      writeFileSync(file, JSON.stringify({ ...json, model: { ...json.model, ...model } }));
    written({ version: 2 });
    await expect(loadTokenizer(place)).rejects.toThrow("its pieces are of version 2, not 1");
    written({ vocab: { "<|capital|>": 0 } });
    await expect(loadTokenizer(place)).rejects.toThrow('the token "Ā" is missing');
  });
});

describe("on CPython's standard library", () => {
  const place = path.join(folder, "stdlib");

  it("gives every file back", async () => {
    const made = await trainCodeTokenizerTo("stdlib", place);
    expect(made.tokens).toBeGreaterThan(5_000);
    expect(made.sources.dropped).toEqual({});
    const tokenizer = await loadTokenizer(place);
    let files = 0;
    for await (const item of (await openCorpus("stdlib")).files({ seed: 0 })) {
      if (!("file" in item)) continue;
      files++;
      const { text, path: name } = item.file;
      expect(back(tokenizer, text) === text ? null : name).toBeNull();
    }
    expect(files).toBe(made.sources.kept);
    expect(files).toBeGreaterThan(500);
  });

  it("is compared with another on the same files", async () => {
    const folders = { code: place, bpe: path.resolve(import.meta.dirname, "../fixtures/tokenizer") };
    const { tokenizers, curve, sources } = await compareTokenizers("stdlib", folders, {
      files: 20,
      mentions: ["self."],
    });
    expect(sources.kept).toBe(20);
    const [code, bpe] = tokenizers;
    expect(code?.lengths.bytes).toBe(bpe?.lengths.bytes);
    expect(code?.lengths.files).toBe(20);
    expect(code?.lengths.tokens).toBeLessThan(bpe?.lengths.tokens ?? 0);
    const counts = code?.frequent.map(({ count }) => count) ?? [];
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(code?.frequent.map(({ token }) => token)).toContain("self");
    const used = (code?.vocabulary ?? 0) - (code?.rare.unused ?? 0);
    expect(code?.ranks.at(-1)?.rank).toBe(used);
    const sizes = curve.map(({ pieces }) => pieces);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    await expect(compareTokenizers("stdlib", { none: folder })).rejects.toThrow("has no tokenizer.json");
  });
});
