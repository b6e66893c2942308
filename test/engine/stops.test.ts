// Where texts end, on a tokenizer whose tokens are bytes, with one special token.
import path from "node:path";
import { expect, it } from "vitest";
import { watchText } from "../../src/engine/stops.js";
import { BYTE_CHARACTERS } from "../../src/model/bpe.js";
import { tokenizerOf, type Tokenizer } from "../../src/model/tokenizer.js";
import { vocabularyOf } from "../../src/model/vocabulary.js";

const END = "<|end|>";
const bytes = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
const vocab = Object.fromEntries([END, ...BYTE_CHARACTERS].map((token, id) => [token, id]));
const json = {
  added_tokens: [{ id: 0, content: END, special: true }],
  pre_tokenizer: bytes,
  decoder: bytes,
  model: { type: "BPE", vocab, merges: [] },
};
const tokenizer: Tokenizer = tokenizerOf(vocabularyOf(json, path.basename(import.meta.filename)), {
  bos: null,
  eos: [],
  pad: null,
});

/** The text that is left of tokens that come one by one, and how many came. */
function watched(text: string, stop: readonly string[]): [string, number] {
  const watch = watchText(tokenizer, stop);
  const ends = watch.begin();
  const ids = tokenizer.encode(text);
  const at = ids.findIndex((id) => ends(id));
  return [watch.text(), at < 0 ? ids.length : at + 1];
}

it("is before the first stop string, which may overlap itself or be one character of many bytes", () => {
  expect(watched("aaab", ["aab"])).toEqual(["a", 4]);
  expect(watched("abcd", ["bcd", "c"])).toEqual(["ab", 3]);
  expect(watched("a😀é!", ["😀é"])).toEqual(["a", 7]);
  expect(watched("abc", ["x"])).toEqual(["abc", 3]);
});

it("is before a special token that is asked for, though texts don't show such tokens", () => {
  expect(watched(`ab${END}cd`, ["never", END])).toEqual(["ab", 3]);
  expect(watched(`ab${END}cd`, ["c"])).toEqual(["ab", 4]);
});

it("is the text that there was when a row begins anew", () => {
  const watch = watchText(tokenizer, ["b"]);
  const first = watch.begin();
  expect(tokenizer.encode("ab").map(first)).toEqual([false, true]);
  const second = watch.begin();
  expect(tokenizer.encode("cd").map(second)).toEqual([false, false]);
  expect(watch.text()).toBe("cd");
});
