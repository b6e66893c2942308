import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { loadTokenizer, type Tokenizer } from "../../src/model/tokenizer.js";
import { openUnigram } from "../../src/model/unigram.js";
import { unigramDifferences, type UnigramGolden } from "./unigram-golden.js";

// Made by scripts/golden/unigram.py, which says what is in them.
const fixtures = path.resolve(import.meta.dirname, "../fixtures/unigram");
const golden = JSON.parse(readFileSync(path.join(fixtures, "golden.json"), "utf8")) as UnigramGolden;
const folder = mkdtempSync(path.join(os.tmpdir(), "unigram-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Json {
  readonly model: { readonly unk_id: number; readonly vocab: readonly (readonly [string, number])[] };
  readonly added_tokens: readonly object[];
}
const json = JSON.parse(readFileSync(path.join(fixtures, "tokenizer.json"), "utf8")) as Json;

/** The fixture's tokenizer with other parts, as a file. */
function changed(parts: object): string {
  const file = path.join(folder, "changed.json");
  writeFileSync(file, JSON.stringify({ ...json, ...parts }));
  return file;
}

describe("a Unigram tokenizer", () => {
  it.each(["tokenizer.json", "later.json"])("encodes and decodes as Python's: %s", async (name) => {
    const cases = name === "later.json" ? golden.other : golden.cases;
    expect(cases.length).toBeGreaterThan(25);
    expect(unigramDifferences(await loadTokenizer(path.join(fixtures, name)), cases)).toEqual([]);
  });

  it("decodes any ids, at once and one by one", async () => {
    const tokenizer = await loadTokenizer(fixtures);
    for (const { ids, decoded, shown } of golden.streams) {
      expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(decoded);
      expect(tokenizer.decode([99_999, ...ids])).toBe(shown);
      const { push, end } = tokenizer.streamDecoder();
      expect(ids.map(push).join("") + end()).toBe(shown);
    }
  });

  it("has names, ids and special tokens", async () => {
    const tokenizer = await loadTokenizer(fixtures);
    expect([0, 1, 2, 3, 499].map(tokenizer.isSpecial)).toEqual([true, true, true, false, true]);
    expect([tokenizer.vocabSize, tokenizer.idOf("</s>"), tokenizer.tokenOf(499)]).toEqual([
      500,
      1,
      "<extra_id_0>",
    ]);
  });

  it("takes special tokens in a text for text where it is asked to", async () => {
    const tokenizer = await loadTokenizer(fixtures);
    expect(tokenizer.encode("a</s>")).toContain(1);
    for (const text of ["a</s>", "＜/s＞", "<extra_id_7>"])
      // But for 2, the unknown: the fixture has no "<".
      expect(
        tokenizer.encode(text, { specialAsText: true }).filter((id) => id !== 2 && tokenizer.isSpecial(id)),
        text,
      ).toEqual([]);
  });

  it("is known by its vocabulary where an old file does not name it", async () => {
    const old = changed({
      model: { unk_id: json.model.unk_id, vocab: json.model.vocab },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", add_prefix_space: false },
    });
    const tokenizer: Tokenizer = await loadTokenizer(old);
    const token = tokenizer.encode("▁a");
    expect(tokenizer.decode(token)).toBe("a");
    expect(tokenizer.encode("a")).not.toEqual(token);
  });

  it("looks for added tokens of the later kind in what the rules have made", async () => {
    const late = { content: "ﬁne", special: false, normalized: true, lstrip: false, rstrip: false };
    const file = changed({ added_tokens: [...json.added_tokens, { id: 500, ...late }] });
    expect((await loadTokenizer(file)).encode("fine ﬁne")).toEqual([500, 500]);
  });
});

describe("the best way to cut a word", () => {
  const tokens = [
    ["?", 0],
    ["a", -1],
    ["b", -1],
    ["ab", -2],
    ["abc", -30],
    ["🦙", -3],
  ] as const;
  const unigram = openUnigram(tokens, { unknown: 0 });

  it.each([
    ["", []],
    ["ab", [3]],
    ["abb", [3, 2]],
    ["abc", [4]],
    ["a🦙🦙", [1, 5, 5]],
    ["xx🐪a?", [0, 1, 0]],
  ])("%s", (word, ids) => {
    expect(unigram(word)).toEqual(ids);
  });

  it("goes by other tokens where some are barred", () => {
    expect(openUnigram(tokens, { unknown: 0, barred: new Set([3, 4]) })("abc")).toEqual([1, 2, 0]);
  });

  it("is found for a million characters in seconds", () => {
    expect(unigram("ab".repeat(500_000))).toHaveLength(500_000);
  });
});

describe("refusals name what is the matter", () => {
  const first = { type: "Metaspace", replacement: "▁", prepend_scheme: "first" };
  it.each([
    ["bytes for what is unknown", { model: { ...json.model, byte_fallback: true } }, "byte_fallback true"],
    ["no unknown token", { model: { ...json.model, unk_id: null } }, "its unknown token is null"],
    ["a token without a score", { model: { ...json.model, vocab: [["a"]] } }, 'the token ["a"] lacks'],
    ["a normalizer", { normalizer: { type: "Nmt" } }, 'it has the normalizer {"type":"Nmt"}'],
    [
      "damaged rules",
      { normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } },
      "its precompiled_charsmap is damaged",
    ],
    ["another pre-tokenizer", { pre_tokenizer: { type: "Whitespace" } }, "its pre-tokenizer is"],
    ["a mark before the first word alone", { pre_tokenizer: first }, '"prepend_scheme":"first"'],
    ["another decoder", { decoder: { type: "WordPiece" } }, 'its decoder is {"type":"WordPiece"}'],
  ])("%s", async (_, parts, message) => {
    const error: unknown = await loadTokenizer(changed(parts)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toContain(message);
  });
});
