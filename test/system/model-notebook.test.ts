// The notebook that runs a model, as run-all executes it: on the tiny model that comes with the package, in a folder of the test's own.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { executeNotebook } from "../../src/notebook/execute.js";
import { ROOT } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-model-notebook-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

it("converts, runs, compares and keeps its promise", { timeout: 60_000 }, async () => {
  const name = "05_run_starcoder2.ipynb";
  const parameters = { folder: path.join(base, "models"), batchSizes: [1, 4], maxTokens: 40 };
  const notebook = await executeNotebook(path.join(ROOT, "notebooks", name), path.join(base, name), {
    parameters,
  });
  expect(readdirSync(parameters.folder).sort()).toEqual(["tiny", "tiny-fp32", "tiny-int8"]);
  const shown = JSON.stringify(notebook.cells);
  expect(shown).toContain("Tokens per second by batch size");
  expect(shown).toContain("The same code under both models");
});
