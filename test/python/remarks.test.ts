import { beforeAll, describe, expect, it } from "vitest";
import { withoutRemarks } from "../../src/python/remarks.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(() => loadGrammar());

describe("comments", () => {
  it.each([
    ["x = 1  # c\n", "x = 1\n"],
    ["# a\n\n# b\nx = 1\n", "\nx = 1\n"],
    ["x = '# no'  # yes", "x = '# no'"],
    ["x = [\n    1,  # a\n    # b\n]\n", "x = [\n    1,\n]\n"],
    ["x = 1 \\\n# c\ny = 2\n", "x = 1 \\\n\ny = 2\n"],
    ["#!/bin/sh\n# c", ""],
    ['def f():\n    """# no"""\n    # yes\n    return 1\n', 'def f():\n    """# no"""\n    return 1\n'],
  ])("of %j", (text, left) => {
    expect(withoutRemarks(text, ["comments"])).toBe(left);
  });
});

describe("docstrings", () => {
  it.each([
    ['"""m"""\n\nx = 1\n', "\nx = 1\n"],
    ['"""m"""; x = 1\n', "x = 1\n"],
    ['def f(): "d"\n', "def f(): pass\n"],
    ["def f(): 'd'; return 1\n", "def f(): return 1\n"],
    ["class A:\n    'd'\n    'no'\n", "class A:\n    'no'\n"],
    ["class A:\n    'd' ;\n    x = 1\n", "class A:\n    x = 1\n"],
    ["async def f():\n    ('a'\n     'b')\n    return 'no'\n", "async def f():\n    return 'no'\n"],
    ["if x:\n    'no'\n", "if x:\n    'no'\n"],
    ["def f():\n    f'no'\n", "def f():\n    f'no'\n"],
    ["def f():\n    # c\n    'd'\n", "def f():\n    # c\n    pass\n"],
    [
      "class A:\n    'd'\n\n    def f(self):\n        'd'\n        return 1\n",
      "class A:\n\n    def f(self):\n        return 1\n",
    ],
  ])("of %j", (text, left) => {
    expect(withoutRemarks(text, ["docstrings"])).toBe(left);
  });
});

it("both, where one follows the other", () => {
  const text = "class A:  # a\n    'd'  # b\n    x = 1\n";
  expect(withoutRemarks(text, ["comments", "docstrings"])).toBe("class A:\n    x = 1\n");
  expect(withoutRemarks(text, ["docstrings"])).toBe("class A:  # a\n      # b\n    x = 1\n");
});

it("nothing of what does not parse", () => {
  expect(withoutRemarks("def f(:  # c\n", ["comments"])).toBeNull();
  expect(withoutRemarks("x = (1  # c\n", ["docstrings"])).toBeNull();
});
