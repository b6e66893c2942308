// The notebook that trains a model, as run-all executes it, on less than its defaults.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { executeNotebook } from "../../src/notebook/execute.js";
import { ROOT } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-workshop-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

it("goes from a corpus to completions and keeps its promise", async () => {
  const name = "07_train_causal_lm.ipynb";
  const parameters = { outputDir: path.join(base, "causal"), files: 80, steps: 60 };
  const notebook = await executeNotebook(path.join(ROOT, "notebooks", name), path.join(base, name), {
    parameters,
  });
  expect(readdirSync(parameters.outputDir).sort()).toEqual([
    "model",
    "model-int8",
    "tokenizer",
    "tokens",
    "training",
  ]);
  const shown = JSON.stringify(notebook.cells);
  expect(shown).toContain("How the loss fell");
  expect(shown).toContain("create scatter plot");
});
