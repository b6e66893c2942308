// The verb `evaluate` as it is typed: benchmarks on their own solutions and on functions that do nothing, a model of ours, and
// EvalPlus's verdicts on the same file of samples.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResultRow } from "../../src/evaluate/judging.js";
import type { SampleRow } from "../../src/evaluate/samples.js";
import type { EvaluationSummary } from "../../src/evaluate/summary.js";
import { writeRandomModel } from "../model/random-model.js";
import { hasNative } from "./backends.js";
import { humanEvalPlus, judgedByEvalPlus } from "./evalplus.js";
import { pythonWith } from "./python.js";
import { ROOT, run, start, type Ended } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-evaluate-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (...names: readonly string[]): string => path.join(base, ...names);

const OWN = path.join(ROOT, "test/fixtures/problems/humaneval.jsonl");
const BENCHMARKS = path.resolve(ROOT, "../shared/data/benchmarks");
const HUMANEVAL = path.join(BENCHMARKS, "HumanEval.jsonl.gz");
const present = existsSync(HUMANEVAL);
if (!present) console.warn(`skipped: '${BENCHMARKS}' is not there`);
const python = pythonWith("evalplus.evaluate");
if (python === null)
  console.warn("skipped: EvalPlus, which no Python here has; SELFALIGN_PYTHON may name one");

interface Problem {
  readonly task_id: string | number;
  readonly canonical_solution: string;
  readonly code: string;
}

