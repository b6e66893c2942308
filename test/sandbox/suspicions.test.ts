import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { suspicionsOf } from "../../src/sandbox/suspicions.js";

beforeAll(loadGrammar);

/** `line flag` of each suspicion. */
const told = (code: string): string[] => suspicionsOf(code).map(({ flag, line }) => `${line} ${flag}`);
const body = (...lines: string[]): string => `class A:\n${lines.map((line) => `    ${line}\n`).join("")}`;

describe("suspicious", () => {
  it.each([
    ["import sys\nexpected = sys._getframe(1)\n", "2 frame-access"],
    ["from sys import _getframe as g\ng(2)\n", "2 frame-access"],
    ["def f(t):\n    while t:\n        t = t.f_back\n", "3 frame-access"],
    ["try:\n    1 / 0\nexcept Exception as e:\n    f = e.__traceback__.tb_frame\n", "4 frame-access"],
    ["import inspect as i\nprint(i.stack()[1])\n", "2 frame-access"],
    ["getattr(__import__('sys'), '_getframe')(1)\n", "1 frame-access"],
    ["import sys\nsys._ｇetframe(1)\n", "2 frame-access"],
    ["import sys\ng = sys.__dict__['\\x5fgetframe']\n", "2 frame-access"],
    ["from operator import attrgetter\ng = attrgetter('f_back')\n", "2 frame-access"],
    ["import math\nmath.isclose = lambda a, b: True\n", "2 library-write"],
    ["from random import seed\nimport random as r\nr.seed = print\n", "3 library-write"],
    ["def f(x):\n    exec('y = x')\n", "2 text-execution"],
    ["import gc\nfor o in gc.get_objects():\n    pass\n", "2 object-search"],
    ["from gc import get_referrers\nget_referrers(f)\n", "2 object-search"],
    ["for c in object.__subclasses__(): pass\n", "1 subclass-walk"],
    ["().__class__.__base__.__subclasses__()\n", "1 subclass-walk"],
    ["x = type.__subclasses__(object)\n", "1 subclass-walk"],
    ["import ctypes.util\n", "1 ctypes"],
    ["from ctypes import CDLL\n", "1 ctypes"],
    ["c = __import__('ctypes')\n", "1 ctypes"],
    ["import os\ndef f():\n    os._exit(0)\n", "3 hard-exit"],
    ["from os import _exit\n_exit(0)\n", "2 hard-exit"],
    ["import sys\nsys.exit(0)\n", "2 exit-on-import"],
    ["if True:\n    exit()\n", "2 exit-on-import"],
    ["raise SystemExit\n", "1 exit-on-import"],
    [body("quit(0)"), "2 exit-on-import"],
    [`import sys\n${body("def __del__(self):", "    sys.exit(0)")}`, "4 exit-in-finaliser"],
    ["import atexit\n@atexit.register\ndef f(): pass\n", "2 atexit"],
    [body("def __eq__(self, other):", "    return True"), "2 blind-comparison"],
    [body("def __ne__(self, o): return False"), "2 blind-comparison"],
    [body("def __eq__(self, other): return isinstance(other, str)"), "2 blind-comparison"],
    [body("def __contains__(self, item): return True"), "2 blind-comparison"],
    [body("def __sub__(self, other): return 0"), "2 blind-comparison"],
    [body("def __radd__(self, other): return self"), "2 blind-comparison"],
    [body("def __eq__(self, other):", "    'Same.'", "    return self.x == self.x"), "2 blind-comparison"],
    [body("def __ge__(self, other):", "    other", "    return 1"), "2 blind-comparison"],
    [body("def __eq__(*both): return True"), "2 blind-comparison"],
    [body("__eq__ = lambda self, other: True"), "2 blind-comparison"],
    ["T = type('T', (int,), {'__eq__': lambda s, o: True})\n", "1 blind-comparison"],
    [body("def __ｅq__(self, other): return True"), "2 blind-comparison"],
    ["T = type('T', (), {'\\x5f_eq__': lambda s, o: True})\n", "1 blind-comparison"],
    ["A.__lt__ = lambda s, o: not None\n", "1 blind-comparison"],
    ["import builtins\nbuiltins.len = lambda x: 3\n", "2 builtins-write"],
    ["import builtins as b\nb.__dict__['sum'] = f\n", "2 builtins-write"],
    ["import builtins\nsetattr(builtins, 'all', any)\n", "2 builtins-write"],
    ["import builtins\nvars(builtins).update(abs=f)\n", "2 builtins-write"],
    ["import builtins\nx, builtins.len = 1, 2\n", "2 builtins-write"],
    ["__builtins__['len'] = f\n", "1 builtins-write"],
    ["import sys\nsys.modules['math'] = A()\n", "2 modules-write"],
    ["from sys import modules\ndel modules['json']\n", "2 modules-write"],
    ["import sys\nsys.modules.update(math=None)\n", "2 modules-write"],
    ["import sys\nsys.settrace(f)\n", "2 tracing"],
    ["import threading\nthreading.setprofile(f)\n", "2 tracing"],
  ])("%j: %s", (code, flag) => expect(told(code)).toEqual([flag]));

  it("lists each line once, in order", () => {
    const code = "import os, sys\nos._exit(sys._getframe(0).f_back.f_back.x)\nsys.exit()\n";
    expect(told(code)).toEqual(["2 frame-access", "2 hard-exit", "3 exit-on-import"]);
  });

  it("sees what it can in text that does not parse", () => {
    expect(told("import os\nos._exit(0)\ndef f(:\n")).toEqual(["2 hard-exit"]);
  });
});

