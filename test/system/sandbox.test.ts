// The contract of the sandbox, kept by the embedded backend. The interpreter is the real one (`npm test` builds first).
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPyodide } from "../../src/sandbox/pyodide.js";
import type { Observation, Outcome, Sandbox, Step } from "../../src/sandbox/sandbox.js";

let sandbox: Sandbox;
beforeAll(async () => {
  const cacheDir = path.join(os.tmpdir(), "selfalign-test-cache");
  sandbox = await openPyodide({ workers: 2, timeoutMs: 1_500, cacheDir });
});
afterAll(() => sandbox.close());

const SQUARE = "def f(x):\n    return x * x\n";
const judge = (code: string, tests: string): Promise<Outcome> =>
  sandbox.judge({ code, tests, entryPoint: "f" });

test("it says what it is", () => {
  expect(sandbox.backend).toBe("pyodide");
  expect(sandbox.interpreter).toMatch(/^CPython 3\.\d+\.\d+$/);
});

describe("judge", () => {
  test("counts the asserts that held and the calls that returned", async () => {
    const tests = "assert f(2) == 4\nfor i in range(3):\n    assert f(i) == i ** 2\nf(5)\n";
    expect(await judge(SQUARE, tests)).toEqual({
      status: "passed",
      mode: "one-world",
      objects: false,
      stage: "tests",
      asserts: 4,
      calls: 5,
      message: null,
      line: null,
    });
  });

  test("tells a failed assert's source, both values and its line", async () => {
    expect(await judge(SQUARE, "assert f(2) == 4\n\nassert f(3) == 8, 'no'\n")).toEqual({
      status: "failed",
      mode: "one-world",
      objects: false,
      stage: "tests",
      asserts: 1,
      calls: 2,
      message: "assert f(3) == 8; left is 9, right is 8",
      line: 3,
    });
  });

  const failing: [what: string, code: string, tests: string, expected: Partial<Outcome>][] = [
    [
      "an assert that is no comparison",
      SQUARE,
      "assert not f(2)",
      { status: "failed", message: "assert not f(2)" },
    ],
    [
      "a chained comparison",
      SQUARE,
      "assert 1 < f(2) < 3",
      { status: "failed", message: "assert 1 < f(2) < 3" },
    ],
    [
      "values with an address",
      "def f(x):\n    return object()\n",
      "assert f(1) == 4",
      { status: "failed", message: "assert f(1) == 4; left is <object object at 0x…>, right is 4" },
    ],
    [
      "a value whose repr fails",
      "class C:\n    def __repr__(self): raise ValueError\ndef f(x): return C()\n",
      "assert f(1) == 4",
      { status: "failed", message: "assert f(1) == 4; left is <C>, right is 4" },
    ],
    [
      "code that does not compile",
      "def f(x)\n    pass\n",
      "",
      { status: "error", stage: "code", message: "SyntaxError: expected ':'", line: 1 },
    ],
    [
      "tests that do not compile",
      SQUARE,
      "x = 1\nassert f(2 == 4",
      { status: "error", stage: "tests", message: "SyntaxError: '(' was never closed", line: 2 },
    ],
    [
      "an exception at import",
      "import os\n1 / 0\n",
      "",
      { status: "error", stage: "code", message: "ZeroDivisionError: division by zero", line: 2 },
    ],
    [
      "an exception in a call",
      "def f(x):\n    return 1 / 0\n",
      "\nf(1)\n",
      {
        status: "error",
        stage: "tests",
        message: "ZeroDivisionError: division by zero (line 2 of the code)",
        line: 2,
        calls: 0,
      },
    ],
    [
      "the code's own assert",
      "def f(x):\n    assert x > 5, 'small'\n",
      "f(1)",
      { status: "error", message: "AssertionError: small (line 2 of the code)" },
    ],
    [
      "a module that is not there",
      "import numpy\n",
      "",
      { status: "error", stage: "code", message: "ModuleNotFoundError: No module named 'numpy'", line: 1 },
    ],
    [
      "endless recursion",
      "def f(x):\n    return f(x)\n",
      "f(1)",
      { status: "error", message: "RecursionError: maximum recursion depth exceeded (line 2 of the code)" },
    ],
    [
      "an exception whose text fails",
      "class E(Exception):\n    def __str__(self): raise self\ndef f(x): raise E\n",
      "f(1)",
      { status: "error", message: "E (line 3 of the code)" },
    ],
    [
      "half a surrogate in a message",
      "def f(x):\n    raise ValueError('\\ud800é')\n",
      "f(1)",
      { status: "error", message: "ValueError: \\ud800é (line 2 of the code)" },
    ],
    ["sys.exit(0)", "import sys\nsys.exit(0)\n", "", { status: "exit", stage: "code", line: 2 }],
    ["os._exit(0) at import", "import os\nos._exit(0)\n", "", { status: "exit", stage: "code" }],
    [
      "os._exit(0) in a call",
      "import os\ndef f(x): os._exit(0)\n",
      "f(1)",
      { status: "exit", stage: "tests" },
    ],
    ["quit() after the asserts", SQUARE, "assert f(1) == 1\nquit()", { status: "exit", asserts: 1 }],
    [
      "C recursion that kills the interpreter",
      "l = []\nfor i in range(10**6): l = [l]\nrepr(l)\n",
      "",
      { status: "error" },
    ],
  ];
  test.each(failing)("names %s", async (_, code, tests, expected) => {
    expect(await judge(code, tests)).toMatchObject(expected);
  });

  const passing: [what: string, code: string, tests: string, asserts: number][] = [
    [
      "helpers and imports at the top",
      "from math import sqrt\nimport re as r\ndef g(x): return sqrt(x)\ndef f(x): return g(x) + len(r.findall('a', 'aa'))\n",
      "assert f(4) == 4.0",
      1,
    ],
    [
      "dataclasses, and the module by its name",
      "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f(x): return P(x)\n",
      "import solution\nfrom solution import P\nassert f(2) == P(2)\nassert solution.f(1).x == 1",
      2,
    ],
    [
      "asyncio",
      "import asyncio\nasync def g(x):\n    await asyncio.sleep(3600)\n    return x\nasync def h(x):\n    return await asyncio.gather(g(x), g(x + 1))\ndef f(x): return asyncio.run(h(x))\n",
      "assert f(1) == [1, 2]\nassert asyncio.run(asyncio.wait_for(g(3), 5000)) == 3",
      2,
    ],
    [
      "asserts inside a coroutine",
      "async def f(x): return x\n",
      "import asyncio\nasync def main():\n    assert await f(2) == 2\n    assert (y := await f(3)) and y == 3\nasyncio.run(main())",
      2,
    ],
    [
      "a check function, with its messages unevaluated",
      SQUARE,
      "def check(c):\n    assert c(2) == 4, 1 / 0\n    assert 1 < c(2) <= 4 != 5\n    assert c(2) in [4]\n    assert c(2) is not None\ncheck(f)",
      4,
    ],
    [
      "an expected exception",
      "def f(x): raise ValueError(x)\n",
      "try:\n    f(1)\n    assert False\nexcept ValueError as e:\n    assert e.args == (1,)",
      1,
    ],
    ["a walrus in an assert", SQUARE, "assert (y := f(3)) == 9\nassert y == 9", 2],
    [
      "names in another alphabet, and emoji",
      "def f(текст): return текст + '😀'\n",
      "assert f('é') == 'é😀'\nassert len(f('')) == 1",
      2,
    ],
    ["generators", "def f(n):\n    yield from range(n)\n", "assert list(f(3)) == [0, 1, 2]", 1],
    [
      "a name of the harness's",
      "held = Tally = exec = None\n_reply = 1\ndef f(x): return x\n",
      "assert f(1) == 1",
      1,
    ],
    [
      "state that the tests read",
      "count = 0\ndef f():\n    global count\n    count += 1\n",
      "f(); f()\nassert count == 2",
      1,
    ],
    ["annotations of the future", "from __future__ import annotations\ndef f(x: Nope): ...\n", "f(1)", 0],
    [
      "files in the working folder and in /tmp",
      "def f(p):\n    open(p, 'w').write('x')\n    return open(p).read()\n",
      "assert f('a') == f('/tmp/a') == 'x'",
      1,
    ],
    [
      "no input to read",
      "def f():\n    try: input()\n    except EOFError: return 'end'\n",
      "assert f() == 'end'",
      1,
    ],
  ];
  test.each(passing)("runs %s", async (_, code, tests, asserts) => {
    expect(await judge(code, tests)).toMatchObject({ status: "passed", asserts, message: null });
  });

  test("every job has a world of its own", async () => {
    const leave =
      "import builtins, random\nopen('/tmp/left', 'w').close()\nbuiltins.left = 1\nrandom.seed(9)\n";
    const look =
      "import os, builtins, sys\nassert not os.path.exists('/tmp/left') and not hasattr(builtins, 'left')\n";
    for (let i = 0; i < 2; i++) expect((await judge(leave, "")).status).toBe("passed");
    for (let i = 0; i < 2; i++) expect((await judge(look, "")).status).toBe("passed");
  });

  test.each([
    ["sleeps", "import time\ndef f(x): time.sleep(1000)\n"],
    [
      "loops and swallows everything",
      "def f(x):\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass\n",
    ],
    ["is busy in C", "def f(x): return 7 ** (10 ** 8)\n"],
  ])("a program that %s ends in a timeout", async (_, code) => {
    expect(await judge(code, "f(1)")).toMatchObject({
      status: "timeout",
      stage: "tests",
      message: "no end within 1.5 s",
    });
  });

  test.each([
    ["in one piece", "x = bytearray(1 << 30)\n"],
    ["as one printed line", "print('x' * (1 << 30))\n"],
  ])("too much memory %s", async (_, code) => {
    expect(await judge(code, "")).toMatchObject({ status: "memory", stage: "code" });
  });

  test("memory taken outside the interpreter ends the process, not the machine", async () => {
    const code = "import pyodide.ffi\na = []\nwhile True: a.append(pyodide.ffi.to_js(bytes(1 << 20)))\n";
    expect((await judge(code, "")).status).not.toBe("passed");
    expect((await judge(SQUARE, "assert f(2) == 4")).status).toBe("passed");
  });

  test("a gibibyte of output is a flood, and a mebibyte is none", async () => {
    const write = (count: number): string =>
      `import os\ndef f():\n    for i in range(${count}): os.write(1, b'x' * (1 << 20))\n`;
    expect(await judge(write(1024), "f()")).toMatchObject({ status: "flood", calls: 1 });
    expect(await judge(write(1), "f()")).toMatchObject({ status: "passed", calls: 1 });
  });
});

