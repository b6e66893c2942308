import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { descendants, running } from "./processes.js";
import { ROOT, run, start, type Ended } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-verify-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const at = (name: string): string => path.join(base, name);
const PROBLEMS = path.join(ROOT, "test/fixtures/problems/humaneval.jsonl");

interface HumanEvalRow {
  readonly task_id: string;
  readonly canonical_solution: string;
}

function linesOf<Row>(file: string): Row[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

const problems = linesOf<HumanEvalRow>(PROBLEMS);

function write(name: string, lines: readonly unknown[]): string {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  writeFileSync(at(name), text);
  return at(name);
}

const flags = (input: string, out: string, ...more: string[]): string[] => [
  "verify",
  input,
  "--out",
  at(out),
  "--sandbox",
  "pyodide",
  ...more,
];
const verify = (input: string, out: string, ...more: string[]): Promise<Ended> =>
  run(...flags(input, out, ...more));

const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(-1);

describe("selfalign verify", () => {
  it("verifies problems in HumanEval's layout", async () => {
    const { status, stdout, stderr } = await verify(PROBLEMS, "good.jsonl", "--mutants", "4");
    expect(status, stderr).toBe(0);
    expect(lastLine(stdout)).toBe(`${at("good.jsonl")}: 3 rows: 3 verified`);
    expect(linesOf(at("good.jsonl"))).toEqual(
      [4, 3, 3].map((asserts, n) => ({
        id: `Own/${n}`,
        verdict: "verified",
        asserts,
        message: null,
        line: null,
        backend: "pyodide",
        mode: expect.stringMatching(/^(split|one-world)$/) as unknown,
        mutation_score: expect.closeTo(1, 0) as unknown,
      })),
    );
    const again = await verify(PROBLEMS, "good.jsonl", "--mutants", "4");
    expect(again.stderr).toContain("finished already");
    expect(again.stdout).toBe(stdout);
  });

  it("tells wrong, broken, endless, forbidden and empty answers, and bad rows, apart", async () => {
    const [plateau, swap, lattice] = problems.map((row) => (answer: string) => ({
      ...row,
      canonical_solution: answer,
    }));
    const input = write("bad.jsonl", [
      plateau?.("    return len(heights)\n"),
      swap?.("    return text[-1] + text[1:-1] + text[0]\n"),
      lattice?.("    while True: pass\n"),
      swap?.("    import subprocess\n    return text\n"),
      swap?.("    return (\n"),
      "{",
      { id: "weak", code: "def f():\n    print(1)\n", tests: "assert f() is None\n" },
      {
        id: "class",
        code: "class Box:\n    def get(self):\n        return 5\n",
        tests: ["assert Box().get() == 5"],
      },
    ]);
    const { status, stdout, stderr } = await verify(input, "told.jsonl", "--timeout", "2");
    expect(status, stderr).toBe(0);
    expect(lastLine(stdout)).toMatch(
      /: 8 rows: 2 error, 1 forbidden-import, 1 invalid, 1 timeout, 1 vacuous, /,
    );
    expect(linesOf(at("told.jsonl"))).toMatchObject([
      {
        id: "Own/0",
        verdict: "wrong",
        asserts: 2,
        message: expect.stringContaining("candidate([1, 2, 2, 2, 3])") as unknown,
      },
      { id: "Own/1", verdict: "error", message: expect.stringContaining("IndexError") as unknown },
      { id: "Own/2", verdict: "timeout" },
      { id: "Own/1", verdict: "forbidden-import", line: 3, mode: "none" },
      { id: "Own/1", verdict: "error", message: expect.stringContaining("SyntaxError") as unknown },
      { id: 6, verdict: "invalid" },
      { id: "weak", verdict: "vacuous", asserts: 1 },
      { id: "class", verdict: "verified", asserts: 1 },
    ]);
  });

  it("gives the same bytes after a kill, and leaves no process behind", async () => {
    const input = write(
      "many.jsonl",
      Array.from({ length: 40 }, (_, n) => (n % 10 === 9 ? "not json" : problems[n % 3])),
    );
    expect((await verify(input, "calm.jsonl")).status).toBe(0);
    const part = at("killed.jsonl.part");
    const { child, ended } = start(flags(input, "killed.jsonl", "--workers", "1"));
    const lines = (): number => (existsSync(part) ? readFileSync(part, "utf8").split("\n").length - 1 : 0);
    await expect.poll(lines, { timeout: 60_000, interval: 5 }).toBeGreaterThan(8);
    const below = descendants(child.pid ?? 0).map(({ pid }) => pid);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    expect(existsSync(at("killed.jsonl"))).toBe(false);
    await expect.poll(() => running(below), { timeout: 20_000 }).toEqual([]);
    const resumed = await verify(input, "killed.jsonl");
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(readFileSync(at("killed.jsonl"))).toEqual(readFileSync(at("calm.jsonl")));
    expect(existsSync(part)).toBe(false);
  });

  it("saves on Ctrl-C and says how to go on", async () => {
    const input = write(
      "long.jsonl",
      Array.from({ length: 60 }, (_, n) => problems[n % 3]),
    );
    const { child, ended } = start(flags(input, "stopped.jsonl", "--workers", "1"));
    const part = at("stopped.jsonl.part");
    await expect
      .poll(() => existsSync(part) && readFileSync(part, "utf8").includes("\n"), {
        timeout: 60_000,
        interval: 10,
      })
      .toBe(true);
    child.kill("SIGINT");
    const { status, stdout, stderr } = await ended;
    expect(status, stderr).toBe(130);
    expect(stdout).toBe("");
    expect(lastLine(stderr)).toMatch(
      /^selfalign: stopped; what was finished is kept: the same command goes on/,
    );
    expect(existsSync(at("stopped.jsonl"))).toBe(false);
  });

  it.each([
    [[], /verify needs one input/],
    [["a.jsonl"], /verify needs --out OUT\.jsonl/],
    [["a.jsonl", "--out", "x", "--colour", "red"], /flag "--colour" does not exist: choose from --out/],
    [["a.jsonl", "--out", "x", "--timeout", "0"], /timeout in milliseconds must be a whole number/],
    [["a.jsonl", "--out", "x", "--mode", "both"], /mode "both" does not exist/],
    [["/no/such/file.jsonl", "--out", "x"], /input "\/no\/such\/file\.jsonl" can't be read/],
  ])("refuses %j in one line, with status 2", async (args, wanted) => {
    const { status, stdout, stderr } = await run("verify", ...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringMatching(wanted)]);
  });
});
