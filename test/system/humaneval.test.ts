// HumanEval's own solutions are right and its empty functions are wrong, on each backend: the benchmark lies outside the
// repository.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { stubOf } from "../../src/sandbox/mutate.js";
import { assess } from "../../src/validate/assess.js";
import { readProblem } from "../../src/validate/layouts.js";
import { backends } from "./backends.js";

const file = path.resolve(import.meta.dirname, "../../../shared/data/benchmarks/HumanEval.jsonl.gz");
const present = existsSync(file);
if (!present) console.warn(`skipped: '${file}' is not there`);

interface Task {
  readonly code: string;
  readonly tests: string;
  readonly entryPoint: string;
}

function tasks(): Task[] {
  const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  return lines.map((line, i) => {
    const problem = readProblem(line, i + 1);
    if ("reason" in problem || problem.entryPoint === null)
      throw new Error(`line ${i + 1} is not understood`);
    return { code: problem.code, tests: problem.tests, entryPoint: problem.entryPoint };
  });
}

describe.runIf(present).each(backends)("HumanEval in $backend", ({ open }) => {
  beforeAll(() => loadGrammar());

  test("164 solutions are verified in two worlds, 164 stubs are not", async () => {
    const sandbox = await open({ timeoutMs: 10_000 });
    const judged = tasks().map(async ({ code, tests, entryPoint }) => {
      const job = { key: entryPoint, tests, origins: ["author"], entryPoint } as const;
      const solution = await assess(sandbox, { ...job, code }, { seed: 0, mutants: 0 });
      const stub = stubOf(code, entryPoint) ?? "";
      const stubbed = await assess(sandbox, { ...job, code: stub }, { seed: 0, mutants: 0 });
      return { solution: `${solution.verdict} ${solution.mode}`, stub: stubbed.verdict };
    });
    const verdicts = await Promise.all(judged);
    await sandbox.close();
    expect(verdicts).toHaveLength(164);
    expect(verdicts.filter(({ solution }) => solution !== "verified split")).toEqual([]);
    expect(verdicts.filter(({ stub }) => stub === "verified")).toEqual([]);
  });
});
