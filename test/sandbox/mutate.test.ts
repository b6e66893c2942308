import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { mutantsOf, stubOf, stubOfAll } from "../../src/sandbox/mutate.js";

beforeAll(loadGrammar);

/** All mutants of a code, sorted. */
function all(code: string, entryPoint = "f"): string[] {
  return mutantsOf(code, entryPoint, { limit: 1_000, seed: 0, key: "k" }).sort();
}

describe("stubOf", () => {
  for (const [code, stub] of [
    ["def f(x):\n    return x + 1\n", "def f(x):\n    return None\n"],
    ["def f(x):\n    'Doc.'\n    y = x\n    return y\n", "def f(x):\n    'Doc.'\n    return None\n"],
    ["def f(x):\n    'Doc.'\n", "def f(x):\n    'Doc.'\n    return None\n"],
    ["def f(x): return x\n", "def f(x): return None\n"],
    ["def f(x): 'Doc.'; return x\ny = 1\n", "def f(x): return None\ny = 1\n"],
    ["@d\nasync def f(x):\n\t# c\n\tawait x\n", "@d\nasync def f(x):\n\t# c\n\treturn None\n"],
    ["def f(): return 1\ndef f(): return 2\n", "def f(): return 1\ndef f(): return None\n"],
    ["def f(): return g()\ndef g(): return 2\n", "def f(): return None\ndef g(): return 2\n"],
  ] as const) {
    it(`of ${JSON.stringify(code)}`, () => expect(stubOf(code, "f")).toBe(stub));
  }

  it("is nothing where there is no such function, or no Python", () => {
    for (const code of ["x = 1\n", "class A:\n    def f(self): return 1\n", "def f(:\n"]) {
      expect(stubOf(code, "f")).toBeNull();
    }
  });
});

describe("stubOfAll", () => {
  for (const [code, stub] of [
    ["def f(x): return x\ndef g(): return 1\n", "def f(x): return None\ndef g(): return None\n"],
    [
      "class A:\n    def __init__(self):\n        self.x = 1\n\n    @p\n    def g(self):\n        'Doc.'\n        return self.x\n",
      "class A:\n    def __init__(self):\n        self.x = 1\n\n    @p\n    def g(self):\n        'Doc.'\n        return None\n",
    ],
    [
      "def f():\n    def g():\n        return 1\n    return g\n\n\nasync def h(): await f()\n",
      "def f():\n    return None\n\n\nasync def h(): return None\n",
    ],
    ["class A:\n    def __init__(self):\n        def g(): return 1\n        self.g = g\n", null],
    ["f = lambda: 1\n", null],
    ["def f(:\n", null],
  ] as const) {
    it(`of ${JSON.stringify(code)}`, () => expect(stubOfAll(code)).toBe(stub));
  }
});

describe("mutantsOf", () => {
  for (const [body, mutated] of [
    ["return a < b", ["return None", "return a <= b"]],
    ["x = a not in b is c", ["x = a in b is c", "x = a not in b is not c"]],
    ["x = a + b * -c", ["x = a + b * +c", "x = a + b + -c", "x = a - b * -c"]],
    ["a //= b and c", ["a *= b and c", "a //= b or c"]],
    ["x = not a", ["x = a"]],
    ["x = 41", ["x = 42"]],
    ["x = True, False", ["x = False, False", "x = True, True"]],
    ["x = 'a' + b''", ["x = 'XXa' + b''", "x = 'a' + b'XX'", "x = 'a' - b''"]],
    ["return", []],
    ["return None", []],
    ["for a in b: c(*d, **e)", []],
    ["x = f'{a}', 0x1F, 1.5", []],
    ["x: 'int' = y", []],
    ["'only a comment'", []],
  ] as const) {
    it(`changes ${JSON.stringify(body)} in ${mutated.length} ways`, () => {
      expect(all(`def f(a):\n    '''Doc 1 + 1.'''\n    ${body}\n`)).toEqual(
        mutated.map((line) => `def f(a):\n    '''Doc 1 + 1.'''\n    ${line}\n`).sort(),
      );
    });
  }

  it("leaves annotations, decorators and imports alone, but not defaults", () => {
    const code = "from a import b\n\n\n@d(1)\ndef f(a: x[1] = 2) -> y[3]: pass\n";
    expect(all(code)).toEqual([code.replace("= 2", "= 3")]);
  });

  it("gives variants that parse and differ, no two alike", () => {
    const code =
      "def f(a):\n    if a > 3 and not a == 5:\n        return [i + 1 for i in range(a)]\n    return 'no'\n";
    const mutants = all(code);
    expect(mutants.length).toBeGreaterThan(8);
    expect(new Set(mutants).size).toBe(mutants.length);
    for (const mutant of mutants) {
      expect(mutant).not.toBe(code);
      expect(parsePython(mutant)?.hasError).toBe(false);
    }
  });

  it("draws the same few for the same seed and key, others for another", () => {
    const code = `def f(a):\n    return a[0] + ${Array.from({ length: 40 }, (_, at) => at).join(" + ")}\n`;
    const draw = (seed: number, key: string): string[] => mutantsOf(code, "f", { seed, key });
    expect(draw(0, "a")).toHaveLength(4);
    expect(draw(0, "a")).toEqual(draw(0, "a"));
    expect(draw(0, "a")).not.toEqual(draw(1, "a"));
    expect(draw(0, "a")).not.toEqual(draw(0, "b"));
  });

  it("changes the entry point more often than what it carries", () => {
    const sum = Array.from({ length: 20 }, () => "1").join(" + ");
    const code = `def g(a):\n    return ${sum}\n\n\ndef f(a):\n    return ${sum}\n`;
    const own = code.indexOf("def f");
    let inside = 0;
    for (let key = 0; key < 50; key++) {
      const mutants = mutantsOf(code, "f", { limit: 4, seed: 0, key: String(key) });
      inside += mutants.filter((mutant) => mutant.startsWith(code.slice(0, own))).length;
    }
    expect(inside).toBeGreaterThan(150);
    expect(all(code).some((mutant) => !mutant.startsWith(code.slice(0, own)))).toBe(true);
  });

  it("is empty where there is no such function, or no Python", () => {
    expect(all("x = 1 + 1\n")).toEqual([]);
    expect(all("def f(:\n")).toEqual([]);
  });

  it("finds points everywhere where there is no entry point", () => {
    const code = "class A:\n    def f(self): return 1\n";
    const mutants = mutantsOf(code, null, { limit: 9, seed: 0, key: "k" });
    expect(mutants.sort()).toEqual([code.replace("1", "2"), code.replace("return 1", "return None")]);
    expect(mutantsOf(code, "f", { limit: 9, seed: 0, key: "k" })).toEqual([]);
  });
});