describe("observe", () => {
  const observe = async (code: string, steps: readonly Step[]): Promise<readonly Observation[]> => {
    const { outcome, observations } = await sandbox.observe({ code, entryPoint: "f", steps });
    expect(outcome.status).toBe("passed");
    return observations;
  };
  const call = (source: string): Step => ({ kind: "call", source });
  const setup = (source: string): Step => ({ kind: "setup", source });
  const assert = (source: string): Step => ({ kind: "assert", source });
  const IDENTITY = "def f(x): return x\n";

  const literals: [source: string, literal: string][] = [
    ["None", "None"],
    ["1 == 1", "True"],
    ["10 ** 20", "100000000000000000000"],
    ["-0.0", "-0.0"],
    ["0.1 + 0.2", "0.30000000000000004"],
    ["-1e400", "float('-inf')"],
    ["1e400 + 2j", "complex(float('inf'), 2.0)"],
    ["3 - 4j", "(3-4j)"],
    ["complex(-0.0, 1)", "complex(-0.0, 1.0)"],
    ["'it\\'s ' + 'é😀\\n\\ud800'", '"it\'s é😀\\n\\ud800"'],
    ["bytes([0, 255])", "b'\\x00\\xff'"],
    ["(1,)", "(1,)"],
    ["[(), [], {}, set()]", "[(), [], {}, set()]"],
    ["{30, 4, 'a'}", "{'a', 30, 4}"],
    ["{'b': 1, 'a': {2: (3, None)}}", "{'b': 1, 'a': {2: (3, None)}}"],
    ["'x' * 1998", `'${"x".repeat(1998)}'`],
  ];
  test("plain data is written as source that evaluates to an equal value of the same type", async () => {
    const observations = await observe(
      IDENTITY,
      literals.map(([source]) => call(`f(${source})`)),
    );
    expect(observations).toEqual(
      literals.map(([, literal]): unknown =>
        expect.objectContaining({ status: "value", literal, detail: null }),
      ),
    );
    const same = literals.map(
      ([source, literal]) => `assert ${literal} == f(${source}) and type(${literal}) is type(f(${source}))`,
    );
    expect(await judge(IDENTITY, same.join("\n"))).toMatchObject({
      status: "passed",
      asserts: literals.length,
    });
  });

  const opaque: [source: string, type: string][] = [
    ["float('nan')", "float"],
    ["[1, float('nan')]", "list"],
    ["frozenset([1])", "frozenset"],
    ["type('N', (int,), {})(3)", "N"],
    ["__import__('collections').OrderedDict(a=1)", "OrderedDict"],
    ["object()", "object"],
    ["(i for i in [])", "generator"],
    ["'x' * 1999", "str"],
    ["list(range(10 ** 5))", "list"],
    ["10 ** 10000", "int"],
    ["(lambda l: l.append(l) or l)([])", "list"],
  ];
  test("everything else is opaque, with its type's name", async () => {
    const observations = await observe(
      IDENTITY,
      opaque.map(([source]) => call(`f(${source})`)),
    );
    expect(observations).toEqual(
      opaque.map(([, detail]): unknown =>
        expect.objectContaining({ status: "opaque", literal: null, detail }),
      ),
    );
  });

  test("a step that fails does not stop the next", async () => {
    const observations = await observe("def f(x):\n    print('noise')\n    return 1 / x\n", [
      setup("y = 4"),
      call("f(0)"),
      call("f(y"),
      call("f(y)"),
      assert("assert f(y) == 0.25"),
      assert("f(y) == 1"),
      assert("assert f(0)"),
      setup("raise KeyError('k')"),
      call("exit()"),
    ]);
    expect(observations.map(({ status, literal, detail }) => [status, literal ?? detail])).toEqual([
      ["ok", null],
      ["raised", "ZeroDivisionError: division by zero"],
      ["raised", "SyntaxError: '(' was never closed"],
      ["value", "0.25"],
      ["ok", null],
      ["failed", "assert f(y) == 1; left is 0.25, right is 1"],
      ["raised", "ZeroDivisionError: division by zero"],
      ["raised", "KeyError: 'k'"],
      ["raised", "SystemExit: None"],
    ]);
  });

  test("arguments are made afresh for each step; only the setup's names stay", async () => {
    const observations = await observe("def f(x):\n    x.append(1)\n    return x\n", [
      call("f([])"),
      call("f([])"),
      call("f(z := [7])"),
      call("z"),
      setup("y = []"),
      call("f(y)"),
      call("f(y)"),
    ]);
    expect(observations.map(({ literal }) => literal)).toEqual([
      "[1]",
      "[1]",
      "[7, 1]",
      null,
      null,
      "[1]",
      "[1, 1]",
    ]);
  });

  test("what takes too long is cut off by count, also when it swallows the cut", async () => {
    const code =
      "import asyncio, itertools\ndef f(x):\n    while True: pass\n" +
      "def g():\n    return sum(1 for _ in itertools.count())\n" +
      "def h():\n    try: f(1)\n    except BaseException: return 'swallowed'\n" +
      "async def k():\n    while True: await asyncio.sleep(0)\n" +
      "def swallow():\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass\n" +
      "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\n";
    const observations = await observe(code, [
      call("f(1)"),
      call("g()"),
      call("h()"),
      call("asyncio.run(k())"),
      call("fib(40)"),
      call("swallow()"),
      call("fib(15)"),
    ]);
    expect(observations.map(({ status }) => status)).toEqual([...Array<string>(6).fill("too-long"), "value"]);
  });

  test("each step tells the lines of the code that it went through", async () => {
    const code =
      "def f(x):\n    if x > 2:\n        return 'big'\n    for i in range(x):\n        x += i\n    return x\n";
    const observations = await observe(code, [call("f(3)"), call("f(2)"), call("f(0)"), call("1 + 1")]);
    expect(observations.map(({ lines }) => lines)).toEqual([[2, 3], [2, 4, 5, 6], [2, 4, 6], []]);
  });

  test("a world elsewhere differs in hash seed, random numbers and date, and in nothing else", async () => {
    const code =
      "import datetime, os, random, time, uuid\ndef f(x):\n    return sorted(x)\n" +
      "def sets(x):\n    return list(set(x))\n";
    const steps = [
      "sets(['alpha', 'beta', 'gamma', 'delta', 'epsilon'])",
      "random.random()",
      "datetime.date.today().year",
      "time.localtime().tm_yday",
      "os.urandom(4)",
      "uuid.uuid4().hex",
      "os.getcwd()",
      "os.path.expanduser('~')",
      "f({3, 1, 2})",
      "datetime.date(2024, 2, 29).isoformat()",
    ].map(call);
    const [first, again, other] = await Promise.all([
      observe(code, steps),
      observe(code, steps),
      sandbox.observe({ code, entryPoint: "f", steps, elsewhere: true }),
    ]);
    expect(again).toEqual(first);
    const same = first.map(({ literal }, at) => literal === other.observations[at]?.literal);
    expect(same).toEqual([false, false, false, false, false, false, false, false, true, true]);
  });

  test("a step in which the cut is swallowed for ever costs the world, and says so", async () => {
    // Exceptions in __del__ are dropped by the interpreter: here 600,000 times, inside one call into C.
    const code =
      "from itertools import repeat, starmap\nclass D:\n    def __del__(self): pass\n" +
      "def f(x):\n    objects = list(starmap(D, repeat((), 600_000)))\n    objects.clear()\n";
    const steps = [call("1 + 1"), call("f(1)"), call("2")];
    const { outcome, observations } = await sandbox.observe({ code, entryPoint: "f", steps });
    expect(observations.map(({ status }) => status)).toEqual(["value", "too-long"]);
    expect(outcome).toMatchObject({ status: "exit", stage: "tests" });
  });

  test("code that can't be imported leaves no observation", async () => {
    const steps = [call("1")];
    const failed = await sandbox.observe({ code: "1 / 0\n", entryPoint: "f", steps });
    expect(failed.observations).toEqual([]);
    expect(failed.outcome).toMatchObject({ status: "error", stage: "code", line: 1 });
    const endless = await sandbox.observe({ code: "while True: pass\n", entryPoint: "f", steps });
    expect(endless.outcome).toMatchObject({
      status: "timeout",
      stage: "code",
      message: "the budget of Python events ran out",
    });
  });

  test("coroutines are run by the caller's asyncio.run", async () => {
    const code = "import asyncio\nasync def f(x):\n    await asyncio.sleep(60)\n    return [x]\n";
    const observations = await observe(code, [call("asyncio.run(f(3))"), call("f(3)")]);
    expect(observations).toEqual([
      { status: "value", literal: "[3]", detail: null, lines: expect.anything() as number[] },
      { status: "opaque", literal: null, detail: "coroutine", lines: expect.anything() as number[] },
    ]);
  });
});

