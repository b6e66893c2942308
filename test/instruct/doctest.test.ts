import { beforeAll, describe, expect, it } from "vitest";
import { examplesOf, pythonString, stepsOf, withoutExamples } from "../../src/instruct/doctest.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

const docstring = `Return the thing.

    >>> from tools import thing
    >>> x = [1, 2,
    ...      3]
    >>> thing(x)
    6
    >>> tools.thing([]) is None
    True
    >>> thing('a')
    Traceback (most recent call last):
      ...
    TypeError: no
    >>> print(thing(x))
    6
    >>> thing(range(100)) # doctest: +ELLIPSIS
    [0, ... 99]
    >>> thing([0.5])
    Decimal('0.5')
    >>> thing(
    (

    More words after an empty line.
    `;

describe("doctests", () => {
  it("are found with their continuation lines and output", () => {
    expect(examplesOf(docstring).slice(0, 3)).toEqual([
      { source: "from tools import thing", want: "" },
      { source: "x = [1, 2,\n     3]", want: "" },
      { source: "thing(x)", want: "6" },
    ]);
  });

  it("become asserts on their value, or leave with a reason", () => {
    const { steps, dropped } = stepsOf(examplesOf(docstring), "thing", "tools");
    expect(steps).toEqual([
      { kind: "setup", source: "x = [1, 2,\n     3]" },
      { kind: "assert", source: "assert thing(x) == 6" },
      { kind: "assert", source: "assert (thing([]) is None) is True" },
      { kind: "assert", source: `assert repr(thing([0.5])) == "Decimal('0.5')"` },
    ]);
    expect([...dropped].sort()).toEqual([
      "doctest-directive",
      "doctest-exception",
      "doctest-output",
      "doctest-own-import",
      "doctest-syntax",
    ]);
  });

  it("keep a qualified call of another function as it is", () => {
    const { steps } = stepsOf([{ source: "other.thing(1) + a.tools.thing(2)", want: "3" }], "thing", "tools");
    expect(steps[0]?.source).toBe("assert (other.thing(1) + a.tools.thing(2)) == 3");
  });

  it("are left out of the description", () => {
    expect(withoutExamples(docstring)).toBe("Return the thing.\n\n    More words after an empty line.");
  });

  it("quote any text as Python does", () => {
    expect(pythonString('a"b\\\n\u2028é🐍')).toBe('"a\\"b\\\\\\n\\u2028\\u00e9\\U0001f40d"');
  });
});
