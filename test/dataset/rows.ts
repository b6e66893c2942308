// Validated rows for the tests of the dataset room: one plausible row, and as many different ones as wanted.
import { keyOf, sha1Of } from "../../src/core/record.js";
import type { Judged, Metrics, Provenance, WithSplit } from "../../src/core/record.js";

const seed = 'def double(number: int) -> int:\n    """Return twice the number."""\n    return 2 * number\n';

const metrics: Metrics = {
  lines: 3,
  pep8: 0,
  pep8Per100Lines: 0,
  formatChanged: 0.25,
  annotationCoverage: 1,
  docstring: 0,
  hasDocstring: true,
  complexity: 1,
  complexityRadon: 2,
  overlap: 0.5,
  findings: [{ code: "D401", line: 2, message: "First line should be in imperative mood" }],
};

const result: Judged = {
  verdict: "recorded",
  message: null,
  line: null,
  asserts: 2,
  killsStub: true,
  mutationScore: 0.75,
  suspicions: [],
  mode: "one-world",
  backend: "pyodide",
  interpreter: "CPython 3.14.2",
};

const provenance: Provenance = {
  source: "stdlib",
  repository: "python/cpython",
  revision: "3.14.2",
  path: "double.py",
  licence: "PSF-2.0",
  startLine: 10,
  endLine: 12,
};

/** What to change of a row; its groups are changed field by field. */
export interface Changes extends Partial<Omit<WithSplit, "metrics" | "result" | "provenance">> {
  readonly metrics?: Partial<Metrics>;
  readonly result?: Partial<Judged>;
  readonly provenance?: Partial<Provenance>;
}

export function rowOf(changes: Changes = {}): WithSplit {
  return {
    key: keyOf("row"),
    sha1: sha1Of(seed),
    seed,
    entryPoint: "double",
    parameters: [{ name: "number", kind: "positional", annotation: "int", default: null }],
    returns: "int",
    async: false,
    docstring: "Return twice the number.",
    carried: [],
    figures: {
      functionLines: 3,
      seedLines: 3,
      longestLine: 20,
      docstringWords: 4,
      complexity: 1,
      parameterCount: 1,
      annotatedParameters: 1,
      returnAnnotated: true,
      warnings: [],
      imports: [],
      mentions: [],
      generated: false,
      vendored: false,
    },
    concepts: ["arithmetic", "multiplication"],
    model: "docstring",
    prompt: null,
    instruction: "Write a function double(number) that returns twice the number.",
    group: keyOf("instruction", changes.key ?? "row"),
    index: 0,
    response: `Here it is.\n\n\`\`\`python\n${seed}\`\`\`\n`,
    code: seed,
    tests: [
      { origin: "author", source: "assert double(2) == 4\n" },
      { origin: "recorded", source: "assert double(-1) == -2" },
    ],
    calls: ["double(2)"],
    dropped: { "doctest-output": 1 },
    split: "train",
    ...changes,
    metrics: { ...metrics, ...changes.metrics },
    result: { ...result, ...changes.result },
    provenance: { ...provenance, ...changes.provenance },
  };
}

/** Rows that differ in every nullable column, in the order of their keys. */
export function rowsOf(count: number): readonly WithSplit[] {
  const rows = Array.from({ length: count }, (_, n) =>
    rowOf({
      key: keyOf("row", n),
      split: n % 6 === 0 ? "test" : "train",
      instruction: `Task ${n}: naïve 日本 🐍 "quoted"\tand\nbroken`,
      prompt: n % 2 === 0 ? null : `prompt ${n}`,
      concepts: Array.from({ length: n % 4 }, (_, k) => `concept ${k}`),
      tests: n % 3 === 0 ? [] : [{ origin: "recorded", source: `assert double(${n}) == ${2 * n}` }],
      metrics: {
        annotationCoverage: n % 5 === 0 ? null : 0.5,
        overlap: n % 2,
        hasDocstring: n % 2 === 0,
        rmi: n % 4 === 0 ? null : 0.25,
        coderReviewer: n % 4 === 0 ? null : -2,
      },
      result: {
        mutationScore: n % 3 === 0 ? null : 1,
        asserts: n % 3,
        ...(n % 8 === 1 && { solves: [`MBPP/${n}`] }),
      },
      provenance: { revision: n % 7 === 0 ? null : "3.14.2", licence: n % 11 === 0 ? null : "PSF-2.0" },
    }),
  );
  return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
}
