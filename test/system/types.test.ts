// Verdicts of pyright on small texts, and what happens when its process is slow, dies, or loses its parent. Runs on the
// compiled server in dist.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { neutral, openPyright, pyrightVersion, type TypeVerdict } from "../../src/python/pyright.js";
import { sha1Of, type Seed } from "../../src/core/record.js";
import { typeErrors } from "../../src/seeds/types.js";

const checker = openPyright({ allowImports: ["numpy"] });
afterAll(() => checker.close());

async function codes(text: string): Promise<readonly string[]> {
  const verdict = await checker.check(text);
  return "errors" in verdict ? verdict.errors.map(({ code, line }) => `${line} ${code}`) : [verdict.unknown];
}

describe("pyright", () => {
  for (const [text, expected] of [
    ["def f(x: int) -> int:\n    return x + 1\n", []],
    ["def f(x: int) -> str:\n    return x\n", ["2 reportReturnType"]],
    ["def f(x):\n    return x + y\n", ["2 reportUndefinedVariable"]],
    ["def f(x:\n", 1],
    ["import os\n\ndef f(x):\n    return os.nothing(x)\n", ["4 reportAttributeAccessIssue"]],
    ["import numpy as np\nfrom numpy.linalg import norm\n\ndef f(x):\n    return norm(np.array(x))\n", []],
    ["import pandas\n", ["1 reportMissingImports"]],
    ["from importlib.resources._adapters import wrap_spec\n", []],
    ["x: int = 'a'  # type: ignore\n", ["1 reportAssignmentType"]],
    ["# type: ignore\nx: int = 'a'\n", ["2 reportAssignmentType"]],
    [
      "# pyright: basic, reportAssignmentType=false\nx: int = 'a'  # pyright: ignore\n",
      ["2 reportAssignmentType"],
    ],
    ["from typing import override\n", []],
  ] as const) {
    it(JSON.stringify(text), async () => {
      const found = await codes(text);
      if (typeof expected === "number") expect(found.length).toBeGreaterThanOrEqual(expected);
      else expect(found).toEqual(expected);
    });
  }

  it("answers about each text as if it were alone", async () => {
    const texts = ["x: int = 'a'\n", "y = x\n", "x = 1\n", "def f() -> str:\n    return 1\n"];
    const together = await Promise.all(texts.map((text) => checker.check(text)));
    const reversed = await Promise.all([...texts].reverse().map((text) => checker.check(text)));
    expect([...reversed].reverse()).toEqual(together);
    expect(together.map((verdict) => ("errors" in verdict ? verdict.errors.length : -1))).toEqual([
      1, 1, 0, 1,
    ]);
  });

  it("is named with its version", () => {
    expect(pyrightVersion()).toMatch(/^pyright \d+\.\d+\.\d+$/);
  });
});

/** Direct children of this process that are language servers. */
function servers(): number[] {
  const lines = execFileSync("ps", ["-eo", "pid,ppid,args"]).toString().split("\n");
  return lines
    .filter((line) => line.includes("pyright/server.js"))
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === process.pid)
    .map(([pid = 0]) => pid);
}

describe("a checker", () => {
  it("loses one text to the time limit and goes on with a new child", async () => {
    const hasty = openPyright({ timeoutMs: 1 });
    try {
      const slow = `x = [${"(1, 'a', {}), ".repeat(20_000)}]\n`;
      expect(await hasty.check(slow)).toEqual({ unknown: "checking took over 1 ms" });
    } finally {
      await hasty.close();
    }
    const patient = openPyright();
    try {
      expect(await patient.check("x: int = 1\n")).toEqual({ errors: [] });
      const before = servers();
      const verdict = patient.check(`x = [${"(1, 'a', {}), ".repeat(100_000)}]\n`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const pid of servers()) if (before.includes(pid)) process.kill(pid, "SIGKILL");
      expect(await verdict).toEqual({ unknown: "it ended pyright" });
      expect(await patient.check("x: int = 'a'\n")).toMatchObject({ errors: [{ line: 1 }] });
    } finally {
      await patient.close();
    }
  });

  it("leaves no child behind, even when its parent is killed in the middle of a check", async () => {
    const url = new URL("../../dist/python/pyright.js", import.meta.url).href;
    const script = `const { openPyright } = await import(${JSON.stringify(url)});
      const checker = openPyright(); await checker.check("x = 1\\n"); console.log("ready");
      await checker.check("x = [" + "(1, 'a', {}), ".repeat(300000) + "]\\n");`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(parent.stdout, "data");
    const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(parent.pid)])
      .toString()
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(children).toHaveLength(1);
    parent.kill("SIGKILL");
    const alive = (pid: number): boolean => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    for (let waited = 0; children.some(alive) && waited < 10_000; waited += 100)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(children.filter(alive)).toEqual([]);
  });
});

describe("neutral", () => {
  it("keeps every line as long as it was, and code as it is", () => {
    const text = "x = 1  # a # type: ignore[x]\ntype = pyright = 2\n# pyright: strict\n";
    expect(neutral(text)).toBe("x = 1  # a # tyqe: ignore[x]\ntype = pyright = 2\n# pyriqht: strict\n");
  });
});

describe("typeErrors", () => {
  // A cast: the filter looks at the text alone.
  const seed = { seed: "x", sha1: sha1Of("x") } as Seed;
  const filterFor = (verdict: TypeVerdict) => typeErrors({ check: () => Promise.resolve(verdict) });

  it("refuses with the first error, and what has no verdict", async () => {
    const errors = [
      { code: "reportX", line: 3, message: "No." },
      { code: "reportY", line: 4, message: "Never." },
    ];
    expect(await filterFor({ errors }).refuse(seed)).toEqual({
      reason: "type-error",
      detail: "line 3: No. (reportX)",
    });
    expect(await filterFor({ errors: [] }).refuse(seed)).toBeNull();
    expect(await filterFor({ unknown: "too long" }).refuse(seed)).toEqual({
      reason: "type-unknown",
      detail: "too long",
    });
  });
});
