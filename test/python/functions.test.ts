// Each fixture is a Python file with what CPython 3.14 (ast, symtable), mccabe 0.7 and radon 6.0 say about it.
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { codeEnd, functionsOf, type FunctionFacts } from "../../src/python/functions.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { compareText, emptyComparison, type OracleFacts } from "./oracle.js";

const FOLDER = new URL("../fixtures/python/functions/", import.meta.url);

beforeAll(loadGrammar);

function functions(text: string): FunctionFacts[] {
  const tree = parsePython(text);
  return tree ? functionsOf(tree, text) : [];
}

describe("functionsOf agrees with CPython", () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".py"))) {
    it(name, () => {
      const text = readFileSync(new URL(name, FOLDER), "utf8");
      const expected = readFileSync(new URL(name.replace(/py$/, "expected.json"), FOLDER), "utf8");
      const comparison = emptyComparison();
      compareText(name, text, JSON.parse(expected) as OracleFacts, comparison);
      expect(comparison.differences).toEqual([]);
      expect(comparison.compared.freeNames).toBeGreaterThan(2);
      expect(comparison.compared.complexity).toBeGreaterThan(2);
    });
  }
});

describe("functionsOf", () => {
  it("cuts a function out with its decorators and without the comments behind it", () => {
    const text = "# 😀 before\n@cache\ndef f(x):\n    return x\n    # behind\n\ny = 1\n";
    const [f] = functions(text);
    expect(text.slice(f?.startIndex, f?.endIndex)).toBe("@cache\ndef f(x):\n    return x");
  });

  it("keeps annotations and defaults as written", () => {
    const [f] = functions("def f(a: dict[str, int], *b, c=[1,  2]) -> 'X | None': pass");
    expect(f?.returns).toBe("'X | None'");
    expect(f?.parameters.map(({ annotation }) => annotation)).toEqual(["dict[str, int]", null, null]);
    expect(f?.parameters.map((parameter) => parameter.default)).toEqual([null, null, "[1,  2]"]);
  });

  it("tells where a function stands", () => {
    const text =
      "def a(): pass\nclass C:\n    if 1:\n        def b(): pass\nif 1:\n    def c():\n        def d(): pass\n@x\ndef e(): pass\n";
    expect(functions(text).map(({ name, parentKind, topLevel }) => [name, parentKind, topLevel])).toEqual([
      ["a", "module", true],
      ["b", "class", false],
      ["c", "block", false],
      ["d", "function", false],
      ["e", "module", true],
    ]);
  });

  it("names the methods of a class that is declared global as Python does", () => {
    const text =
      "def f():\n    global C\n    class C:\n        def m(self): pass\n    class D:\n        def m(self): pass\n";
    expect(functions(text).map(({ qualname }) => qualname)).toEqual(["f", "C.m", "f.<locals>.D.m"]);
  });

  it("still lists the functions of a broken file and says which of them is broken", () => {
    const found = functions(
      "def good(x):\n    return x\n\ndef bad(x):\n    return x +\n\ndef fine(y):\n    return y\n",
    );
    expect(found.map(({ name }) => name)).toEqual(["good", "bad", "fine"]);
    expect(found.map(({ hasError }) => hasError)).toEqual([false, true, false]);
  });

  it("lists nothing where there is nothing", () => {
    expect(functions("")).toEqual([]);
    expect(functions("f = lambda x: x\n")).toEqual([]);
  });
});

describe("codeEnd", () => {
  it("ends where the last token of code ends", () => {
    const text = "if x:\n    y = 1  # note\n    # more\nz = 2\n";
    const first = parsePython(text)?.root.codeChildren[0];
    expect(first && codeEnd(first)).toBe(text.indexOf("  # note"));
  });
});
