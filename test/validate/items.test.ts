import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { arityOf, trialItem } from "../../src/validate/items.js";

beforeAll(loadGrammar);

const code = "LIMIT = 3\n\ndef helper(x):\n    return x\n\ndef f(x, y=1):\n    return helper(x)\n";
const item = (tests: string) => trialItem("list/1", { code, tests, entryPoint: "f" });

describe("an item", () => {
  it("is known by the names under which HumanEval's tests call its function", () => {
    const tests =
      "METADATA = {}\n\ndef check(candidate):\n    assert True, 'so'\n    assert candidate(1, [2,\n        3]) == (4, 5), 'why'\n" +
      "    assert candidate(2, []) == 1\n\ncheck(f)\n";
    expect(item(tests)).toEqual({
      item: "list/1",
      names: ["f", "candidate"],
      counts: [2],
      probe: "assert candidate(1, [2,\n        3]) == (4, 5), 'why'",
      setup: "",
      tests,
    });
  });

  it("is known by its own name in MBPP's tests", () => {
    expect(item("import math\nassert f(1) == 2\nassert f(1, 2) == 3\n")).toMatchObject({
      names: ["f"],
      counts: [1, 2],
      probe: "assert f(1) == 2",
    });
  });

  it.each([
    ["needs an import", "import math\nassert math.isclose(f(1), 2)\nassert f(2) == 4\n", "assert f(2) == 4"],
    ["stands in a loop", "for x in [1]:\n    assert f(1) == 2\nassert f(2) == 4\n", "assert f(2) == 4"],
    ["needs what came before", "x = f(1)\nassert x == f(3)\n", null],
    ["calls nothing", "assert 1 == 1\nassert f(2) == 4\n", "assert f(2) == 4"],
  ])("has no probe that %s", (_, tests, probe) => {
    expect(item(tests)).toMatchObject({ probe });
  });

  it("needs the problem's own code where its tests use more of it", () => {
    expect(item("assert f(LIMIT) == 3\n")).toMatchObject({ setup: code, probe: null });
    expect(item("assert helper(f(1)) == 1\n")).toMatchObject({ setup: code });
    expect(item("LIMIT = 4\nassert f(LIMIT) == 3\n")).toMatchObject({ setup: "" });
  });

  it("counts arguments as they are written", () => {
    expect(item("assert f(*[1, 2])\nassert f(x for x in [])\nassert f(1, y=2)\nassert f()\n")).toMatchObject({
      counts: [1, 2, 0],
    });
  });

  it("is none where nothing is asserted, or the function is not called", () => {
    expect(item("f(1)\n")).toBeNull();
    expect(item("assert g(1) == 1\n")).toBeNull();
    expect(trialItem("list/1", { code, tests: "assert f(1)", entryPoint: null })).toBeNull();
  });
});

describe("an arity", () => {
  it.each([
    ["def f(): pass", 0, 0],
    ["def f(a, b, c=1): pass", 2, 3],
    ["def f(a, /, b=2, *args, d=1, **kw): pass", 1, Infinity],
    ["def f(a, *, b=1): pass", 1, 1],
    ["def f(a: int, b: str = ''): pass", 1, 2],
    ["@cache\ndef f(a): pass", 1, 1],
    ["def f(): pass\ndef f(a): pass", 1, 1],
  ])("of %j", (text, least, most) => {
    expect(arityOf(text, "f")).toEqual({ least, most });
  });

  it.each(["def g(a): pass", "async def f(a): pass", "def f(a, *, b): pass", "class f: pass", "f = len"])(
    "is none for %j",
    (text) => {
      expect(arityOf(text, "f")).toBeNull();
    },
  );
});