describe("kill", () => {
  const tests = "assert f(2) == 4\nassert f(3) == 9\n";
  const kill = (variants: readonly string[], original?: string): Promise<readonly boolean[]> =>
    sandbox.kill({ variants, tests, entryPoint: "f", ...(original === undefined ? {} : { original }) });

  test("what does not pass is killed, however it fails, and the others live", async () => {
    const variants: [code: string, killed: boolean][] = [
      [SQUARE, false],
      ["def f(x):\n    return None\n", true],
      ["def f(x): return x ** 2\n", false],
      ["def f(x):\n    while True: pass\n", true],
      ["def f(x: return x\n", true],
      ["import os\ndef f(x): os._exit(0)\n", true],
      ["def f(x): return x * x\n", false],
      ["import sys\nsys.exit(0)\n", true],
      ["def f(x): return 7 ** (10 ** 8)\n", true],
      ["def f(x):\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass\n", true],
      ["def f(x): return [x] * (1 << 30)\n", true],
      ["def f(x): return x + x\n", true],
      ["def f(x): return abs(x * x)\n", false],
    ];
    const killed = await kill(variants.map(([code]) => code));
    expect(killed).toEqual(variants.map(([, expected]) => expected));
  });

  test("one variant does not spoil the next", async () => {
    const spoilers = [
      "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.extra = 1\ndef f(x): return 0\n",
      "import sys\nsys.modules['solution'] = None\nsys.setrecursionlimit(50)\ndef f(x): return 0\n",
      "import random\nrandom.seed(1)\ndef f(x): return 0\n",
      "import os, sys\nos.chdir('/tmp')\nsys.stdout = None\ndef f(x): return 0\n",
    ];
    const careful =
      "import sys, os, random, builtins\n" +
      "assert abs(-1) == 1 and not hasattr(builtins, 'extra') and sys.modules['solution'].__dict__ is globals()\n" +
      "assert sys.getrecursionlimit() > 500 and sys.stdout is not None and os.getcwd() == '/home/pyodide'\n" +
      "assert random.random() == random.Random(0).random()\n" +
      SQUARE;
    const killed = await kill(spoilers.flatMap((spoiler) => [spoiler, careful]));
    expect(killed).toEqual(spoilers.flatMap(() => [true, false]));
  });

  test("passing without an assert is a kill where the tests have any", async () => {
    const looped = "for case in cases():\n    assert f(case) == case\n";
    const variants = [
      "def cases(): return [1]\ndef f(x): return x\n",
      "def cases(): return []\ndef f(x): return x\n",
    ];
    expect(await sandbox.kill({ variants, tests: looped, entryPoint: "f" })).toEqual([false, true]);
    expect(await sandbox.kill({ variants, tests: "cases()", entryPoint: "f" })).toEqual([false, false]);
  });

  test("a variant may take as long as the original needs", async () => {
    const slow = "def f(x):\n    for i in range(400_000): pass\n    return x * x\n";
    expect(await kill([slow], slow)).toEqual([false]);
    expect(await kill([slow.replace("400_000", "800_000")], SQUARE)).toEqual([true]);
  });

  test("tests that don't compile pass on nothing; no variants, no work", async () => {
    expect(await sandbox.kill({ variants: [SQUARE], tests: "assert (", entryPoint: "f" })).toEqual([true]);
    expect(await kill([])).toEqual([]);
  });
});