function parsedLines<Row>(text: string): Row[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

const rowsIn = <Row>(...names: readonly string[]): Row[] => parsedLines(readFileSync(at(...names), "utf8"));
const summaryOf = (dir: string): EvaluationSummary =>
  JSON.parse(readFileSync(at(dir, "summary.json"), "utf8")) as EvaluationSummary;
/** By task: whether its only sample passed. */
const verdictsIn = (dir: string): Readonly<Record<string, boolean>> =>
  Object.fromEntries(rowsIn<ResultRow>(dir, "results.jsonl").map(({ task_id, passed }) => [task_id, passed]));
const humanEval = (): Problem[] => parsedLines(gunzipSync(readFileSync(HUMANEVAL)).toString());
const own = parsedLines<Problem>(readFileSync(OWN, "utf8"));

function write(name: string, lines: readonly unknown[]): string {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  writeFileSync(at(name), text);
  return at(name);
}

/** Evaluates into the folder `dir` and gives what was printed; the native sandbox where there is one. */
async function evaluate(dir: string, ...flags: readonly string[]): Promise<Ended> {
  const ended = await run("evaluate", ...flags, "--output-dir", at(dir));
  expect(ended.status, ended.stderr).toBe(0);
  return ended;
}

const STUB = "    return None\n";
const completed = (
  problems: readonly Problem[],
  completion: (problem: Problem, n: number) => string,
): unknown[] =>
  problems.map((problem, n) => ({ task_id: problem.task_id, completion: completion(problem, n) }));

describe.runIf(present && hasNative)("selfalign evaluate on benchmarks", () => {
  it("gives HumanEval's own solutions pass@1 = 1, and stubs 0", async () => {
    const right = write(
      "right.jsonl",
      completed(humanEval(), ({ canonical_solution }) => canonical_solution),
    );
    const { stdout } = await evaluate("right", "--tasks", HUMANEVAL, "--samples", right);
    expect(stdout).toBe("pass@1   1.000 (95 %: 0.977 to 1.000)\nsamples  164 of 164 tasks: 164 verified\n");
    const stubs = write(
      "stubs.jsonl",
      completed(humanEval(), () => STUB),
    );
    await evaluate("stubs", "--tasks", HUMANEVAL, "--samples", stubs);
    expect(summaryOf("stubs")).toMatchObject({ tasks: 164, samples: 164, passAt: { "1": { value: 0 } } });
  });

  it.each([
    ["mbpp.jsonl", 974],
    ["sanitized-mbpp.json", 427],
  ])("gives the solutions of %s pass@1 = 1", async (name, tasks) => {
    const text = readFileSync(path.join(BENCHMARKS, name), "utf8");
    const problems = text.startsWith("[") ? (JSON.parse(text) as Problem[]) : parsedLines<Problem>(text);
    // Behind the docstring of the prompt, as a model would have written it.
    const samples = problems.map(({ task_id, code }) => ({ task_id, completion: code }));
    const file = write(`${name}.samples.jsonl`, samples);
    await evaluate(name, "--tasks", path.join(BENCHMARKS, name), "--samples", file);
    expect(summaryOf(name)).toMatchObject({ tasks, samples: tasks, passAt: { "1": { value: 1 } } });
  });

  it("comes to the pass@k of two right answers of three, for every second task", async () => {
    const some = humanEval().slice(0, 10);
    const samples = [STUB, null, null].flatMap((stub) =>
      completed(some, ({ canonical_solution }, n) => (n % 2 === 0 ? STUB : (stub ?? canonical_solution))),
    );
    const tasks = write("ten.jsonl", some);
    await evaluate("ten", "--tasks", tasks, "--samples", write("thirty.jsonl", samples), "--k", "1,2,3,4");
    const { passAt } = summaryOf("ten");
    expect(Object.entries(passAt).map(([k, { value }]) => [k, value])).toEqual([
      ["1", expect.closeTo(1 / 3, 12)],
      ["2", expect.closeTo(1 / 2, 12)],
      ["3", expect.closeTo(1 / 2, 12)],
    ]);
  });

  it.runIf(python !== null)("agrees with EvalPlus on the same file of samples", async () => {
    const samples = completed(
      humanEval(),
      ({ canonical_solution }, n) =>
        // Right, empty, and wrong by a little.
        [
          canonical_solution,
          STUB,
          canonical_solution.replace(/(?<![<>=!])([<>]|\b0\b|\b1\b)/, "2 * $1"),
          "    1 +",
        ][n % 4] ?? "",
    );
    await evaluate("mixed", "--tasks", HUMANEVAL, "--samples", write("mixed.jsonl", samples));
    const plus = humanEvalPlus(python ?? "", HUMANEVAL, at("plus.jsonl"));
    expect(plus).toBe(164);
    const theirs = judgedByEvalPlus(python ?? "", at("plus.jsonl"), at("mixed", "samples.jsonl"), base);
    const passed = Object.values(verdictsIn("mixed")).filter(Boolean).length;
    expect(passed).toBeGreaterThan(40);
    expect(passed).toBeLessThan(100);
    // EvalPlus lets no solution of HumanEval/32 pass, its own neither (https://github.com/evalplus/evalplus/pull/201).
    const agreed = Object.entries(theirs).filter(([task]) => task !== "HumanEval/32");
    expect(agreed).toHaveLength(163);
    expect(verdictsIn("mixed")).toMatchObject(Object.fromEntries(agreed));
    // And the other way round: EvalPlus's file of inputs is a file of tasks here.
    await evaluate("inputs", "--tasks", at("plus.jsonl"), "--samples", at("mixed", "samples.jsonl"));
    expect(verdictsIn("inputs")).toEqual(verdictsIn("mixed"));
  });

  it("goes on after a kill while it judges, with the same bytes", async () => {
    const samples = [0, 1, 2].flatMap(() =>
      completed(humanEval(), ({ canonical_solution }, n) => (n % 3 === 0 ? STUB : canonical_solution)),
    );
    const flags = ["--tasks", HUMANEVAL, "--samples", write("many.jsonl", samples)];
    await evaluate("calm", ...flags);
    await killed("cut", "results.jsonl.part", 60, flags);
    await evaluate("cut", ...flags);
    expect(filesOf("cut")).toEqual(filesOf("calm"));
    expect(rowsIn("cut", "results.jsonl")).toHaveLength(3 * 164);
  });
});

describe("selfalign evaluate", () => {
  const embedded = ["--sandbox", "pyodide"];
  let model = "";
  beforeAll(async () => {
    await writeRandomModel(at("random"));
    const { status, stderr } = await run("convert", at("random"), "--out", at("random-int8"));
    expect(status, stderr).toBe(0);
    model = `local:${at("random-int8")}`;
  }, 60_000);

  it("judges the completions that an engine gives, cut where they end", async () => {
    const answers = own.map(({ canonical_solution }, n) => ({
      of: `${n + 1}.0`,
      // As a base model goes on: first the newline that the prompt lacks, in the end something else.
      text: n === 1 ? "\n    return None" : `\n${canonical_solution}\n\ndef more():\n    assert False\n`,
    }));
    const replay = `replay:${write("answers.jsonl", answers)}`;
    const { stdout } = await evaluate("replayed", replay, "--tasks", OWN, ...embedded);
    expect(stdout).toMatch(/^pass@1 {3}0\.667 .*\nsamples {2}3 of 3 tasks: 2 verified, 1 wrong\n$/);
    const samples = rowsIn<SampleRow>("replayed", "samples.jsonl");
    expect(samples.every(({ solution }) => !solution.includes("more"))).toBe(true);
    expect(rowsIn<ResultRow>("replayed", "results.jsonl").map(({ passed }) => passed)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("gives a task that the engine does not answer the verdict no-answer", async () => {
    const replay = `replay:${write("one.jsonl", [{ of: "1.0", text: "\n    return 0" }])}`;
    await evaluate("unanswered", replay, "--tasks", OWN, ...embedded);
    expect(summaryOf("unanswered").verdicts).toEqual({ "no-answer": 2, wrong: 1 });
  });

  it("tests by a reference's answers where a task has inputs, near where floats are expected", async () => {
    const halves = {
      task_id: "Own/halves",
      prompt: "def halves(numbers):\n",
      entry_point: "halves",
      canonical_solution: "    return [x / 2 for x in numbers]\n",
      base_input: [[[1, 2]], [[]]],
      plus_input: [[[0.1, 1e9]]],
      atol: 0,
    };
    const tasks = write("halves.jsonl", [halves]);
    const answers = [
      ["verified", "    return [x * 0.5 for x in numbers]"],
      ["verified", "    return [x / 2 + 1e-8 for x in numbers]"],
      ["wrong", "    return [x / 2 + 1e-3 for x in numbers]"],
      ["wrong", "    return tuple(x / 2 for x in numbers)"],
      ["wrong", "    return [x // 2 for x in numbers]"],
      ["error", "    return [x / 2 for x in nobody]"],
    ] as const;
    const samples = answers.map(([, completion]) => ({ task_id: "Own/halves", completion }));
    await evaluate("halves", "--tasks", tasks, "--samples", write("halved.jsonl", samples), ...embedded);
    expect(rowsIn<ResultRow>("halves", "results.jsonl").map(({ verdict }) => verdict)).toEqual(
      answers.map(([verdict]) => verdict),
    );
  });

  it("goes on after a kill while the model draws, with the same bytes", async () => {
    const flags = [
      model,
      "--tasks",
      OWN,
      "--num-samples",
      "20",
      "--max-tokens",
      "60",
      "--threads",
      "1",
      "--batch-size",
      "4",
    ];
    const calm = await run("evaluate", ...flags, ...embedded, "--output-dir", at("drawn"));
    expect(calm.status, calm.stderr).toBe(0);
    await killed("redrawn", "completions.jsonl.part", 10, [...flags, ...embedded]);
    await evaluate("redrawn", ...flags, ...embedded);
    expect(filesOf("redrawn")).toEqual(filesOf("drawn"));
    const drawn = rowsIn<SampleRow>("drawn", "samples.jsonl");
    expect(drawn).toHaveLength(60);
    expect(new Set(drawn.map(({ solution }) => solution)).size).toBeGreaterThan(30);
    expect(Object.keys(summaryOf("drawn").passAt)).toEqual(["1", "10"]);
  });

  it("draws one sample greedily, whatever the seed", async () => {
    const flags = [model, "--tasks", OWN, "--max-tokens", "20", ...embedded];
    await evaluate("greedy", ...flags);
    await evaluate("greedy-5", ...flags, "--seed", "5");
    expect(rowsIn("greedy", "samples.jsonl")).toEqual(rowsIn("greedy-5", "samples.jsonl"));
  });

  it("says in one line what it can't use, and refuses other options in the same folder", async () => {
    const samples = write(
      "few.jsonl",
      completed(own, () => STUB),
    );
    await evaluate("few", "--tasks", OWN, "--samples", samples, ...embedded);
    const others = write("others.jsonl", [{ task_id: "Own/77", completion: "" }, "no json"]);
    for (const [flags, wanted] of [
      [["--tasks", OWN], /needs either a model or a file of samples/],
      [
        ["--tasks", OWN, "--samples", others],
        /holds no sample of these tasks \(1 unknown-task, 1 not-json\)/,
      ],
      [["--tasks", samples, "--samples", samples], /holds no task \(3 unknown-layout\)/],
      [["--tasks", at("gone"), "--samples", samples], /task file ".*gone" is not there: check the path/],
      [
        ["--tasks", OWN, "--samples", samples, "--timeout", "3", ...embedded],
        /made with other options \(timeout was 10 and is now 3\).*--output-dir/,
      ],
      [
        ["--tasks", write("two.jsonl", own.slice(0, 2)), "--samples", samples, ...embedded],
        /made with other options \(samples was .*tasks was/,
      ],
    ] as const) {
      const { status, stderr } = await run("evaluate", ...flags, "--output-dir", at("few"));
      expect(status, stderr).toBe(2);
      expect(stderr.trimEnd().split("\n").at(-1)).toMatch(wanted);
    }
  });
});

/** Starts an evaluation and kills it once `part` has more than `lines` lines. */
async function killed(dir: string, part: string, lines: number, flags: readonly string[]): Promise<void> {
  const { child, ended } = start(["evaluate", ...flags, "--output-dir", at(dir)]);
  const file = at(dir, part);
  const written = (): number => (existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0);
  await expect.poll(written, { timeout: 60_000, interval: 2 }).toBeGreaterThan(lines);
  child.kill("SIGKILL");
  expect((await ended).signal).toBe("SIGKILL");
  expect(existsSync(at(dir, "summary.json"))).toBe(false);
}

/** Every file of an evaluation with its text. */
function filesOf(dir: string): Record<string, string> {
  return Object.fromEntries(readdirSync(at(dir)).map((name) => [name, readFileSync(at(dir, name), "utf8")]));
}
