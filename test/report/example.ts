// A run as it could have been: enough of everything to look at the page and to test it. Values are drawn by the
// counter-based generator, so every reader sees the same page.
import { uniforms } from "../../src/core/random.js";
import type { Report, ReportSample } from "../../src/report/report.js";

const draw = uniforms(7, "example report");

/** Whole numbers with a long tail, at least `low`. */
function tail(count: number, low: number, spread: number): number[] {
  return Array.from({ length: count }, () => low + Math.floor(-Math.log(1 - draw()) * spread));
}

function shares(count: number, power: number): number[] {
  return Array.from({ length: count }, () => Number((draw() ** power).toFixed(3)));
}

const code = `import math
from collections.abc import Iterable


def geometric_mean(data: Iterable[float]) -> float:
    """Convert data to floats and compute the geometric mean.

    >>> round(geometric_mean([54, 24, 36]), 1)
    36.0
    """
    values = [float(x) for x in data]
    if not values or min(values) <= 0.0:
        raise ValueError("No negative inputs allowed, and at least one value is required for a mean")
    return math.exp(math.fsum(map(math.log, values)) / len(values))
`;

export const exampleSample: ReportSample = {
  entryPoint: "geometric_mean",
  instruction:
    "Write a Python function `geometric_mean(data: Iterable[float]) -> float` that converts data to floats and " +
    "computes the geometric mean.\n\nThe geometric mean indicates the central tendency of the data using the product " +
    "of the values. Raise ValueError if the input is empty or holds a number that is not positive.",
  code,
  tests: "assert round(geometric_mean([54, 24, 36]), 1) == 36.0\nassert geometric_mean([2.0]) == 2.0\n",
  verdict: "verified",
  metrics: {
    lines: 13,
    "PEP 8 findings": 1,
    annotations: 1,
    complexity: 3,
    asserts: 2,
    "mutants killed": null,
  },
  provenance: {
    source: "stdlib",
    repository: "python/cpython",
    revision: "3.14.2",
    path: "Lib/statistics.py",
    licence: "PSF-2.0",
    startLine: 529,
    endLine: 541,
  },
};

