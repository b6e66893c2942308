import { describe, expect, it } from "vitest";
import { codeTokens } from "../../src/overlap/lexer.js";

const texts = (code: string): string[] => codeTokens(code).map(({ text }) => text);
const renameable = (code: string): string[] =>
  codeTokens(code).flatMap((token) => (token.renameable ? [token.text] : []));

describe("codeTokens", () => {
  it("leaves white space, comments and docstrings out", () => {
    const code = 'def f(x):  # say\n    """Docstring,\n    two lines."""\n    return x \\\n  +1\n';
    expect(texts(code)).toEqual(["def", "f", "(", "x", ")", ":", "return", "x", "+", "1"]);
  });

  it("tells operators of several characters from others", () => {
    expect(texts("a**=b//c<<d->e:=f!=g")).toEqual([
      "a",
      "**=",
      "b",
      "//",
      "c",
      "<<",
      "d",
      "->",
      "e",
      ":=",
      "f",
      "!=",
      "g",
    ]);
  });

  it("keeps strings that are values, whatever their quotes and prefixes", () => {
    expect(texts("x = 'it'")).toEqual(texts('x = "it"'));
    expect(texts("x = r'''it'''")).toEqual(["x", "=", '"it']);
    expect(texts("f(\n'a'\n)")).toEqual(["f", "(", '"a', ")"]);
    expect(texts('x = "a\\"b" + c')).toEqual(["x", "=", '"a\\"b', "+", "c"]);
    expect(texts("x = '# no comment'")).toEqual(["x", "=", '"# no comment']);
  });

  it("ends a string that is not closed with its line, or with the text", () => {
    expect(texts("x = 'abc\ny")).toEqual(["x", "=", '"abc', "y"]);
    expect(texts('x = """abc\ny')).toEqual(["x", "=", '"abc\ny']);
  });

  it("takes numbers whole", () => {
    expect(texts("1.5e3 0x_ff .5 1_000")).toEqual(["1.5e3", "0x_ff", ".5", "1_000"]);
  });

  it("leaves open what a copier may rename", () => {
    expect(renameable("def f(a):\n    return len(a.size) + math.pi")).toEqual(["f", "a", "a", "math"]);
  });

  it("leaves builtins open where the text binds them anew", () => {
    expect(renameable("def f(list, n=max):\n    return list")).toEqual(["f", "list", "n", "list"]);
    expect(renameable("sum = 0\nsum += len(x)")).toEqual(["sum", "sum", "x"]);
    expect(renameable("for id, x in y: print(id)")).toEqual(["id", "x", "y", "id"]);
    expect(renameable("lambda str: str")).toEqual(["str", "str"]);
    expect(renameable("if sum == max(a, min=1): pass")).toEqual(["a"]);
  });

  it("knows where a line without indentation begins", () => {
    const code = "import a\ndef f():\n    def g(): pass\nx = (\n1)";
    expect(codeTokens(code).flatMap(({ outermost, text }) => (outermost ? [text] : []))).toEqual([
      "import",
      "def",
      "x",
    ]);
  });

  it("reads anything", () => {
    for (const text of ["", "\\", "'", '"""', "\u0000\ud800", ")))]", "é = 1\r\n"])
      expect(() => texts(text)).not.toThrow();
    expect(texts("x = '" + "a".repeat(1_000_000) + "'")[2]).toHaveLength(1_000_001);
  });
});