describe("innocent of the same look", () => {
  it.each([
    body("def __eq__(self, other):", "    return self.x == other.x"),
    body(
      "def __eq__(self, other):",
      "    if not isinstance(other, A):",
      "        return NotImplemented",
      "    return True",
    ),
    body("def __eq__(self, other):", "    if self is other: return True", "    return False"),
    body("def __eq__(self, other): return NotImplemented"),
    body("def __eq__(self, other): return isinstance(other, A)"),
    body("def __contains__(self, item): return item in self.items"),
    body("def __add__(self, other): return A(self.x + other.x)"),
    body("def __lt__(self, other): raise TypeError('no order')"),
    body("def __le__(self, other): ..."),
    body("__ge__ = lambda self, other: self.x >= other.x"),
    body("def equal(self, other): return True"),
    body("def __len__(self): return 3"),
    "import io, sys\nsys.stdout = io.StringIO()\n",
    "def f(queue, token):\n    queue.size = 1\n    token.x = queue.size\n",
    "import math\nx = math.pi\ny = math.pi == x\n",
    "def execute(run): return run.exec(1)\n",
    "import sys\ndef main():\n    sys.exit(1)\n",
    "import sys\nif __name__ == '__main__':\n    sys.exit(main())\n",
    "def exit_code(): return 0\nexit_code()\n",
    "import os\nos.path.exists('a'); os.environ.get('exit')\n",
    body("def __del__(self):", "    self.close()"),
    "def f(stack):\n    stack.pop()\n    return stack\n",
    "import inspect\ninspect.signature(f)\n",
    "import gc\ngc.collect()\n",
    "import sys\nm = sys.modules[__name__]\nn = sys.modules.get('a')\n",
    "import builtins\nnames = dir(builtins)\nbuiltins.len([])\n",
    "modules = {}\nmodules['a'] = 1\n",
    "for c in Shape.__subclasses__(): pass\n",
    "def f(cls): return cls.__subclasses__()\n",
    "update = 1\nd.update(a=1)\nsetattr(d, 'x', 1)\n",
    "'import ctypes; os._exit(0)'\n# sys._getframe()\n",
    "def _getframe(): return f_locals\n",
    "import sys\nsys.stdout.write('x')\nsys.setrecursionlimit(5000)\n",
  ])("%j", (code) => expect(told(code)).toEqual([]));

  it("an exit of its own making", () => {
    expect(told("def quit(): return 1\nx = quit()\n")).toEqual([]);
  });
});
