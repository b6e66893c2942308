import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { assess, type AssessJob } from "../../src/validate/assess.js";
import { outcome, scripted } from "./scripted.js";

beforeAll(loadGrammar);

const job: AssessJob = {
  key: "k",
  code: "def f(x):\n    return x + 1\n",
  tests: "assert f(1) == 2\n",
  origins: ["author"],
  entryPoint: "f",
};

describe("assess", () => {
  it("verifies what holds and is killed by the stub, and gives the killed share of the mutants", async () => {
    const sandbox = scripted(
      () => outcome({ asserts: 3 }),
      (variant) => !variant.includes("x - 1"),
    );
    expect(await assess(sandbox, job, { seed: 0, mutants: 3 })).toEqual({
      verdict: "verified",
      message: null,
      line: null,
      asserts: 3,
      killsStub: true,
      mutationScore: 2 / 3,
      suspicions: [],
      mode: "split",
      backend: "scripted",
      interpreter: "CPython 3",
    });
    expect(sandbox.killed[0]?.variants).toContain("def f(x):\n    return None\n");
  });

  it("tries the stub alone where no mutants are wanted, and calls tests vacuous that pass it", async () => {
    const sandbox = scripted(
      () => outcome(),
      () => false,
    );
    expect(await assess(sandbox, job, { seed: 0, mutants: 0 })).toMatchObject({
      verdict: "vacuous",
      killsStub: false,
      mutationScore: null,
    });
    expect(sandbox.killed[0]?.variants).toEqual(["def f(x):\n    return None\n"]);
  });

  it.each([
    ["did not pass", outcome({ status: "failed", message: "no", line: 1 }), job, "wrong"],
    ["counted no assert", outcome({ asserts: 0 }), job, "vacuous"],
    ["had no tests", outcome({ asserts: 0 }), { ...job, origins: [] }, "executed"],
  ] as const)("tries nothing on what %s", async (_, seen, given, verdict) => {
    const sandbox = scripted(() => seen);
    const judged = await assess(sandbox, given, { seed: 0 });
    expect(judged).toMatchObject({ verdict, killsStub: null, mutationScore: null, message: seen.message });
    expect(sandbox.killed).toEqual([]);
  });

  it("runs nothing that imports what is forbidden", async () => {
    const sandbox = scripted(() => outcome());
    const code = `import os\nimport numpy as np\n${job.code}`;
    expect(await assess(sandbox, { ...job, code }, { seed: 0 })).toMatchObject({
      verdict: "forbidden-import",
      message: 'module "numpy" is not of the standard library: --allow-imports numpy lets it through',
      line: 2,
      asserts: 0,
      killsStub: null,
      mode: "none",
    });
    expect(sandbox.judged).toEqual([]);
    expect((await assess(sandbox, { ...job, code }, { seed: 0, allowImports: ["numpy"] })).verdict).toBe(
      "verified",
    );
  });

  it("holds tests to the same rule", async () => {
    const sandbox = scripted(() => outcome());
    const tests = `${job.tests}import socket\n`;
    expect(await assess(sandbox, { ...job, tests }, { seed: 0 })).toMatchObject({
      verdict: "forbidden-import",
      message: expect.stringMatching(/^in the tests: module "socket" reaches the network/) as unknown,
      line: 2,
    });
  });

  it("empties every method where no function is called", async () => {
    const code = "class A:\n    def __init__(self): self.x = 1\n    def f(self): return self.x\n";
    const sandbox = scripted(() => outcome());
    const judged = await assess(sandbox, { ...job, code, entryPoint: null }, { seed: 0, mutants: 0 });
    expect(judged.verdict).toBe("verified");
    expect(sandbox.killed[0]?.variants).toEqual([code.replace("return self.x", "return None")]);
  });

  it("names each suspicion once", async () => {
    const code = `${job.code}import sys\nsys._getframe(sys._getframe(0).f_lineno)\nsys.settrace(None)\nsys._getframe()\n`;
    const { suspicions } = await assess(
      scripted(() => outcome()),
      { ...job, code },
      { seed: 0 },
    );
    expect(suspicions).toEqual(["frame-access", "tracing"]);
  });
});
