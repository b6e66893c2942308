import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTasks, type Tasks } from "../../src/evaluate/tasks.js";
import { loadGrammar } from "../../src/python/syntax.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-tasks-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(() => loadGrammar());

function reading(name: string, content: string | Uint8Array): Promise<Tasks> {
  writeFileSync(path.join(base, name), content);
  return readTasks(path.join(base, name));
}

const lines = (...rows: readonly unknown[]): string =>
  rows.map((row) => `${typeof row === "string" ? row : JSON.stringify(row)}\n`).join("");

const add = {
  task_id: "HumanEval/900",
  prompt: 'def add(a, b):\n    """Sum."""\n',
  entry_point: "add",
  canonical_solution: "    return a + b\n",
  test: "def check(candidate):\n    assert candidate(1, 2) == 3\n",
};
const double = {
  task_id: 7,
  text: "Write a function to double a number. ",
  code: "def helper(x):\r\n    return x\r\ndef double(x):\r\n    return helper(x) * 2",
  test_list: ["assert double(2) == 4", "assert double(math.inf) == math.inf"],
  test_setup_code: "import math",
  challenge_test_list: [],
};

describe("tasks", () => {
  it("reads HumanEval's layout, packed or not", async () => {
    const plain = await reading("humaneval.jsonl", lines(add));
    expect(plain).toEqual({
      tasks: [
        {
          id: "HumanEval/900",
          kind: "signature",
          prompt: add.prompt,
          tests: `${add.test}\n\ncheck(add)\n`,
          entryPoint: "add",
        },
      ],
      dropped: {},
    });
    expect(await reading("packed.jsonl.gz", gzipSync(lines(add)))).toEqual(plain);
  });

  it("reads MBPP's: words and the first assert as a docstring, all asserts as tests", async () => {
    const { tasks } = await reading("mbpp.jsonl", lines(double));
    expect(tasks).toEqual([
      {
        id: "Mbpp/7",
        kind: "description",
        prompt: '"""\nWrite a function to double a number.\nassert double(2) == 4\n"""\n',
        tests: "import math\nassert double(2) == 4\nassert double(math.inf) == math.inf\n",
        entryPoint: "double",
      },
    ]);
  });

  it("reads the sanitised edition, a JSON array with other names", async () => {
    const { text, code, task_id, test_list } = double;
    const row = { source_file: "x", task_id, prompt: text, code, test_imports: ["import math"], test_list };
    const sanitised = await reading("sanitized.json", JSON.stringify([row], null, 2));
    expect(sanitised.tasks).toEqual((await reading("again.jsonl", lines(double))).tasks);
  });

  it("takes the Hub's MBPP+ by its longer tests", async () => {
    const test = "for x in range(9):\n    assert double(x) == 2 * x";
    const { tasks } = await reading("plus.jsonl", lines({ ...double, task_id: "7", test }));
    expect(tasks[0]).toMatchObject({ id: "Mbpp/7", tests: `import math\n${test}\n`, entryPoint: "double" });
  });

  it("gives EvalPlus's inputs to the tests as they stand, since 2.0 is not 2 there", async () => {
    const { task_id, prompt, entry_point, canonical_solution } = add;
    const text = JSON.stringify({
      task_id,
      prompt,
      entry_point,
      canonical_solution,
      plus_input: [],
      atol: 0,
    }).replace("{", '{"base_input": [[1, 2.0]], ');
    const { tasks } = await reading("inputs.jsonl", `${text}\n`);
    expect(tasks[0]?.tests).toContain(`check_row(${JSON.stringify(text)}, add)`);
    expect(tasks[0]?.tests).toContain("2.0");
  });

  it("counts what is no task by its reason, and keeps the rest", async () => {
    const { tasks, dropped } = await reading(
      "bad.jsonl",
      lines(
        "no json",
        "[1]",
        { hello: 1 },
        { ...add, prompt: 3 },
        { ...add, entry_point: "import os; os" },
        { ...double, test_list: [] },
        { ...add, task_id: "Mbpp/2", base_input: [], plus_input: [], atol: 0 },
        { ...add, base_input: [], plus_input: [] },
        add,
        add,
      ),
    );
    expect(tasks.map(({ id }) => id)).toEqual(["HumanEval/900"]);
    expect(dropped).toEqual({
      "not-json": 1,
      "not-an-object": 1,
      "unknown-layout": 1,
      "wrong-field": 4,
      "needs-types": 1,
      "repeated-id": 1,
    });
  });

  it("says which file is not there", async () => {
    await expect(readTasks(path.join(base, "gone.jsonl"))).rejects.toThrow(
      /task file ".*gone\.jsonl" is not there: check the path/,
    );
  });
});
