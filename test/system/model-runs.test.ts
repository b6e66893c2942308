// Whole runs with a model, by the command that a reader types: replayed answers through the notebooks, and the tiny model that
// comes with the package through the stages. What the run tells of its model is held against the answers that it keeps.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import type { InstructStats } from "../../src/summaries.js";
import { ROOT, run } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-model-runs-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const STEPS = ["concepts", "instructions", "responses"] as const;

/** `npx zx scripts/run-all.mjs`, to its end; its standard error where it failed. */
function runAll(...args: readonly string[]): Promise<string> {
  const zx = path.join(ROOT, "node_modules/zx/build/cli.js");
  const child = spawn(process.execPath, [zx, path.join(ROOT, "scripts/run-all.mjs"), ...args], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (status) => resolve(status === 0 ? "" : stderr)));
}

function rowsOf<Row>(dir: string, file: string): Row[] {
  const text = readFileSync(path.join(dir, "self_oss_output", `${file}.jsonl`), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

interface Answer {
  readonly promptTokens?: number | null;
  readonly newTokens?: number | null;
}

/** The stored summary, each step of which agrees with the answers that are kept. */
function checkedStats(dir: string): InstructStats {
  const text = readFileSync(path.join(dir, "self_oss_output/stats.json"), "utf8");
  const stats = JSON.parse(text) as InstructStats;
  for (const step of STEPS) {
    const answers = rowsOf<Answer>(dir, `${step}.completions`);
    const sum = (name: keyof Answer): number | null => {
      const told = answers.map((answer) => answer[name] ?? null).filter((count) => count !== null);
      return told.length === 0 ? null : told.reduce((a, b) => a + b);
    };
    expect(stats[step].asked, step).toEqual({
      requests: answers.length,
      promptTokens: sum("promptTokens"),
      newTokens: sum("newTokens"),
    });
    const failed = rowsOf(dir, `${step}.failed`).length;
    expect(stats[step].rows + failed, step).toBe(answers.length);
  }
  return stats;
}

it("replayed answers go through the stage notebooks, and everything says that they are replayed", async () => {
  const dir = path.join(base, "replayed");
  const stages = ["seeds", "instruct", "validate", "dataset", "report"].flatMap((stage) => [
    "--stage",
    stage,
  ]);
  const model = "replay:data/replay/stdlib.jsonl";
  expect(await runAll("--model", model, "--num-samples", "6", "--output-dir", dir, ...stages)).toBe("");

  const { rounds, responses } = checkedStats(dir);
  // Two of the six have a second response: one of them because the first is wrong.
  expect(rounds).toEqual({ answered: 6, drawn: 8, always: null });
  expect(responses.rows).toBe(8);

  const read = (...names: string[]): string => readFileSync(path.join(dir, ...names), "utf8");
  const card = read("final_dataset/README.md");
  expect(card).toContain("no model's output of this run");
  for (const text of [card, read("pipeline_report.md"), read("run.json")]) expect(text).not.toContain(ROOT);
  expect(read("pipeline_report.md")).toMatch(/^# replayed from stdlib\.jsonl\n/);
  expect(read("pipeline_report.md")).toContain("## What the model did");

  const notebook = readFileSync(path.join(ROOT, "reports/02_write_instructions.ipynb"), "utf8");
  for (const shown of ["[Reasoning]", "reconcile_guests", "wrong", "verified", "written examples"])
    expect(notebook, shown).toContain(shown);

  // The same model by its whole path is the same model: there is nothing to do.
  const again = await run(
    "run",
    "--model",
    `replay:${path.join(ROOT, "data/replay/stdlib.jsonl")}`,
    "--num-samples",
    "6",
    "--output-dir",
    dir,
  );
  expect(again.status, again.stderr).toBe(0);
  expect(again.stderr).toContain("instruct: finished already");
});

it("a tiny model teaches nothing, and every answer is kept with what became of it", async () => {
  execFileSync(process.execPath, [path.join(ROOT, "scripts/tiny-model.mjs"), path.join(base, "tiny")]);
  const model = path.join(base, "tiny-int8");
  const converted = await run("convert", path.join(base, "tiny"), "--out", model);
  expect(converted.status, converted.stderr).toBe(0);
  const dir = path.join(base, "drawn");
  const few = ["--max-tokens", "16", "--samples", "1", "--num-samples", "3"];
  expect(await runAll("--no-notebooks", "--model", `local:${model}`, ...few, "--output-dir", dir)).toBe("");

  const { concepts, instructions, rounds } = checkedStats(dir);
  expect(concepts.asked?.requests).toBe(3);
  // A prompt shows eight worked examples.
  expect(concepts.asked?.promptTokens).toBeGreaterThan(1_000);
  expect(concepts.asked?.newTokens).toBeGreaterThan(0);
  expect(concepts.asked?.newTokens).toBeLessThanOrEqual(3 * 16);
  expect(rounds?.always).toBe(instructions.rows);
  expect(existsSync(path.join(dir, "pipeline_report.html"))).toBe(true);
  const card = readFileSync(path.join(dir, "final_dataset/README.md"), "utf8");
  expect(card).toContain(
    "temperature 0.7, top-p 1, at most 16 new tokens, one response for each instruction",
  );
  expect(card).not.toContain(base);
});
