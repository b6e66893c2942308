// The notebooks that train models, as run-all executes them, on less than their defaults.
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

it("goes from two tokenizers to completed lines and keeps its promise", async () => {
  const name = "08_complete_code.ipynb";
  const small = { files: 40, vocabSize: 600, trials: 3, trialSteps: 4, steps: 60, heldOut: 2 };
  const notebook = await executeNotebook(path.join(ROOT, "notebooks", name), path.join(base, name), {
    parameters: { ...small, outputDir: path.join(base, "complete") },
  });
  const shown = JSON.stringify(notebook.cells);
  expect(shown).toContain("How many tokens a file is");
  expect(shown).toContain("What was tried, and what came of it");
  expect(shown).toContain("bitsPerByte");
});

it("goes from pairs to rewritten intents beside copied ones, and keeps its promise", async () => {
  const name = "09_rewrite_intents.ipynb";
  const small = { baseSteps: 20, steps: 20, judged: 6, beams: 2 };
  const notebook = await executeNotebook(path.join(ROOT, "notebooks", name), path.join(base, name), {
    parameters: { ...small, outputDir: path.join(base, "rewrite") },
  });
  const shown = JSON.stringify(notebook.cells);
  expect(shown).toContain("exact match");
  expect(shown).toContain("2 beams");
});

it("goes from judged rows to what their filter is worth, with intervals, and trains nothing twice", async () => {
  const name = "10_what_a_filter_is_worth.ipynb";
  const small = { seeds: [0, 1], numSamples: 1, maxTokens: 16, outputDir: path.join(base, "arms") };
  const dataset = {
    ...{ outputDir: path.join(base, "filter"), corpus: "stdlib", seed: 3407 },
    ...{ model: `replay:${path.join(ROOT, "data/replay/stdlib.jsonl")}` },
    ...{ numSamples: 60, samples: 4, round: 1 },
  };
  const lora = {
    ...{ targets: "all-linear", steps: 3, rate: 5e-3, rows: 2, accumulation: 1 },
    ...{ context: 576, packed: true, validation: 0 },
  };
  const run = async (): Promise<string> => {
    const parameters = { ...small, dataset, lora };
    const notebook = await executeNotebook(path.join(ROOT, "notebooks", name), path.join(base, name), {
      parameters,
    });
    return JSON.stringify(notebook.cells);
  };
  // Each stands there twice, as Markdown and as text.
  const sentences = (cells: string): ReadonlySet<string> =>
    new Set(cells.match(/- (?:Loss|pass@1): [^\\"]*/g));
  const shown = await run();
  expect(shown).toContain("Loss on held-out responses, by arm");
  expect(sentences(shown).size).toBe(6);
  expect(shown).toContain("train: 3 steps");
  const again = await run();
  expect(again).not.toContain("train: 3 steps");
  expect(again).toContain("train: finished already, 3 steps");
  expect(sentences(again)).toEqual(sentences(shown));
});
