import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { bareOf, foldCase, inCase, piecesOf } from "../../src/model/pieces.js";

describe("pieces", () => {
  it.each([
    ["getHTTPResponse_code2x", "get|HTTP|Response|_code|2|x"],
    ["__init__(self)", "__|init|__|(|self|)"],
    ["x = self._value[10]", "x| =| self|.|_value|[|10|]"],
    ["year = 20261122", "year| =| 202|611|22"],
    ["def f():\n    return 1\n\n\nclass A:", "def| f|():|\n    |return| 1|\n\n\n|class| A|:"],
    ["a\r\n\tb", "a|\r\n\t|b"],
    ["x  # why\n", "x| | #| why|\n"],
    ["x   \n", "x|   |\n"],
    ["\tx\t y", "\t|x|\t| y"],
    ["\ffoo \v", "\f|foo| \v"],
    ["Größe ΑΒγ 日本語", "Größe| Α|Βγ| 日本語"],
    ["a\rb", "a|\r|b"],
    ["e\u0301tude ½", "e\u0301tude| ½"],
  ])("of %j", (text, pieces) => {
    expect(piecesOf(text).join("|")).toBe(pieces);
  });

  it("are all of any text, and take a lone surrogate for U+FFFD", () => {
    const next = uniforms(7, "pieces");
    const alphabet = [
      "\n",
      "\r\n",
      "\r",
      " ",
      "  ",
      "\t",
      "\f",
      "_",
      "__",
      "a",
      "bc",
      "Q",
      "HT",
      "9",
      "0123",
      "(",
    ];
    alphabet.push(
      '"""',
      "#",
      "é",
      "Σ",
      "ß",
      "İ",
      "ǅ",
      "\u0301",
      "日",
      "😀",
      "\ufeff",
      "\u2028",
      "\0",
      "½",
      "٣",
    );
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: 30 }, () => alphabet[Math.floor(next() * alphabet.length)]).join("");
      expect(piecesOf(text).join("")).toBe(text);
    }
    expect(piecesOf("a\ud800 \udc00b").join("")).toBe("a\ufffd \ufffdb");
    expect(piecesOf("")).toEqual([]);
  });
});

describe("case", () => {
  it.each([
    ["Response", "response", "capital"],
    ["_HTTP", "_http", "upper"],
    [" Foo", " foo", "capital"],
    [" X", " X", null],
    ["T", "T", null],
    ["value", "value", null],
    ["Größe", "größe", "capital"],
    ["Éa", "Éa", null],
    ["ÀB", "ÀB", null],
    ["():", "():", null],
  ] as const)("of %j is %j, %j", (piece, folded, letters) => {
    expect(foldCase(piece)).toEqual({ folded, letters });
  });

  it("comes back, of any letters that a piece may have", () => {
    const words = piecesOf("Foo BAR _Baz Q aÉ Größe İstanbul ΑΒ ÀB BÀ Bà ﬁN SS ẞß ǅ Xǆ");
    for (const piece of words) {
      const { folded, letters } = foldCase(piece);
      const bytes = Buffer.from(folded, "utf8");
      expect(Buffer.from(letters === null ? bytes : inCase(bytes, letters)).toString("utf8")).toBe(piece);
    }
  });

  it("leaves bytes alone that are no letters", () => {
    expect(Buffer.from(inCase(Buffer.from("_1é"), "upper")).toString()).toBe("_1é");
    expect(inCase(new Uint8Array(), "capital")).toEqual(new Uint8Array());
  });
});

it("what is behind a blank or an underscore", () => {
  expect([" foo", "_foo", " =", "foo", " ", "_", "\n  ", "__"].map(bareOf)).toEqual([
    ..."foo foo =".split(" "),
    null,
    null,
    null,
    null,
    "_",
  ]);
});
