import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { readProblem } from "../../src/validate/layouts.js";

beforeAll(loadGrammar);

const read = (row: unknown): unknown => readProblem(JSON.stringify(row), 7);
const code = "def f(x):\n    return x\n";

describe("readProblem understands", () => {
  it("code with tests as text", () => {
    expect(read({ id: "a", code, tests: "assert f(1) == 1\n" })).toEqual({
      id: "a",
      code,
      tests: "assert f(1) == 1\n",
      entryPoint: "f",
      origin: "author",
    });
  });

  it("tests as a list, and as a list of our own records", () => {
    expect(read({ code, tests: ["x = 1", "assert f(x) == 1\n"] })).toMatchObject({
      tests: "x = 1\nassert f(x) == 1\n",
    });
    const tests = [{ source: "assert f(1) == 1\n", origin: "recorded" }];
    expect(read({ code, tests, entryPoint: "f" })).toMatchObject({
      tests: "assert f(1) == 1\n",
      origin: "recorded",
    });
  });

  it("a row of our dataset", () => {
    const response = `It returns its argument.\n\n\`\`\`python\n${code}\`\`\`\n\nUse it.\n`;
    const row = { id: 3, response, tests: "assert f(1) == 1\n", entry_point: "f", verdict: "recorded" };
    expect(read(row)).toEqual({ id: 3, code, tests: row.tests, entryPoint: "f", origin: "recorded" });
  });

  it.each([
    ["```\nshell\n```\n```py\na = 1\n```\n", "a = 1\n"],
    ["```text\na\n```\n```js\nb\n```\n", "a\n"],
    ["a = 1\n", "a = 1\n"],
  ])("the code of a response %j", (response, found) => {
    expect(read({ response })).toMatchObject({ code: found, tests: "" });
  });

  it.each(["canonical_solution", "completion", "solution"])("HumanEval's layout with a %s", (name) => {
    const row = {
      task_id: "Own/1",
      prompt: 'def f(x):\n    """Its argument."""\n',
      [name]: "    return x\n",
      test: "def check(candidate):\n    assert candidate(1) == 1\n",
      entry_point: "f",
    };
    expect(read(row)).toEqual({
      id: "Own/1",
      code: 'def f(x):\n    """Its argument."""\n    return x\n',
      tests: "def check(candidate):\n    assert candidate(1) == 1\n\n\ncheck(f)\n",
      entryPoint: "f",
      origin: "author",
    });
  });

  it("MBPP's layouts", () => {
    const test_list = ["assert f(1) == 1", "assert f(math.pi) > 3"];
    const tests = "import math\nassert f(1) == 1\nassert f(math.pi) > 3\n";
    expect(read({ task_id: 2, code, test_list, test_setup_code: "import math" })).toEqual({
      id: 2,
      code,
      tests,
      entryPoint: "f",
      origin: "author",
    });
    expect(read({ task_id: 2, code, test_list, test_imports: ["import math"] })).toMatchObject({ id: 2 });
    expect(read({ task_id: 2, code, test_list, test_setup_code: "" })).toMatchObject({
      tests: `${test_list.join("\n")}\n`,
    });
  });

  it("ids of several kinds, and falls back to the line", () => {
    expect(read({ name: "n", code })).toMatchObject({ id: "n" });
    expect(read({ task_id: 0, code })).toMatchObject({ id: 0 });
    expect(read({ id: null, code })).toMatchObject({ id: 7 });
  });

  it("code whose function nobody names", () => {
    expect(read({ code: "class A: pass\n", tests: "A()\n" })).toMatchObject({ entryPoint: null });
    expect(read({ code, entry_point: "" })).toMatchObject({ entryPoint: null, tests: "" });
  });
});

describe("readProblem gives a reason for", () => {
  it.each([
    ["{", 7, /not a JSON object/],
    ["[1]", 7, /not a JSON object/],
    ["null", 7, /not a JSON object/],
    ['{"id": "a"}', "a", /has none of the fields code, response/],
    ['{"id": "a", "code": " \\n"}', "a", /code is empty/],
    ['{"id": "a", "code": 1}', "a", /^code must be text/],
    ['{"response": ["a"]}', 7, /^response must be text/],
    ['{"code": "a", "tests": {"b": 1}}', 7, /tests must be text or a list of text/],
    ['{"code": "a", "tests": [1]}', 7, /tests must be text or a list of text/],
    ['{"code": "a", "test_list": 3}', 7, /test_list, test_imports and test_setup_code/],
    ['{"prompt": "a", "test": "b", "entry_point": "f"}', 7, /no canonical_solution, completion or solution/],
    ['{"prompt": "a", "test": "b", "entry_point": "f()", "solution": "c"}', 7, /entry_point "f\(\)" is not/],
    ['{"prompt": 1, "test": "b", "entry_point": "f", "solution": "c"}', 7, /prompt and test must be text/],
  ])("%s", (text, id, reason) => {
    expect(readProblem(text, 7)).toEqual({ id, reason: expect.stringMatching(reason) as unknown });
  });
});
