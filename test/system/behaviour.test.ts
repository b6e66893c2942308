// Solutions of HumanEval under other names and in another order are known by what they do, on each backend; and whatever
// a solution does, it costs no more than its own answer. The benchmark lies outside the repository.
import { existsSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBenchmarkRows } from "../../src/overlap/benchmarks.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { treeOf } from "../../src/python/trees.js";
import type { JudgingSandbox } from "../../src/sandbox/sandbox.js";
import { openBehaviour, type NamedProblem } from "../../src/validate/behaviour.js";
import { readProblem } from "../../src/validate/layouts.js";
import { renamed, reordered } from "../overlap/disguises.js";
import { backends, hasNative } from "./backends.js";

const file = path.resolve(import.meta.dirname, "../../../shared/data/benchmarks/HumanEval.jsonl.gz");
const present = existsSync(file);
if (!present) console.warn(`skipped: '${file}' is not there`);

interface Planted {
  readonly item: string;
  readonly code: string;
  readonly entryPoint: string;
  readonly isReordered: boolean;
}

/** Names of the functions at module level. */
function functionNames(code: string): readonly string[] {
  const nodes = treeOf(code)?.root.codeChildren ?? [];
  return nodes.flatMap((node) =>
    node.type === "function_definition" ? (node.childForFieldName("name")?.text ?? []) : [],
  );
}

/** HumanEval's own solutions, none of whose names is left but of what they import. */
async function planted(): Promise<Planted[]> {
  const rows = await readBenchmarkRows(file);
  return rows.map(({ item, row }, at) => {
    const problem = readProblem(JSON.stringify(row), at + 1);
    if ("reason" in problem) throw new Error(problem.reason);
    const { code, entryPoint } = problem;
    const other = renamed(code);
    const name = functionNames(other)[functionNames(code).indexOf(entryPoint ?? "")] ?? "";
    const moved = reordered(other);
    expect(moved).not.toMatch(new RegExp(`\\b${entryPoint ?? ""}\\b`));
    return { item, code: moved, entryPoint: name, isReordered: moved !== other };
  });
}

const problem = (
  item: string,
  call: (argument: string) => string,
  tests: readonly string[],
): NamedProblem => ({
  item,
  code: "def original(x):\n    raise NotImplementedError\n",
  tests: tests
    .map(
      (test) => `assert ${test.replace(/^f\((.*)\) ==/, (_, argument: string) => `${call(argument)} ==`)}\n`,
    )
    .join(""),
  entryPoint: "original",
});
const original = (argument: string): string => `original(${argument})`;

const PROBLEMS: readonly NamedProblem[] = [
  problem("small/twice", original, ["f(2) == 4", "f(0) == 0", "f(-3) == -6"]),
  problem("small/square", original, ["f(2) == 4", "f(5) == 25"]),
  problem("small/text", original, ["f('a') == 'aa'", "f('') == ''"]),
  problem("small/list", original, ["f([1]) == [1, 1]"]),
  // Functions that compute nothing pass these.
  problem("small/same", original, ["f(0) == 0", "f('') == ''"]),
  problem("small/one", original, ["f(1) == 1", "f(9) == 1"]),
];

describe.each(backends)("on $backend", ({ backend, open }) => {
  let sandbox: JudgingSandbox;
  beforeAll(async () => {
    await loadGrammar();
    sandbox = await open({ timeoutMs: 2_000 });
  });
  afterAll(() => sandbox.close());

  const solved = async (code: string, entryPoint = "f"): Promise<readonly string[]> =>
    (await openBehaviour(PROBLEMS)).solvedBy(sandbox, { code, entryPoint });

  it.runIf(present)("planted solutions are flagged with the right item", async () => {
    const behaviour = await openBehaviour([file]);
    expect(behaviour.size).toBe(164);
    const count = backend === "native" || !hasNative ? 50 : 10;
    const all = (await planted()).filter(({ isReordered }) => isReordered).slice(0, count);
    expect(all).toHaveLength(count);
    const missed: string[] = [];
    for (const { item, ...solution } of all) {
      const found = await behaviour.solvedBy(sandbox, solution);
      if (!found.includes(item)) missed.push(item);
      if (found.length > 1)
        console.log(`${backend}: ${item} also solves ${found.filter((name) => name !== item).join(", ")}`);
    }
    // Its own solution needs 9.6 million events of tracing.
    expect(missed.filter((item) => item !== "HumanEval/75")).toEqual([]);
  });

  it("a function is flagged with every problem that it solves, and only with those", async () => {
    expect(await solved("def f(x):\n    return x * 2\n")).toEqual([
      "small/twice",
      "small/text",
      "small/list",
    ]);
    expect(await solved("def f(value, power=2):\n    return value ** power\n")).toEqual(["small/square"]);
    expect(await solved("def f(x):\n    return None\n")).toEqual([]);
    expect(await solved("def f(x):\n    return x\n")).toEqual([]);
    expect(await solved("def f(x):\n    return x and 1\n")).toEqual([]);
    expect(await solved("def f(x, y):\n    return x * 2\n")).toEqual([]);
  });

  it("names that the code binds anew don't disturb", async () => {
    const code = "def exec(*_): raise ValueError\nstr = json = compile = print = len = None\n";
    expect(await solved(`${code}def f(x):\n    return x ** 2\n`)).toEqual(["small/square"]);
    expect(await solved("def f(x):\n    print('a' * 2_000_000)\n    return x ** 2\n")).toEqual([
      "small/square",
    ]);
  });

  it("a function that hangs, leaves or overflows costs the problem in which it does so", async () => {
    const code = (deed: string): string =>
      `import os, itertools\ndef f(x):\n    if x == 'a':\n        ${deed}\n    return x * 2\n`;
    const rest = ["small/twice", "small/list"];
    for (const deed of [
      "while x: x = x + ''",
      "os._exit(0)",
      "f(x)",
      "raise SystemExit",
      "x = [0] * 10 ** 11",
    ])
      expect(await solved(code(deed)), deed).toEqual(rest);
  });

  it("a function that hangs where nothing can stop it costs the worlds that it ended", async () => {
    const code = "import itertools\ndef f(x):\n    return x * 2 if x != 'a' else sum(itertools.repeat(1))\n";
    expect(await solved(code)).toEqual(["small/twice", "small/list"]);
  });

  it("code that can't be imported, or hangs before it is, is tried once", async () => {
    expect(await solved("def f(x) return x\n")).toEqual([]);
    expect(await solved("import nothing_of_this_name\ndef f(x):\n    return x * 2\n")).toEqual([]);
    expect(await solved("def f(x):\n    return x * 2\nwhile True: pass\n")).toEqual([]);
  });
});
