// The life of the sandbox's processes: the same answers from any of them, another one after a death, none after ours.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { openPyodide, pyodideIdentity } from "../../src/sandbox/pyodide.js";
import type { PyodideOptions } from "../../src/sandbox/pyodide.js";
import type { Sandbox } from "../../src/sandbox/sandbox.js";
import { descendants, groupOf, running } from "./processes.js";

const cacheDir = path.join(os.tmpdir(), "selfalign-test-cache");
const opened: Sandbox[] = [];
const open = async (options: PyodideOptions = {}): Promise<Sandbox> => {
  const sandbox = await openPyodide({ workers: 1, timeoutMs: 1_500, cacheDir, ...options });
  opened.push(sandbox);
  return sandbox;
};
afterAll(() => Promise.all(opened.map((sandbox) => sandbox.close())));
const linux = process.platform === "linux";
const onlyLinux = test.runIf(linux);
if (!linux) console.warn("skipped: the process tree can be read on Linux only");

test("what it says of itself before it starts is true", async () => {
  const { backend, interpreter } = await open();
  expect(pyodideIdentity()).toEqual({ backend, interpreter });
  const code = "import sys\nv = 'CPython ' + sys.version.split()[0]\n";
  const job = { code, tests: `assert v == '${interpreter}'`, entryPoint: "f" };
  expect((await opened.at(-1)?.judge(job))?.status).toBe("passed");
});

test("two pools give the same outcomes, chance, hashes and addresses included", async () => {
  const code =
    "import random, uuid, os, secrets, tempfile\n" +
    "class C: pass\n" +
    "def f(n):\n" +
    "    objects = {C() for _ in range(9)}\n" +
    "    return [random.random(), list({'a', 'b', 'c', 'd'}), hash('x'), str(uuid.uuid4()), os.urandom(4), " +
    "secrets.token_hex(4), tempfile.mktemp(), [id(o) for o in objects], sorted(os.environ)]\n";
  const steps = [1, 2, 3].map((n) => ({ kind: "call" as const, source: `f(${n})` }));
  const failing = { code, tests: "f(1)\nassert f(2) == 0", entryPoint: "f" };
  const seen = [];
  for (const sandbox of [await open(), await open()]) {
    seen.push([await sandbox.observe({ code, entryPoint: "f", steps }), await sandbox.judge(failing)]);
    // In a world that comes later in the same process, too.
    seen.push([await sandbox.observe({ code, entryPoint: "f", steps }), await sandbox.judge(failing)]);
  }
  expect(seen.slice(1)).toEqual([seen[0], seen[0], seen[0]]);
  expect(seen[0]?.[1]).toMatchObject({ status: "failed" });
});

/** The sandbox's Node processes below this one; the shells that watch them have the same words in their arguments. */
const served = (): number[] =>
  descendants(process.pid)
    .filter(({ command }) => command.includes("child.js serve") && !command.startsWith("/bin/sh"))
    .map(({ pid }) => pid);

onlyLinux("a child that is killed from outside is replaced, and its job done again", async () => {
  const others = new Set(served());
  const sandbox = await open({ timeoutMs: 20_000 });
  const slow = "import time\ndef f(x):\n    time.sleep(2)\n    return x\n";
  const job = sandbox.judge({ code: slow, tests: "assert f(1) == 1", entryPoint: "f" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const own = served().filter((pid) => !others.has(pid));
  expect(own).toHaveLength(1);
  for (const pid of own) process.kill(pid, "SIGKILL");
  expect(await job).toMatchObject({ status: "passed", asserts: 1 });
  expect(served().filter((pid) => own.includes(pid))).toEqual([]);
});

onlyLinux("no child outlives a parent that is killed while a program loops", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "parent-"));
  const dist = path.resolve(import.meta.dirname, "../../dist/sandbox/pyodide.js");
  const script = path.join(folder, "parent.mjs");
  writeFileSync(
    script,
    `import { openPyodide } from ${JSON.stringify(dist)};
     const sandbox = await openPyodide({ workers: 2, timeoutMs: 600_000, cacheDir: ${JSON.stringify(cacheDir)} });
     const job = { code: "while True: pass", tests: "", entryPoint: "f" };
     void sandbox.judge(job);
     void sandbox.judge(job);
     setTimeout(() => console.log("looping"), 2_000);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => parent.stdout.once("data", resolve));
  const children = descendants(parent.pid ?? 0);
  expect(children.filter(({ command }) => command.includes("child.js serve"))).not.toEqual([]);
  parent.kill("SIGKILL");
  const pids = children.map(({ pid }) => pid);
  await expect.poll(() => running(pids), { timeout: 10_000 }).toEqual([]);
  rmSync(folder, { recursive: true });
});

onlyLinux("Ctrl-C in the terminal does not reach the children: they are not in our group", async () => {
  await open();
  expect(served()).not.toEqual([]);
  const groups = served().map((pid) => groupOf(pid));
  expect(groups).not.toContain(undefined);
  expect(groups).not.toContain(groupOf(process.pid));
});

test("a program that needs more memory than is given ends in `memory`; with more given it passes", async () => {
  const job = { code: "x = bytearray(150 << 20)\n", tests: "", entryPoint: "f" };
  expect((await (await open({ memoryMb: 128 })).judge(job)).status).toBe("memory");
  expect((await (await open({ memoryMb: 256 })).judge(job)).status).toBe("passed");
});

test.each<[PyodideOptions, RegExp]>([
  [{ workers: 0 }, /^workers '0' /],
  [{ memoryMb: 1.5 }, /^memoryMb '1.5' /],
  [{ timeoutMs: 0 }, /^timeoutMs '0' /],
])("options %j are refused", async (options, message) => {
  const refusal = openPyodide(options);
  await expect(refusal).rejects.toThrow(InputError);
  await expect(refusal).rejects.toThrow(message);
});

test("a closed sandbox says so, and closing twice does no harm", async () => {
  const sandbox = await open();
  await sandbox.close();
  await expect(sandbox.judge({ code: "", tests: "", entryPoint: "f" })).rejects.toThrow(/closed/);
  await sandbox.close();
});
