// Judging in two worlds, on each backend: what passes between them keeps its meaning, what can't pass is said so.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JudgingSandbox, Outcome } from "../../src/sandbox/sandbox.js";
import { backends } from "./backends.js";

type Case = readonly [what: string, code: string, tests: string, expected: Partial<Outcome>];

const lines = (...text: readonly string[]): string => `${text.join("\n")}\n`;
const passed = (asserts: number, objects = false): Partial<Outcome> => ({
  status: "passed",
  asserts,
  objects,
});

const POINT = lines(
  "from dataclasses import dataclass",
  "@dataclass",
  "class Point:",
  "    x: int",
  "    y: int",
  "def f(a, b): return Point(a.x + b.x, a.y + b.y)",
);
const ERROR = lines(
  "class Bad(ValueError):",
  "    def __init__(self, text, code):",
  "        super().__init__(text)",
  "        self.code = code",
  "def f(x):",
  "    if x < 0: raise Bad('negative', 7)",
  "    return x",
);

const cases: readonly Case[] = [
  [
    "plain data of every kind comes back as it is",
    "def f(x): return x\n",
    lines(
      "import datetime, decimal, fractions, collections, uuid, pathlib, array",
      "for v in (None, True, 3, -2**70, 1.5, float('inf'), -0.0, 1j, 'a\\ud800\\0', b'\\xff', bytearray(b'x'), range(1, 9, 2),",
      "          [1, [2]], (1, (2,)), {1, 2}, frozenset({3}), {'a': {1: (2,)}}, ..., slice(1, None), decimal.Decimal('1.10'),",
      "          fractions.Fraction(1, 3), datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3), datetime.timedelta(1, 2),",
      "          collections.Counter('aab'), collections.OrderedDict(b=1, a=2), collections.deque([1], 3), uuid.UUID(int=5),",
      "          pathlib.Path('/a/b'), array.array('i', [1, 2]), int, len, ValueError):",
      "    back = f(v)",
      "    assert back == v and type(back) is type(v) and repr(back) == repr(v)",
      "assert f(float('nan')) != f(float('nan'))",
    ),
    passed(34),
  ],
  [
    "a container that the code changes is changed here too, and stays the same one",
    "def f(l, d):\n    l.append(1)\n    d['k'] = l\n    return l\n",
    "a, b = [], {}\nc = f(a, b)\nassert c is a and a == [1] and b == {'k': [1]}\n",
    passed(1),
  ],
  [
    "a stream is read and written like any container",
    "def f(source, target):\n    target.write(source.read().decode())\n",
    "import io\ns, t = io.BytesIO(b'abc'), io.StringIO()\nf(s, t)\nassert t.getvalue() == 'abc' and s.read() == b''\n",
    passed(1),
  ],
  [
    "containers that go in and come out in another one come out the same",
    "def f(x): return list(x)\n",
    "a = [[2], [1]]\nassert f(a) == [[2], [1]] and sorted(f(a)) == [[1], [2]]\n",
    passed(1),
  ],
  [
    "an object that is handed over twice is one object",
    "def f(a, b): return a is b\n",
    "x = [1]\nassert f(x, x) and f('a,b', 'a,b') and f(x, b=x) and not f([1], [1])\n",
    passed(1),
  ],
  [
    "a class of the tests may use the code's names in its body",
    "def twice(g):\n    return 2 * g\nLIMIT = 3\n",
    "class A:\n    x = twice(LIMIT)\nassert A.x == 6\n",
    passed(1),
  ],
  [
    "a global is read when it is used",
    "N = 0\ndef f():\n    global N\n    N += 1\n    return N\n",
    "f()\nassert N == 1\nf()\nassert N == 2\n",
    passed(2),
  ],
  [
    "what the code imports is there, and so is the code as a module",
    "import math\nfrom math import isclose\ndef f(x): return x / 3\n",
    "assert isclose(f(1), 1 / 3)\nassert math.floor(f(10)) == 3\nimport solution\nfrom solution import f as g\nassert g(3) == solution.f(3) == 1\n",
    passed(3),
  ],
  [
    "a generator is iterated over there",
    "def f(n):\n    for i in range(n): yield i\n",
    "assert list(f(3)) == [0, 1, 2]\ni = f(2)\nassert next(i) == 0\nassert next(i) == 1\nassert next(i, None) is None\n",
    passed(4, true),
  ],
  [
    "a coroutine is run",
    "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return 2 * x\n",
    "import asyncio\nassert asyncio.run(f(2)) == 4\nasync def main(): return await asyncio.gather(f(1), f(2))\nassert asyncio.run(main()) == [2, 4]\n",
    passed(2),
  ],
  [
    "objects are made, called, read, changed and told apart by their class",
    "class C:\n    def __init__(self, x): self.x = x\n    def inc(self):\n        self.x += 1\n        return self.x\n    def __len__(self): return 5\n    def __getitem__(self, i): return i * self.x\n",
    "c = C(3)\nassert c.x == 3\nassert c.inc() == 4\nc.x = 10\nassert c.x == 10\nassert isinstance(c, C) and len(c) == 5 and c[2] == 20\n",
    passed(4, true),
  ],
  [
    "an exception keeps class, text, arguments and attributes",
    ERROR,
    lines(
      "try:",
      "    f(-1)",
      "    assert False",
      "except Bad as e:",
      "    assert str(e) == 'negative' and e.code == 7",
      "try: f(-1)",
      "except ValueError as e: assert isinstance(e, Bad)",
      "import unittest",
      "with unittest.TestCase().assertRaises(Bad): f(-2)",
      "assert f(2) == 2",
    ),
    { status: "passed", asserts: 3 },
  ],
  [
    "an exception of the standard library is that exception",
    "import json\ndef f(s): return json.loads(s)\n",
    "import json\ntry:\n    f('{')\n    assert False\nexcept json.JSONDecodeError as e:\n    assert 'Expecting' in str(e)\n",
    passed(1),
  ],
  [
    "a named tuple is a tuple",
    "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)\n",
    "assert f() == (1, 2)\nassert f().x == 1\nassert f() == P(1, 2)\n",
    { status: "passed", asserts: 3 },
  ],
  [
    "an enumeration's members are themselves",
    "from enum import Enum\nclass C(Enum):\n    R = 1\ndef f(): return C.R\n",
    "assert f() == C.R\nassert f() is C.R\nassert f().value == 1 and f().name == 'R'\n",
    passed(3, true),
  ],
  [
    "a function has its name and its docstring",
    "def f(x):\n    'Doubles.'\n    return 2 * x\n",
    "assert f.__name__ == 'f' and f.__doc__ == 'Doubles.'\n",
    passed(1, true),
  ],
  [
    "a wrong value is told like in one world",
    "def f(x): return [x, {'a': 1}]\n",
    "assert f(2) == [2, {'a': 2}]\n",
    {
      status: "failed",
      stage: "tests",
      line: 1,
      message: "assert f(2) == [2, {'a': 2}]; left is [2, {'a': 1}], right is [2, {'a': 2}]",
      objects: false,
    },
  ],
  [
    "an exception tells the line of the code",
    "def f(x):\n    y = 1\n    return y / x\n",
    "\nf(0)\n",
    {
      status: "error",
      stage: "tests",
      line: 2,
      message: "ZeroDivisionError: division by zero (line 3 of the code)",
    },
  ],
  [
    "code that can't be imported is told so",
    "import os\n1 / 0\n",
    "assert True\n",
    { status: "error", stage: "code", line: 2, message: "ZeroDivisionError: division by zero" },
  ],
  [
    "sys.exit is no pass",
    "import sys\ndef f(x): sys.exit(0)\n",
    "f(1)\n",
    { status: "exit", stage: "tests" },
  ],
  [
    "neither is the end of the interpreter",
    "import os\ndef f(x): os._exit(0)\n",
    "f(1)\n",
    { status: "exit" },
  ],
  [
    "a swallowed end is still the end",
    "import os\ndef f(x): os._exit(0)\n",
    "try: f(1)\nexcept BaseException: pass\nassert True\n",
    { status: "exit" },
  ],
  ...(
    [
      ["objects compared with one another", POINT, "assert f(Point(1, 2), Point(3, 4)) == Point(4, 6)\n"],
      ["an object compared with a value", "class Y: pass\ndef f(x): return Y()\n", "assert f(2) == 4\n"],
      [
        "an object that would see a value",
        "class Y:\n    def __rsub__(self, o): return 0\ndef f(x): return Y()\n",
        "assert abs(4 - f(2)) < 1\n",
      ],
      [
        "membership in an object",
        "class Y:\n    def __contains__(self, x): return True\ndef f(x): return Y()\n",
        "assert 4 in f(2)\n",
      ],
      ["a function of the tests", "def f(g): return g(1)\n", "assert f(lambda x: x) == 1\n"],
      [
        "a swallowed refusal",
        "class Y: pass\ndef f(x): return Y()\n",
        "try: assert f(2) == 4\nexcept BaseException: pass\nassert True\n",
      ],
      [
        "a shallow copy whose depth matters",
        "def f(x): return list(x)\n",
        "a = [[1]]\nb = f(a)\nb[0].append(2)\nassert a == [[1]]\n",
      ],
      [
        "a value nested too deeply",
        "def f():\n    l = []\n    for i in range(100): l = [l]\n    return l\n",
        "f()\n",
      ],
      [
        "the code's module changed",
        "N = 1\ndef f(): return N\n",
        "import solution\nsolution.N = 2\nassert f() == 2\n",
      ],
    ] as const
  ).map(([what, code, tests]): Case => [
    `${what}: unsupported`,
    code,
    tests,
    { status: "unsupported", objects: true },
  ]),
  [
    "a name of the interpreter's is not the code's",
    "def abs(x): return 0\ndef f(x): return -1\n",
    "assert abs(f(2) - 4) < 1\n",
    { status: "failed" },
  ],
  ...(
    [
      [
        "a function of the library imported by the name of a built-in one",
        "from operator import truth as sorted\ndef f(x): return [1]\n",
        "assert sorted(f(2)) == sorted([4, 2])\n",
      ],
      [
        "the last test skipped by the code",
        "import unittest\ndef f(x): raise unittest.SkipTest('later')\n",
        lines(
          "import unittest",
          "class T(unittest.TestCase):",
          "    def test(self): self.assertEqual(f(2), 4)",
          "loaded = unittest.defaultTestLoader.loadTestsFromTestCase(T)",
          "assert unittest.TextTestRunner().run(loaded).wasSuccessful()",
        ),
      ],
      [
        "a loop of the tests ended by an attribute",
        "class Y:\n    @property\n    def y(self): raise StopIteration\ndef f(x): return Y()\n",
        "def check(x):\n    assert f(x).y == 4\nassert list(map(check, [2])) == []\n",
      ],
      [
        "a task of the tests cancelled",
        "import asyncio\nasync def f(x): raise asyncio.CancelledError\n",
        lines(
          "import asyncio",
          "async def check(): assert await f(2) == 4",
          "async def main():",
          "    async with asyncio.TaskGroup() as tasks: tasks.create_task(check())",
          "asyncio.run(main())",
          "assert True",
        ),
      ],
      [
        "a predicate that does not look",
        "class Y:\n    def startswith(self, x): return True\ndef f(x): return Y()\n",
        "assert f(2).startswith('four')\n",
      ],
      [
        "a module of the code's own making",
        "class math:\n    def isclose(a, b): return True\ndef f(x): return 0\n",
        "assert math.isclose(f(2), 4)\n",
      ],
      [
        "a module of another name",
        "from unittest.mock import call as math\ndef f(x): return 0\n",
        "assert math.isclose(f(2), 4)\n",
      ],
    ] as const
  ).map(([what, code, tests]): Case => [
    `${what}: no pass`,
    code,
    tests,
    { status: expect.not.stringMatching("passed") as Outcome["status"] },
  ]),
  ...(
    [
      [
        "printed words",
        "def f(x): print(x)\n",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out: f(1)\nassert out.getvalue() == '1\\n'\n",
      ],
      [
        "seeded random numbers",
        "import random\ndef f(): return random.random()\n",
        "random.seed(1)\na = f()\nrandom.seed(1)\nassert f() == a\n",
      ],
      ["identity", "import functools\n@functools.cache\ndef f(): return []\n", "assert f() is f()\n"],
      ["a global list", "S = []\ndef f(x): S.append(x)\n", "f(1)\nS.clear()\nf(2)\nassert S == [2]\n"],
      ["a list within a list", "def f(x): x[0][0] = 2\n", "row = [1]\nf([row])\nassert row == [2]\n"],
      [
        "a list changed before an exception",
        "def f(x):\n    x.append(1)\n    raise ValueError\n",
        "x = []\ntry: f(x)\nexcept ValueError: pass\nassert x == [1]\n",
      ],
    ] as const
  ).map(([what, code, tests]): Case => [
    `${what} may differ in one world, and that is said`,
    code,
    tests,
    { status: "failed", objects: true },
  ]),
  [
    "an array is written back",
    "def f(a): a[0] = 7\n",
    "import array\na = array.array('i', [1])\nf(a)\nassert a[0] == 7\n",
    passed(1),
  ],
  [
    "unless it is what is tested",
    "def sum(values):\n    total = 100\n    for v in values: total += v\n    return total\n",
    "assert sum([1, 2]) == 103\n",
    passed(1),
  ],
];

describe.each(backends)("in two worlds of $backend", ({ open }) => {
  let sandbox: JudgingSandbox;
  beforeAll(async () => {
    sandbox = await open();
  });
  afterAll(() => sandbox.close());

  test.each(cases)("%s", async (what, code, tests, expected) => {
    const entryPoint = what.startsWith("unless") ? "sum" : "f";
    const outcome = await sandbox.judge({ code, tests, entryPoint, mode: "split" });
    expect(outcome).toMatchObject({ ...expected, mode: "split" });
  });

  test("a program that never ends is a timeout, in either world", async () => {
    const hanging = [
      { code: "while True: pass\n", tests: "" },
      { code: "def f(x):\n    while True: pass\n", tests: "f(1)\n" },
      { code: "def f(x): return x\n", tests: "while True: f(1)\n" },
    ];
    const quick = await open({ timeoutMs: 700 });
    const outcomes = await Promise.all(
      hanging.map((job) => quick.judge({ ...job, entryPoint: "f", mode: "split" })),
    );
    await quick.close();
    expect(outcomes.map(({ status }) => status)).toEqual(["timeout", "timeout", "timeout"]);
  });
});
