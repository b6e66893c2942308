import { beforeAll, describe, expect, it } from "vitest";
import { highlight } from "../../src/python/highlight.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

describe("highlight", () => {
  it("tells kinds apart", () => {
    const code =
      "@cache\ndef area(r: float) -> float:\n    # π\n    return 3.14 * len(f'a{r}b') if r is not None else x.y(2)\n";
    const kinds = highlight(code)
      .filter(({ kind }) => kind !== "plain")
      .map(({ text, kind }) => `${kind} ${text}`);
    expect(kinds).toEqual([
      "operator @",
      "function cache",
      "keyword def",
      "function area",
      "builtin float",
      "operator ->",
      "builtin float",
      "comment # π",
      "keyword return",
      "number 3.14",
      "operator *",
      "builtin len",
      "string f'a",
      "string b'",
      "keyword if",
      "keyword is not",
      "keyword None",
      "keyword else",
      "function y",
      "number 2",
    ]);
  });

  for (const [name, code] of Object.entries({
    broken: "def f(:\n  'open",
    empty: "",
    astral: "x = '😀' # 😀\n",
    html: "<b>&amp;</b>",
    deep: `x = ${"-".repeat(50_000)}1`,
  })) {
    it(`loses nothing of code that is ${name}`, () => {
      expect(
        highlight(code)
          .map(({ text }) => text)
          .join(""),
      ).toBe(code);
    });
  }
});
