// The verb that writes a dataset for trainers, its files as their users open them, and its templates as Jinja reads them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toSample } from "../../src/dataset/columns.js";
import { DATASET_FOLDER, exportDataset } from "../../src/dataset/export.js";
import { parseTemplate, TRAINING_TEMPLATE } from "../../src/dataset/template.js";
import { rowsOf } from "../dataset/rows.js";
import { askPython, pythonWith } from "./python.js";
import { run } from "./whole-run.js";

const dir = mkdtempSync(path.join(tmpdir(), "selfalign-training-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string): string => path.join(dir, name);
const samples = rowsOf(30).map((row, id) => toSample(row, id));
const train = samples.filter(({ split }) => split === "train");
const test = samples.filter(({ split }) => split === "test");
const template = "Task: {{ instruction }}\nAnswer: {{ response }}\n";

beforeAll(() =>
  exportDataset(rowsOf(30), at(DATASET_FOLDER)).then(() => writeFileSync(at("template.txt"), template)),
);

describe("selfalign export", () => {
  it.each([
    ["messages.jsonl", [], train.length],
    ["pairs.jsonl", ["--format", "prompt-completion", "--split", "all"], samples.length],
    ["texts.jsonl", ["--format", "text", "--template", at("template.txt"), "--split", "test"], test.length],
  ])("writes %s", async (file, flags, rows) => {
    const { status, stdout, stderr } = await run("export", dir, "--out", at(file), ...flags);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(`${at(file)}: ${rows} rows\n`);
    expect(readFileSync(at(file), "utf8").split("\n")).toHaveLength(rows + 1);
  });

  it("fills in the template of a file", () => {
    const [first = ""] = readFileSync(at("texts.jsonl"), "utf8").split("\n");
    const { instruction, response } = test[0] ?? {};
    expect(JSON.parse(first)).toMatchObject({ text: `Task: ${instruction}\nAnswer: ${response}` });
  });

  it.each([
    [[], /export needs one run directory/],
    [["run"], /export needs --out/],
    [["run", "--out", "x.jsonl", "--format", "chatml"], /format "chatml" does not exist/],
    [
      ["run", "--out", "x.jsonl", "--format", "text", "--template", "no/template.txt"],
      /--template FILE must be a file that can be read/,
    ],
    [["no/run", "--out", "x.jsonl"], /"no\/run" holds no finished dataset/],
  ])("%j is refused in one line", async (args, wanted) => {
    const { status, stderr } = await run("export", ...args);
    expect(status).toBe(2);
    expect(stderr.trimEnd()).toMatch(wanted);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

const readRows = `
import json, sys, tempfile
from datasets import load_dataset, disable_progress_bars
disable_progress_bars()
with tempfile.TemporaryDirectory() as cache:
    load = lambda file: load_dataset("json", data_files=file, split="train", cache_dir=cache).to_list()
    print(json.dumps([load(file) for file in json.load(sys.stdin)]))
`;

describe("datasets", () => {
  it("loads the rows that were written", (context) => {
    const python = pythonWith("datasets");
    if (python === null) return context.skip("no Python with datasets; SELFALIGN_PYTHON may name one");
    const files = ["messages.jsonl", "pairs.jsonl"].map(at);
    const [messages, pairs] = askPython(python, readRows, files) as [unknown, unknown];
    expect(messages).toEqual(
      train.map(({ id, verdict, instruction, response }) => ({
        id,
        verdict,
        messages: [
          { role: "user", content: instruction },
          { role: "assistant", content: response },
        ],
      })),
    );
    const { prompt } = parseTemplate(TRAINING_TEMPLATE);
    expect(pairs).toEqual(
      samples.map(({ id, verdict, instruction, response }) => ({
        id,
        verdict,
        prompt: prompt(instruction),
        completion: response,
      })),
    );
  });
});

const render = `
import json, sys
from jinja2 import Template
print(json.dumps([Template(text).render(**fields) for text, fields in json.load(sys.stdin)]))
`;

describe("Jinja", () => {
  it("fills a template in as we do", (context) => {
    const python = pythonWith("jinja2");
    if (python === null) return context.skip("no Python with jinja2; SELFALIGN_PYTHON may name one");
    const templates = [TRAINING_TEMPLATE, template, "a\r\n{{instruction}}\r{{\nresponse }}}\n\n"];
    const fields = { instruction: "Use {{ braces }} & <b>\n", response: "```python\nx = {}\n```\n" };
    const asked = templates.map((text) => [text, fields]);
    const ours = templates.map((text) => {
      const { prompt, completion } = parseTemplate(text);
      return prompt(fields.instruction) + completion(fields.response);
    });
    expect(askPython(python, render, asked)).toEqual(ours);
  });
});
