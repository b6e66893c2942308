// One function per line of the table; whole modules are in seeds.test.ts.
import { beforeAll, describe, expect, it } from "vitest";
import { functionsOf } from "../../src/python/functions.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { refusal } from "../../src/seeds/filters.js";

beforeAll(loadGrammar);

function reasonOf(code: string): string | null {
  const tree = parsePython(code);
  const [facts] = tree ? functionsOf(tree, code) : [];
  if (!tree || !facts) throw new Error("no function");
  return refusal({ facts, path: "a.py" }, tree.root.codeChildren[0] ?? null)?.reason ?? null;
}

describe("refusal", () => {
  for (const [body, reason] of [
    ["return x", null],
    ["return -1", "trivial-body"],
    ["return [1, 'a', {}]", "trivial-body"],
    ["raise NotImplementedError\n    return None", "trivial-body"],
    ["...\n    return True", "trivial-body"],
    ["return f'{x}'", null],
    ["x = 1\n    return None", null],
    ["return", "no-return-value"],
    ["yield x", "no-return-value"],
    ["return x +", "syntax-error"],
  ] as const) {
    it(`${String(reason)} for ${JSON.stringify(body)}`, () => {
      expect(reasonOf(`def f(x):\n    'Has three words.'\n    ${body}\n`)).toBe(reason);
    });
  }

  it("gives the first reason in the order of the filters", () => {
    expect(reasonOf("class A:\n    def test(): pass\n")).toBe("method");
    expect(reasonOf("def __test__(): pass\n")).toBe("dunder");
    expect(reasonOf("def f():\n    ''\n")).toBe("no-docstring");
    expect(reasonOf("def f():\n    'One two.'\n")).toBe("no-return-value");
  });
});
