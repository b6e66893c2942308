// What Pyodide offers a program by which it could reach the process around it: each door leads nowhere.
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPyodide } from "../../src/sandbox/pyodide.js";
import type { Sandbox } from "../../src/sandbox/sandbox.js";
import { cacheDir } from "./backends.js";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openPyodide({ workers: 1, timeoutMs: 5_000, cacheDir });
});
afterAll(() => sandbox.close());

const TO_JS = "from pyodide.ffi import to_js\nthing = to_js([1])\n";
const doors: [what: string, code: string, refusal: RegExp][] = [
  ["a function from a string", `${TO_JS}thing.constructor.constructor('return this')()`, /EvalError/],
  ["run_js", "from pyodide.code import run_js\nrun_js('1')", /ImportError/],
  ["the process object", "import js\njs.process", /AttributeError/],
  ["fetch", "import js\njs.fetch", /AttributeError/],
  [
    "the host's file system",
    "import pyodide_js\npyodide_js.mountNodeFS('/tmp/x', '/')",
    /only works in Node/,
  ],
  [
    "the host's file system, mounted by hand",
    "import pyodide_js as p\np.FS.mkdir('/tmp/x')\np.FS.mount(p.FS.filesystems.NODEFS, {'root': '/'}, '/tmp/x')",
    /TypeError/,
  ],
  ["a shell", "import os\nif os.system('true') != 0: raise OSError('no shell')", /no shell/],
  [
    "a shell through C",
    "import ctypes\nif ctypes.CDLL(None).system(b'true') != 0: raise OSError('no shell')",
    /no shell/,
  ],
  ["the harness by its name", "import _harness", /ModuleNotFoundError/],
];
test.each(doors)("%s is not behind Pyodide's doors", async (_, code, refusal) => {
  const outcome = await sandbox.judge({ code, tests: "", entryPoint: "f" });
  expect(outcome.status).toBe("error");
  expect(outcome.message).toMatch(refusal);
});