export const exampleReport: Report = {
  title: "baseline: documentation pairs, no model",
  subtitle:
    "Functions of the CPython 3.14 standard library, their docstrings turned into instructions and their behaviour into tests.",
  warnings: [],
  seedsRead: 11_284,
  rowsPublished: 231,
  verdicts: { verified: 38, recorded: 112, executed: 81, wrong: 21, error: 34, timeout: 3, vacuous: 11 },
  model: null,
  funnel: [
    { name: "functions read", count: 11_284 },
    { name: "can stand alone, with docstring and return value", count: 1_148 },
    { name: "kept as seeds", count: 300 },
    { name: "with instruction and response", count: 300 },
    { name: "ran in the sandbox", count: 231 },
    { name: "published", count: 231 },
  ],
  rejects: [
    {
      stage: "seeds",
      counts: {
        method: 7841,
        "no-docstring": 1402,
        "no-return-value": 498,
        "no-parameters": 201,
        "too-short": 92,
        "too-long": 44,
        "todo-comment": 19,
        "needs-what-cannot-be-carried": 31,
        "test-function": 6,
        "exact-duplicate": 2,
      },
    },
    { stage: "validation", counts: { error: 34, wrong: 21, vacuous: 11, timeout: 3 }, unit: "responses" },
  ],
  metrics: [
    { label: "Length of the response", unit: "lines", values: tail(231, 4, 16) },
    { label: "PEP 8 findings", unit: "per 100 lines", values: tail(231, 0, 2.2) },
    { label: "Lines the formatter would change", unit: "share of lines", values: shares(231, 2) },
    { label: "Annotated parameters and returns", unit: "share", values: shares(231, 3) },
    { label: "Docstring findings", unit: "per function", values: tail(231, 0, 1.4) },
    { label: "Overlap of instruction and code", unit: "share of words", values: shares(231, 1) },
  ],
  seeds: tail(300, 4, 18).map((lines, index) => ({
    name: `function_${index}`,
    lines,
    complexity: 1 + Math.floor(lines * 0.2 * draw()),
  })),
  times: [
    { stage: "seeds", wallSeconds: 14.2, cpuSeconds: 16.9 },
    { stage: "instruct", wallSeconds: 48.1, cpuSeconds: 83.4 },
    { stage: "validate", wallSeconds: 71.5, cpuSeconds: 128.8 },
    { stage: "dataset", wallSeconds: 0.9, cpuSeconds: 1.1 },
  ],
  samples: [
    exampleSample,
    { ...exampleSample, entryPoint: "commonprefix", verdict: "recorded" },
    { ...exampleSample, entryPoint: "canonical_form_of_a_rather_long_name", verdict: "executed", tests: "" },
  ],
  licences: [{ name: "PSF-2.0", count: 231 }],
  notices: [
    "Copyright © 2001 Python Software Foundation. All rights reserved. Python is licensed under the PSF License.",
  ],
  loading: [
    {
      label: "With the datasets library",
      language: "python",
      code: 'from datasets import load_dataset\n\nrows = load_dataset("parquet", data_files="final_dataset/instruction_dataset.parquet", split="train")\nprint(rows[0]["instruction"])\n',
    },
    {
      label: "In a shell",
      language: "sh",
      code: "head -1 final_dataset/instruction_dataset.jsonl | python3 -m json.tool",
    },
  ],
  options: [
    { name: "corpus", value: "stdlib" },
    { name: "model", value: "docstring" },
    { name: "num-samples", value: "300" },
    { name: "seed", value: "0" },
  ],
  versions: [
    { name: "selfalign", value: "0.1.0" },
    { name: "sandbox", value: "pyodide 314.0.7, CPython 3.14.2" },
    { name: "node", value: "20.20.2" },
  ],
};

/** The same with a model as its teacher: options are long JSON texts. */
export const exampleModelReport: Report = {
  ...exampleReport,
  title: "instructions by bigcode/starcoder2-15b-instruct-v0.1",
  model: {
    told: "openai completions bigcode/starcoder2-15b, prompted with the set starcoder2 aca312dc0a370e15ad25bba239f600d19718b06d.",
    steps: [
      { step: "concepts", requests: 300, parsed: 297, promptTokens: 812_004, newTokens: 9_120 },
      { step: "instructions", requests: 297, parsed: 280, promptTokens: 903_551, newTokens: 31_008 },
      { step: "responses", requests: 812, parsed: 633, promptTokens: null, newTokens: null },
    ],
    rounds: { drawn: 812, always: 2_800 },
  },
  options: [
    ...exampleReport.options,
    { name: "engine", value: `replay:${"1e962a134eafef30".repeat(4)}` },
    {
      name: "filters",
      value: JSON.stringify({
        minLines: 3,
        maxLines: 150,
        forbiddenWords: ["TODO", "FIXME", "XXX"],
        licences: null,
        allowGenerated: false,
      }),
    },
    {
      name: "sampling",
      value: '{"temperature":0.7,"topP":1,"maxTokens":1536,"budget":10,"width":2,"wanted":1}',
    },
  ],
};

/** A toy tokenizer, so that the colours can be seen without a parser. */
export function exampleHighlight(
  source: string,
): { text: string; kind: "keyword" | "string" | "number" | "plain" }[] {
  const pattern =
    /(?<keyword>\b(?:import|from|def|if|not|or|raise|return|for|in|assert)\b)|(?<string>"""[^]*?"""|"[^"\n]*")|(?<number>\b\d+(?:\.\d+)?\b)|[^]/g;
  return [...source.matchAll(pattern)].map(({ 0: text, groups }) => {
    const kind = (["keyword", "string", "number"] as const).find((name) => groups?.[name] !== undefined);
    return { text, kind: kind ?? "plain" };
  });
}
