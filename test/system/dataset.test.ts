// The published files as their users open them: pyarrow, datasets and the Hub's own reader of cards.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { datasetCard } from "../../src/dataset/card.js";
import { toSample } from "../../src/dataset/columns.js";
import { exportDataset, JSONL_FILE, PARQUET_FILE } from "../../src/dataset/export.js";
import { PREFERENCES_FILE, writePreferences } from "../../src/dataset/preferences.js";
import { survey } from "../../src/dataset/readings.js";
import { tally } from "../../src/dataset/stats.js";
import { rowOf, rowsOf } from "../dataset/rows.js";
import { askPython, pythonWith } from "./python.js";

const rows = rowsOf(120);
const samples = rows.map((row, id) => toSample(row, id));
/** A verified answer and a failing one to the same instruction. */
const answers = [
  rowOf({ key: "1", response: "good", result: { verdict: "verified" } }),
  rowOf({
    key: "2",
    group: rowOf({ key: "1" }).group,
    response: "bad",
    code: "bad",
    result: { verdict: "wrong" },
  }),
];
let folder = "";
let empty = "";

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "selfalign-dataset-"));
  empty = path.join(folder, "empty");
  const found = await survey(answers);
  const counts = tally();
  await exportDataset(counts.watch(rows), folder, { rowGroupRows: 50 });
  await exportDataset([], empty);
  const stats = counts.stats();
  const about = { name: 'Pairs: "a" #1', corpus: "tests", stats, notices: [], warnings: [], limits: [] };
  const splits = { train: 100, test: 20, grouping: "file", clustered: false, groups: 9 } as const;
  await writeFile(
    path.join(folder, "README.md"),
    datasetCard({ ...about, splits, teacher: null, preferencePairs: 1, funnel: [], options: {} }),
  );
  await writePreferences(answers, found, folder);
  await writeFile(path.join(folder, "stats.json"), JSON.stringify(stats));
});

afterAll(() => rm(folder, { recursive: true }));

const types = {
  fingerprint: "string",
  sha1: "string",
  seed: "string",
  response: "string",
  concepts: "list<element: string>",
  prompt: "string",
  instruction: "string",
  id: "int64",
  split: "string",
  entry_point: "string",
  tests: "string",
  model: "string",
  verdict: "string",
  asserts: "int64",
  mutation_score: "double",
  solves: "list<element: string>",
  mode: "string",
  backend: "string",
  interpreter: "string",
  "metrics.lines": "int64",
  "metrics.pep8": "int64",
  "metrics.pep8Per100Lines": "double",
  "metrics.formatChanged": "double",
  "metrics.annotationCoverage": "double",
  "metrics.docstring": "int64",
  "metrics.hasDocstring": "bool",
  "metrics.complexity": "int64",
  "metrics.complexityRadon": "int64",
  "metrics.overlap": "double",
  "metrics.rmi": "double",
  "metrics.coderReviewer": "double",
  "provenance.source": "string",
  "provenance.repository": "string",
  "provenance.revision": "string",
  "provenance.path": "string",
  "provenance.licence": "string",
  "provenance.startLine": "int64",
  "provenance.endLine": "int64",
};

const readArrow = `
import json, sys, pyarrow.json, pyarrow.parquet
files = json.load(sys.stdin)
def kinds(schema):
    out = {}
    for field in schema:
        inner = field.type if str(field.type).startswith("struct") else None
        if inner is None: out[field.name] = str(field.type)
        else: out.update({field.name + "." + inner.field(i).name: str(inner.field(i).type) for i in range(inner.num_fields)})
    return out
tables = [pyarrow.parquet.read_table(f) if f.endswith(".parquet") else pyarrow.json.read_json(f) for f in files]
print(json.dumps([{"types": kinds(t.schema), "rows": t.to_pylist()} for t in tables]))
`;

describe("pyarrow", () => {
  const python = pythonWith("pyarrow.parquet", "pyarrow.json");

  it("reads types and rows from Parquet, and the same from JSON lines", (context) => {
    if (python === null) return context.skip("no Python with pyarrow; SELFALIGN_PYTHON may name one");
    const files = [path.join(folder, PARQUET_FILE), path.join(folder, JSONL_FILE)];
    const [table, lines] = askPython(python, readArrow, files) as { types: object; rows: unknown }[];
    expect(table?.types).toEqual(types);
    expect(table?.rows).toEqual(samples);
    expect(lines?.types).toEqual({ ...types, concepts: "list<item: string>", solves: "list<item: string>" });
    expect(lines?.rows).toEqual(samples);
  });

  it("reads a dataset without rows, types included", (context) => {
    if (python === null) return context.skip("no Python with pyarrow; SELFALIGN_PYTHON may name one");
    expect(askPython(python, readArrow, [path.join(empty, PARQUET_FILE)])).toEqual([{ types, rows: [] }]);
  });
});

const readDatasets = `
import json, sys, tempfile
from datasets import load_dataset, disable_progress_bars
disable_progress_bars()
folder = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as cache:
    whole = load_dataset(folder, cache_dir=cache)
    lines = load_dataset("json", data_files=folder + "/${JSONL_FILE}", split="train", cache_dir=cache)
    rows = whole["train"]
    preferences = load_dataset("json", data_files=folder + "/${PREFERENCES_FILE}", split="train", cache_dir=cache)
    print(json.dumps({
        "splits": list(whole),
        "features": {name: str(feature) for name, feature in rows.features.items()},
        "same": rows.features == lines.features,
        "rows": rows.to_list(),
        "lines": lines.to_list(),
        "preferences": preferences.to_list(),
    }))
`;

describe("datasets", () => {
  it("loads the folder by its card: one split, the declared types, every row; preference pairs beside it", (context) => {
    const python = pythonWith("datasets");
    if (python === null) return context.skip("no Python with datasets; SELFALIGN_PYTHON may name one");
    const loaded = askPython(python, readDatasets, folder) as Record<string, unknown>;
    expect(loaded).toMatchObject({ splits: ["train"], same: true, rows: samples, lines: samples });
    const { instruction: prompt, key: fingerprint } = rowOf({ key: "1" });
    expect(loaded["preferences"]).toEqual([
      { prompt, chosen: "good", rejected: "bad", reason: "wrong", fingerprint, split: "train" },
    ]);
    expect(loaded.features).toMatchObject({
      concepts: "List(Value('string'))",
      id: "Value('int64')",
      mutation_score: "Value('float64')",
      prompt: "Value('string')",
    });
  });
});

const readCard = `
import json, sys
from huggingface_hub import DatasetCard
card = DatasetCard.load(json.load(sys.stdin))
print(json.dumps(card.data.to_dict()))
`;

describe("the Hub's reader of cards", () => {
  it("understands the header", (context) => {
    const python = pythonWith("huggingface_hub");
    if (python === null) return context.skip("no Python with huggingface_hub; SELFALIGN_PYTHON may name one");
    expect(askPython(python, readCard, path.join(folder, "README.md"))).toEqual({
      pretty_name: 'Pairs: "a" #1',
      license: ["other", "unknown"],
      license_name: "psf-2.0",
      license_link: "https://docs.python.org/3/license.html",
      language: ["en", "code"],
      task_categories: ["text-generation"],
      size_categories: ["n<1K"],
      tags: ["code", "python", "instruction-tuning", "selfalign"],
      configs: [
        { config_name: "default", data_files: [{ split: "train", path: "instruction_dataset.parquet" }] },
      ],
    });
  });
});
