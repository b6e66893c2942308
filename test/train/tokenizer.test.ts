// Trained tokenizers against what Python's `tokenizers` makes of the same texts (test/fixtures/bpe, made by
// scripts/golden/bpe.py), and their files through our own encoder.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import type { Digits } from "../../src/model/words.js";
import { trainTokenizer, trainTokenizerTo } from "../../src/train/tokenizer.js";
import { writeTokenizer } from "../../src/train/tokenizerfile.js";

interface Golden {
  readonly trained: readonly {
    readonly name: string;
    readonly texts: readonly (readonly [text: string, times: number])[];
    readonly vocabSize: number;
    readonly minFrequency: number;
    readonly special: readonly string[];
    readonly digits: Digits;
    readonly start: readonly string[];
    readonly made: readonly string[];
    readonly merges: readonly (readonly [string, string])[];
  }[];
}

const golden = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, "../fixtures/bpe/golden.json"), "utf8"),
) as Golden;

const folder = mkdtempSync(path.join(os.tmpdir(), "tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

// eslint-disable-next-line @typescript-eslint/require-await -- texts come asynchronously
async function* repeated(texts: readonly (readonly [string, number])[]): AsyncGenerator<string> {
  for (const [text, times] of texts) for (let n = 0; n < times; n++) yield text;
}

const one = (...texts: readonly string[]) => repeated(texts.map((text) => [text, 1]));

describe("the trainer", () => {
  it.each(golden.trained.filter(({ vocabSize, start }) => vocabSize >= start.length))(
    "finds the tokens and merges of tokenizers: $name",
    async ({ texts, start, made, merges, ...options }) => {
      const trained = await trainTokenizer(repeated(texts), { ...options, workers: 1 });
      expect(trained.tokens).toEqual([...start, ...made]);
      expect(trained.merges).toEqual(merges);
    },
  );

  it("finds the same in threads", async () => {
    const code = golden.trained.find(({ name }) => name === "code");
    const { texts = [], special = [], merges } = code ?? {};
    const options = { vocabSize: 500, minFrequency: 2, special, workers: 2 };
    // More than one batch for each thread.
    const padded = [...texts, ["x".repeat(2 ** 22), 5]] as const;
    const trained = await trainTokenizer(repeated(padded), { ...options, vocabSize: 480 });
    const alone = await trainTokenizer(repeated(padded), { ...options, vocabSize: 480, workers: 1 });
    expect(trained).toEqual(alone);
    expect(await trainTokenizer(repeated(texts), options)).toHaveProperty("merges", merges);
  });

  it("takes a lone surrogate for U+FFFD", async () => {
    const options = { minFrequency: 1, workers: 1 };
    const [lone, replaced] = await Promise.all([
      trainTokenizer(one("a\ud800b \udc00\udc00", "\ud800 \ud801"), options),
      trainTokenizer(one("a\ufffdb \ufffd\ufffd", "\ufffd \ufffd"), options),
    ]);
    expect(lone).toEqual(replaced);
  });

  it("refuses a vocabulary without room for the bytes, and empty special tokens", async () => {
    await expect(trainTokenizer(one("a"), { vocabSize: 256 })).rejects.toThrow(
      "vocabulary size 256 is too small: choose at least 257, for the bytes and special tokens",
    );
    await expect(trainTokenizer(one("a"), { vocabSize: 300.5 })).rejects.toThrow("300.5");
    await expect(trainTokenizer(one("a"), { special: [""] })).rejects.toThrow("must not be empty");
    await expect(trainTokenizer(one("a"), { special: [] })).rejects.toThrow("must not be empty");
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(trainTokenizer(one("a"), { signal, workers: 1 })).rejects.toThrow("enough");
  });
});

describe("the files", () => {
  it.each(["words", "single", "grouped"] as const)("load and encode back to the text: %s", async (digits) => {
    const text = "def f(x2):\n    return x2 * 1234  # für 日本\r\n<|endoftext|>";
    const trained = await trainTokenizer(one(text, text, text), { vocabSize: 290, digits, workers: 1 });
    const place = path.join(folder, digits);
    await writeTokenizer(trained, place);
    const tokenizer = await loadTokenizer(place);
    expect(tokenizer.vocabSize).toBe(290);
    expect(tokenizer.special).toEqual({ bos: 0, eos: [0], pad: 0 });
    const ids = tokenizer.encode(text);
    expect(ids.at(-1)).toBe(0);
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(text);
    expect(ids.length).toBeLessThan(text.length / 2);
    const together = ids.map((id) => tokenizer.tokenOf(id) ?? "").some((token) => /\d\d/.test(token));
    expect(together).toBe(digits !== "single");
  });

  it("come from a corpus by its name", async () => {
    const place = path.join(folder, "stdlib");
    const made = await trainTokenizerTo("stdlib", place, {
      vocabSize: 400,
      files: 20,
      mentions: ["import re"],
    });
    expect(made).toMatchObject({ tokens: 400, merges: 143, sources: { kept: 20 } });
    expect(made.sources.dropped["no-keyword"]).toBeGreaterThan(0);
    expect((await loadTokenizer(place)).idOf("Ġself")).not.toBeNull();
    await expect(trainTokenizerTo("stdlib", place, { mentions: ["no file says this"] })).rejects.toThrow(
      'corpus "stdlib" has no text to learn from',
    );
  });
});
