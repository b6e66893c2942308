// Programs that try to break out, to stay, to starve the machine or to forge a verdict. They lie outside the repository.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPyodide } from "../../src/sandbox/pyodide.js";
import type { Sandbox } from "../../src/sandbox/sandbox.js";
import { descendants } from "./processes.js";

interface Hostile {
  readonly name: string;
  readonly code: string;
  readonly tests: string;
  /** `notpass`: must not pass; `pass`: harmless where the system calls that it makes exist; `any`: only its effects matter. */
  readonly want: "pass" | "notpass" | "any";
  /** Forges the verdict where code and tests share one interpreter. */
  readonly forge?: boolean;
}

const file = path.resolve(import.meta.dirname, "../../../shared/data/hostile.jsonl");
const present = existsSync(file);
if (!present) console.warn(`skipped: '${file}' is not there`);
const programs = present
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Hostile)
  : [];
// Of the harmless ones these need processes, threads, or more than a mebibyte of output, which there isn't here.
const UNABLE = new Set([
  "double_fork_daemon",
  "threads_never_end",
  "threads_ok",
  "stderr_fd_flood",
  "kill_range",
]);
// Marked `forge` in the file: objects that are equal to everything, which only worlds apart can tell. The harness withstands
// the other two that are marked (`patch_exec_compile`, `frame_walk_report`) and is held to it.
const FORGES_ONE_WORLD = new Set(["eq_always_true", "int_subclass_eq"]);

let sandbox: Sandbox;
let folder: string;
let connections = 0;
const server = net.createServer((socket) => {
  connections++;
  socket.destroy();
});

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "hostile-"));
  writeFileSync(path.join(folder, "canary"), "alive");
  process.env["SELFALIGN_SECRET"] = "s3cr3t";
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cacheDir = path.join(os.tmpdir(), "selfalign-test-cache");
  sandbox = await openPyodide({ workers: 2, timeoutMs: 1_000, cacheDir });
});
afterAll(async () => {
  delete process.env["SELFALIGN_SECRET"];
  await sandbox.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test.runIf(present)("no hostile program gets through, out, or in the way of the next", async () => {
  const { port } = server.address() as net.AddressInfo;
  const judged = programs.map(async ({ name, code, tests, want }) => {
    const aimed = code.replaceAll("PORT", String(port)).replaceAll("CANARY", path.join(folder, "canary"));
    const { status } = await sandbox.judge({ code: aimed, tests, entryPoint: "f" });
    return { name, want, passed: status === "passed", status };
  });
  const results = await Promise.all(judged);
  expect(results).toHaveLength(60);
  expect(results.filter(({ status }) => status === "sandbox-error")).toEqual([]);
  const through = results.filter(({ want, passed }) => want === "notpass" && passed).map(({ name }) => name);
  expect(new Set(through)).toEqual(FORGES_ONE_WORLD);
  const refused = results.filter(({ want, passed }) => want === "pass" && !passed).map(({ name }) => name);
  expect(new Set(refused)).toEqual(UNABLE);
  expect(connections).toBe(0);
  expect(readFileSync(path.join(folder, "canary"), "utf8")).toBe("alive");
});

test.runIf(present)(
  "after each of those that can stay in a process, the next program is unharmed",
  async () => {
    const stayers = new Set([
      "atexit_pass",
      "close_fds",
      "monkeypatch_os_write",
      "settrace_skip_tests",
      "raise_in_del",
    ]);
    const benign = { code: "def f(x): return x * x\n", tests: "assert f(3) == 9\n", entryPoint: "f" };
    for (const { code, tests } of programs.filter(({ name }) => stayers.has(name))) {
      await sandbox.judge({ code, tests, entryPoint: "f" });
      // Two, so that both children have their turn.
      for (const outcome of await Promise.all([sandbox.judge(benign), sandbox.judge(benign)]))
        expect(outcome).toMatchObject({ status: "passed", asserts: 1 });
    }
  },
);

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

test.runIf(present && process.platform === "linux")("nothing is left running", async () => {
  expect(descendants(process.pid).filter(({ command }) => command.includes("child.js"))).not.toEqual([]);
  await sandbox.close();
  await expect
    .poll(() => descendants(process.pid).filter(({ command }) => command.includes("child.js")), {
      timeout: 10_000,
    })
    .toEqual([]);
});
