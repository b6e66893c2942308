import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { entryPointOf } from "../../src/validate/entry.js";

beforeAll(loadGrammar);

describe("entryPointOf", () => {
  it.each([
    ["def f(): pass\n", "assert f() is None\n", "f"],
    ["def f(): pass\ndef g(): pass\n", "f()\ng()\nassert g()\n", "g"],
    ["def f(): pass\ndef g(): pass\n", "g(f())\n", "g"],
    ["def g(): pass\ndef f(): pass\n", "g(f())\n", "f"],
    ["def f(): pass\ndef g(): pass\ndef f(): pass\n", "f()\ng()\n", "f"],
    [
      "@cache\ndef f(): pass\nasync def g(): pass\n",
      "def test():\n    for x in y:\n        assert f(x)\n",
      "f",
    ],
    ["async def g(): pass\n", "assert asyncio.run(g()) == 1\n", "g"],
    ["def helper(): pass\ndef f(): return helper()\n", "f()\n", "f"],
    ["def f(): pass\n", "assert sorted([2, 1])\n", null],
    ["def f(): pass\n", "a.f()\nx = f\n", null],
    ["class A:\n    def f(self): pass\n", "A().f()\nf()\n", null],
    ["f = lambda: 1\n", "f()\n", null],
    ["def f(): pass\n", "", null],
    ["", "f()\n", null],
  ])("of %j by %j is %j", (code, tests, entryPoint) => expect(entryPointOf(code, tests)).toBe(entryPoint));
});
