// What is asked of the sandbox, and what is made of its answers; test/system/behaviour.test.ts has real ones.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { openBehaviour, type NamedProblem } from "../../src/validate/behaviour.js";
import { outcome, scripted } from "./scripted.js";

const problem = (at: number): NamedProblem => ({
  item: `list/${at}`,
  code: "def f(x):\n    return x\n",
  tests: `assert f(${at}) == 0\n`,
  entryPoint: "f",
});
const many = Array.from({ length: 100 }, (_, at) => problem(at));
const solution = { code: "def g(x):\n    return x\n", entryPoint: "g" };

/** Numbers of the problems that a job tries. */
const numbersIn = (tests: string): number[] =>
  [...tests.matchAll(/\[(\d+),\[\\"f\\"\]/g)].map(([, number]) => Number(number));

const solved = (...numbers: readonly number[]) =>
  outcome({ status: "error", message: numbers.length > 0 ? `Solved: ${numbers.join(" ")}` : "Solved" });

describe("a solution", () => {
  it("is tried on all problems of its arity in one world", async () => {
    const two = { ...problem(100), tests: "assert f(1, 2) == 0\n" };
    const sandbox = scripted(() => solved(7, 3));
    const behaviour = await openBehaviour([...many, two]);
    expect(behaviour.size).toBe(101);
    expect(await behaviour.solvedBy(sandbox, solution)).toEqual(["list/3", "list/7"]);
    expect(sandbox.judged).toHaveLength(1);
    expect(sandbox.judged[0]).toMatchObject({ ...solution, mode: "one-world" });
    expect(numbersIn(sandbox.judged[0]?.tests ?? "")).toEqual([...many.keys()]);
    await behaviour.solvedBy(sandbox, { code: "def g(x, y): pass\n", entryPoint: "g" });
    expect(numbersIn(sandbox.judged[1]?.tests ?? "")).toEqual([100]);
  });

  it("costs no world where nothing fits", async () => {
    const sandbox = scripted(() => solved());
    const behaviour = await openBehaviour(many);
    for (const code of ["def g(): pass\n", "def h(x): pass\n", "def g(x) return\n"])
      expect(await behaviour.solvedBy(sandbox, { code, entryPoint: "g" })).toEqual([]);
    expect(sandbox.judged).toEqual([]);
  });

  it("that ends its world on one problem loses few others", async () => {
    const sandbox = scripted(({ tests }) => {
      const numbers = numbersIn(tests);
      return numbers.includes(42) ? outcome({ status: "timeout" }) : solved(...numbers);
    });
    const found = await (await openBehaviour(many)).solvedBy(sandbox, solution);
    expect(found).toEqual(many.filter((_, at) => at !== 42).map(({ item }) => item));
  });

  it("that ends every world is given up after four", async () => {
    const sandbox = scripted(() => outcome({ status: "memory" }));
    expect(await (await openBehaviour(many)).solvedBy(sandbox, solution)).toEqual([]);
    expect(sandbox.judged).toHaveLength(4);
  });

  it("is tried again where the sandbox failed", async () => {
    let first = true;
    const sandbox = scripted(({ tests }) => {
      if (!first) return solved(...numbersIn(tests));
      first = false;
      return outcome({ status: "sandbox-error", stage: "code" });
    });
    expect(await (await openBehaviour(many)).solvedBy(sandbox, solution)).toHaveLength(100);
  });

  it("that can't be imported is tried once", async () => {
    const sandbox = scripted(() => outcome({ status: "error", stage: "code", message: "Solved: 1" }));
    expect(await (await openBehaviour(many)).solvedBy(sandbox, solution)).toEqual([]);
    expect(sandbox.judged).toHaveLength(1);
  });
});

describe("a set of problems", () => {
  it("is told from another by its identity, whatever stands before it", async () => {
    const [one, same, other] = await Promise.all(
      [many, [...many], many.slice(1)].map((list) => openBehaviour(list)),
    );
    expect(one?.identity).toBe(same?.identity);
    expect(one?.identity).not.toBe(other?.identity);
  });

  it("comes from files whose rows have tests", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "behaviour-"));
    const file = (name: string, ...rows: readonly object[]): string => {
      const at = path.join(folder, name);
      writeFileSync(at, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return at;
    };
    try {
      const mbpp = file("mbpp.jsonl", {
        task_id: 11,
        code: "def f(x):\n  return x",
        test_list: ["assert f(1) == 1"],
      });
      const sandbox = scripted(() => solved(0));
      expect(await (await openBehaviour([mbpp])).solvedBy(sandbox, solution)).toEqual(["mbpp/11"]);
      const bare = file("bare.jsonl", { code: "def f(x):\n  return x" });
      await expect(openBehaviour([bare])).rejects.toThrow(/line 1: the row has no tests; behaviour needs/);
      const odd = file("odd.jsonl", { task: 1 });
      await expect(openBehaviour([odd])).rejects.toThrow(InputError);
      await expect(openBehaviour([path.join(folder, "none.jsonl")])).rejects.toThrow(/is not there/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
