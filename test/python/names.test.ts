// Names of whole files are compared with CPython's symtable in functions.test.ts; here is what only we ask.
import { beforeAll, describe, expect, it } from "vitest";
import { scopesOf } from "../../src/python/names.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

function namesOf(code: string): { bound: string[]; reads: string[]; uses: string[] } {
  const root = parsePython(code)?.root;
  if (!root) throw new Error("took too long");
  const { module } = scopesOf(root);
  return {
    bound: [...module.bound].sort(),
    reads: [...module.globalReads()].sort(),
    uses: [...module.globalUses()].sort(),
  };
}

describe("scopesOf a module", () => {
  for (const [code, bound] of [
    ["a = b.c = d[e] = 1", "a"],
    ["(a, [b, *c]), d.e = x", "a b c"],
    ["a: int = 1\nb: int", "a b"],
    ["import a.b, c.d as e\nfrom f import g, h as i\nfrom . import j", "a e g i j"],
    ["for a, b in c:\n    d = 1\nelse:\n    e = 2", "a b d e"],
    ["with a as b, c as (d, e): f = 1", "b d e f"],
    ["try: a = 1\nexcept B as c: pass", "a c"],
    ["def a(b): c = 1\nclass d: e = 1", "a d"],
    ["[a for a in b if (c := a)]", "c"],
    ["match a:\n    case [b, *c] | {'k': b, **c}: d = 1", "b c d"],
    ["type A[T] = list[T]", "A"],
    ["a += 1", "a"],
  ] as const) {
    it(`binds ${bound} in ${JSON.stringify(code)}`, () => expect(namesOf(code).bound.join(" ")).toBe(bound));
  }

  it("counts names that are changed, hinted at or declared global as used, though not as read", () => {
    const code = "def f():\n    global a\n    a += 1\n    b: C = 1\n";
    expect(namesOf(code).reads).toEqual([]);
    expect(namesOf(code).uses).toEqual(["C", "a"]);
  });

  it("reads no annotation where __future__ says so", () => {
    const code = "def f(a: B) -> C:\n    def g(d: E): pass\n";
    expect(namesOf(code).reads).toEqual(["B", "C", "E"]);
    expect(namesOf(`from __future__ import annotations\n${code}`).reads).toEqual([]);
  });

  it("mangles the private names of a class", () => {
    expect(namesOf("class _A:\n    def f(self): return __x, __y__\n").reads).toEqual(["_A__x", "__y__"]);
  });

  it("survives broken code", () => {
    expect(namesOf("def f():\n  return x + y +\nz = w\n").reads).toContain("w");
  });
});
