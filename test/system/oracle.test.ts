// Our reading of Python against Python's own, and our seeds imported by it, over the whole standard library that the package embeds: CPython 3.14 in
// Pyodide, so it never skips. The packages mccabe and radon are borrowed from a python3 that has them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadPyodide } from "pyodide";
import { beforeAll, describe, expect, it } from "vitest";
import { openCorpus } from "../../src/corpus/open.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { seedsOf } from "../../src/seeds/seeds.js";
import { compareText, emptyComparison, type OracleFacts } from "../python/oracle.js";

/** Files of the two packages by the path they need, read from `SELFALIGN_PYTHON` or python3; empty without them. */
function borrowedPackages(): Map<string, string> {
  const python = process.env.SELFALIGN_PYTHON ?? "python3";
  try {
    const script = "import mccabe, radon.visitors; print(mccabe.__file__); print(radon.visitors.__file__)";
    const [mccabe = "", visitors = ""] = execFileSync(python, ["-c", script], { stdio: "pipe" })
      .toString()
      .split("\n");
    return new Map([
      ["mccabe.py", readFileSync(mccabe, "utf8")],
      ["radon/__init__.py", ""],
      ["radon/visitors.py", readFileSync(join(dirname(visitors), "visitors.py"), "utf8")],
    ]);
  } catch {
    return new Map();
  }
}

const packages = borrowedPackages();
const comparison = emptyComparison();
const notImported: string[] = [];
let seeds = 0;
let refused = 0;
let files = 0;

beforeAll(async () => {
  await loadGrammar();
  const python = await loadPyodide();
  // Pyodide types what Python defines as a proxy of anything.
  const globals = python.globals as unknown as { get(name: string): (...texts: string[]) => string };
  python.runPython(readFileSync(new URL("oracle.py", import.meta.url), "utf8"));
  globals.get("install")(JSON.stringify([...packages]));
  const facts = globals.get("facts");
  const importProblem = globals.get("import_problem");
  const corpus = await openCorpus("stdlib");
  for await (const item of corpus.files({ seed: 0 })) {
    files++;
    if (!("file" in item)) {
      refused++;
      continue;
    }
    const { path, text } = item.file;
    const expected = JSON.parse(facts(text)) as OracleFacts | null;
    if (expected) compareText(path, text, expected, comparison);
    else refused++;
    for (const { seed, entryPoint } of seedsOf(item.file).seeds) {
      seeds++;
      const problem = importProblem(seed, entryPoint);
      if (problem) notImported.push(`${path} ${entryPoint}: ${problem}`);
    }
  }
});

/** Share of the comparisons of one fact that agreed, and the differences. */
function agreement(...facts: string[]): { share: number; differences: string[] } {
  const compared = facts.reduce((sum, fact) => sum + (comparison.compared[fact] ?? 0), 0);
  const differences = comparison.differences.filter((line) =>
    facts.some((fact) => line.includes(`: ${fact} is`)),
  );
  return { share: 1 - differences.length / compared, differences: differences.slice(0, 20) };
}

describe("over the embedded standard library", () => {
  it("reads every file that Python reads", () => {
    expect(files).toBeGreaterThan(500);
    expect(refused).toBe(0);
  });

  it("finds the same functions under the same names", () => {
    expect(comparison.compared.found).toBeGreaterThan(12_000);
    expect(agreement("found", "functions", "name", "qualname", "line", "async")).toEqual({
      share: 1,
      differences: [],
    });
  });

  it("gives the same docstrings, returns, parameters, annotations and ends", () => {
    const facts = ["docstring", "returnsValue", "parameters", "params", "annotatedParams", "returnAnnotated"];
    expect(agreement(...facts, "startLine", "endLine")).toEqual({ share: 1, differences: [] });
  });

  it("cuts seeds out that can be imported on their own", () => {
    expect(seeds).toBeGreaterThan(700);
    expect(notImported).toEqual([]);
  });

  it("takes the same names from the module as symtable says", () => {
    expect(comparison.compared.freeNames).toBeGreaterThan(2_500);
    expect(agreement("freeNames")).toEqual({ share: 1, differences: [] });
  });

  it.skipIf(packages.size === 0)(
    "counts complexity as mccabe and radon do (skipped without a python3 that has both)",
    () => {
      expect(comparison.compared.complexity).toBeGreaterThan(10_000);
      expect(agreement("complexity", "complexityRadon")).toEqual({ share: 1, differences: [] });
    },
  );
});
