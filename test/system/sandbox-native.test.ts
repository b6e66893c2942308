// The native sandbox: its limits, what a program sees of the machine, and the life of its processes.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { openNative } from "../../src/sandbox/native.js";
import { openSandbox } from "../../src/sandbox/open.js";
import { probeSandbox } from "../../src/sandbox/probe.js";
import type { JudgingSandbox, Outcome } from "../../src/sandbox/sandbox.js";
import { cacheDir, hasNative } from "./backends.js";
import { descendants, running } from "./processes.js";

const SQUARE = "def f(x): return x * x\n";
const pids = (): number[] =>
  descendants(process.pid)
    .filter(({ command }) => command.includes("bubblewrap"))
    .map(({ pid }) => pid);

describe.runIf(hasNative)("native", () => {
  let sandbox: JudgingSandbox;
  const judge = (code: string, tests = ""): Promise<Outcome> =>
    sandbox.judge({ code, tests, entryPoint: "f" });
  /** Python that holds true in the sandbox. */
  const holds = async (code: string): Promise<void> => {
    expect(await judge("", code)).toMatchObject({ status: "passed" });
  };

  beforeAll(async () => {
    sandbox = await openNative({ workers: 2, timeoutMs: 1_000, memoryMb: 256 });
  });
  afterAll(() => sandbox.close());

  test("says which interpreter it is", async () => {
    await holds(`import sys\nassert 'CPython ' + sys.version.split()[0] == '${sandbox.interpreter}'`);
  });

  const seen: [what: string, code: string][] = [
    ["three devices", "import os\nassert sorted(os.listdir('/dev')) == ['null', 'urandom', 'zero']"],
    [
      "no other files than /usr",
      "import os\nassert set(os.listdir('/')) <= {'usr', 'lib', 'lib64', 'bin', 'dev', 'tmp'}",
    ],
    [
      "an empty folder of its own",
      "import os\nassert os.getcwd() == '/tmp' and os.listdir('.') == []\nopen('x', 'w').write('y')",
    ],
    [
      "a bare environment",
      "import os\nassert set(os.environ) <= {'LANG', 'PYTHONHASHSEED', 'PWD', 'LC_CTYPE'}",
    ],
    ["itself as the only process", "import os\nassert os.getpid() == 1 and os.getppid() == 0"],
    [
      "no descriptor but the standard streams and where its result goes",
      "import os\nopen_ = []\nfor d in range(3, 1024):\n    try: os.fstat(d)\n    except OSError: continue\n    open_.append(d)\nassert len(open_) == 1",
    ],
    ["no privilege to gain", "import ctypes\nassert ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1"],
    ["the same random numbers each time", "import random\nassert random.random() == 0.8444218515250481"],
    [
      "an event loop and threads",
      "import asyncio, threading\nasync def main():\n    return await asyncio.to_thread(lambda: 4)\nassert asyncio.run(main()) == 4",
    ],
  ];
  test.each(seen)("a program sees %s", async (_, code) => {
    await holds(code);
  });

  const ending: [what: string, code: string, tests: string, expected: Partial<Outcome>][] = [
    ["an endless loop", "while True: pass\n", "", { status: "timeout", stage: "code" }],
    ["a sleep", "import time\ndef f(x): time.sleep(60)\n", "f(1)\n", { status: "timeout", stage: "tests" }],
    ["too much memory", "x = bytearray(1 << 30)\n", "", { status: "memory", stage: "code" }],
    [
      "a crash",
      "import ctypes\ndef f(x): ctypes.string_at(0)\n",
      "f(1)\n",
      { status: "error", message: "the interpreter died" },
    ],
    [
      "an exit",
      "import os\ndef f(x): os._exit(3)\n",
      "f(1)\n",
      { status: "exit", message: "the program ended its interpreter with status 3" },
    ],
    [
      "an exit of the tests",
      SQUARE,
      "import sys\nassert f(2) == 4\nsys.exit(0)\n",
      { status: "exit", asserts: 1 },
    ],
    [
      "a failed assert",
      SQUARE,
      "\nassert f(2) == 5\n",
      { status: "failed", line: 2, message: "assert f(2) == 5; left is 4, right is 5" },
    ],
    [
      "a process that it wants to start",
      "import os\nos.fork()\n",
      "",
      { status: "error", message: "PermissionError: [Errno 1] Operation not permitted" },
    ],
    [
      "a flood of output",
      "print('x' * (1 << 28))\ndef f(x): return x\n",
      "assert f(1) == 1\n",
      { status: "memory" },
    ],
    ["code that does not compile", "def f(x:\n", "", { status: "error", stage: "code", line: 1 }],
  ];
  test.each(ending)("names %s", async (_, code, tests, expected) => {
    expect(await judge(code, tests)).toMatchObject(expected);
  });

  test("kills what fails, loops or dies, and spares what passes", async () => {
    const variants = [
      "def f(x): return None\n",
      "def f(x): return x ** 2\n",
      "def f(x):\n    while True: pass\n",
      "import os\nos._exit(0)\n",
      "def f(x: return\n",
    ];
    const job = { variants, tests: "assert f(3) == 9\n", entryPoint: "f", original: SQUARE };
    expect(await sandbox.kill(job)).toEqual([true, false, true, true, true]);
  });

  test("keeps the promises that the probe tries, and the probe notices one that is broken", async () => {
    expect(await probeSandbox(sandbox)).toBeNull();
    const credulous: JudgingSandbox = {
      ...sandbox,
      judge: async (job) => ({ ...(await sandbox.judge(job)), status: "passed", asserts: 1 }),
    };
    expect(await probeSandbox(credulous)).toMatch(/failed the trial/);
  });

  test("a worker that is killed from outside is replaced, and its job done again", async () => {
    const before = new Set(pids());
    const other = await openNative({ workers: 1, timeoutMs: 20_000, memoryMb: 256 });
    const slow = {
      code: "import time\ntime.sleep(1)\n" + SQUARE,
      tests: "assert f(2) == 4\n",
      entryPoint: "f",
    };
    const job = other.judge(slow);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const own = pids().filter((pid) => !before.has(pid));
    expect(own.length).toBeGreaterThan(0);
    // The outer process takes the others with it.
    for (const pid of own) if (running([pid]).length > 0) process.kill(pid, "SIGKILL");
    expect(await job).toMatchObject({ status: "passed", asserts: 1 });
    await other.close();
    await expect.poll(() => running(own)).toEqual([]);
  });

  test("no process outlives a parent that is killed while a program loops", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "parent-"));
    const dist = path.resolve(import.meta.dirname, "../../dist/sandbox/native.js");
    const script = path.join(folder, "parent.mjs");
    writeFileSync(
      script,
      `import { openNative } from ${JSON.stringify(dist)};
       const sandbox = await openNative({ workers: 2, timeoutMs: 600_000, memoryMb: 256 });
       for (const mode of ["one-world", "split"]) void sandbox.judge({ code: "while True: pass", tests: "", entryPoint: "f", mode });
       setTimeout(() => console.log("ready"), 500);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => parent.stdout.once("data", resolve));
    const below = descendants(parent.pid ?? 0).map(({ pid }) => pid);
    expect(below.length).toBeGreaterThan(4);
    parent.kill("SIGKILL");
    await expect.poll(() => running(below), { timeout: 10_000 }).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test("hundreds of programs leave no descriptor behind in this process", async () => {
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    await judge(SQUARE, "assert f(2) == 4\n");
    const before = descriptors();
    await Promise.all(Array.from({ length: 200 }, () => judge(SQUARE, "assert f(2) == 4\n")));
    expect(descriptors()).toBeLessThanOrEqual(before);
  });
});

test.runIf(hasNative)("auto is native here, unless the programs need a newer Python", async () => {
  const notices: string[] = [];
  const sandbox = await openSandbox({ workers: 1 });
  const newer = await openSandbox({ workers: 1, atLeast: [3, 99], onNotice: (text) => notices.push(text) });
  expect([sandbox.backend, newer.backend]).toEqual(["native", "pyodide"]);
  expect(notices.join()).toMatch(/needs Python 3\.99/);
  const steps = [{ kind: "call", source: "f(3)" }] as const;
  const { observations } = await sandbox.observe({ code: SQUARE, entryPoint: "f", steps });
  expect(observations).toMatchObject([{ status: "value", literal: "9" }]);
  await Promise.all([sandbox.close(), newer.close()]);
});

test.runIf(hasNative)(
  "an interpreter by its path is used, and one that the programs could not see is refused",
  async () => {
    const named = await openSandbox({ python: "/usr/bin/python3", workers: 1 });
    const job = { code: SQUARE, tests: "assert f(2) == 4\n", entryPoint: "f", mode: "split" } as const;
    expect(await named.judge(job)).toMatchObject({ status: "passed" });
    await named.close();
    const folder = mkdtempSync(path.join("/tmp", "venv-"));
    expect(spawnSync("/usr/bin/python3", ["-m", "venv", "--without-pip", folder]).status).toBe(0);
    await expect(openSandbox({ python: path.join(folder, "bin/python") })).rejects.toThrow(/lies in \/tmp/);
    rmSync(folder, { recursive: true });
  },
);

test("a choice that does not exist, and an interpreter that is none, are refused", async () => {
  await expect(openSandbox({ choice: "docker" as "auto" })).rejects.toThrow(
    /choose from native, pyodide, auto/,
  );
  await expect(openSandbox({ choice: "pyodide", python: "python3" })).rejects.toThrow(InputError);
  if (hasNative)
    await expect(openSandbox({ python: path.join(cacheDir, "nothing") })).rejects.toThrow(/can't be started/);
});
