// What a published row is: its columns with their types, declared once for JSON lines, Parquet and the dataset card,
// and the step from a validated row to a published one. A superset of the columns of
// https://huggingface.co/datasets/bigcode/self-oss-instruct-sc2-exec-filter-50k
import { testText } from "../core/record.js";
import type { Metrics, Provenance, Sample, WithSplit } from "../core/record.js";
import type { Column, PlainColumn } from "./parquet.js";

const metricColumns: readonly PlainColumn[] = [
  column("lines", "int64", "lines of the code"),
  column("pep8", "int64", "PEP 8 findings (pycodestyle's E and W)"),
  column("pep8Per100Lines", "double", "PEP 8 findings per 100 lines"),
  column("formatChanged", "double", "share of lines that a formatter would change, 0..1"),
  optional(
    "annotationCoverage",
    "double",
    "annotated share of parameters and returns; null where there are none",
  ),
  column("docstring", "int64", "docstring findings (pydocstyle's pep257 convention)"),
  column("hasDocstring", "boolean", "the entry point has a docstring"),
  column("complexity", "int64", "cyclomatic complexity of the entry point, as mccabe counts"),
  column("complexityRadon", "int64", "the same with boolean operators, as radon counts"),
  column("overlap", "double", "words that instruction and code share, 0..1"),
  optional("rmi", "double", "nats per token that the code makes the instruction likelier to a model"),
  optional(
    "coderReviewer",
    "double",
    "log-likelihood per token of the code after the instruction plus that of the instruction after the code",
  ),
];

const provenanceColumns: readonly PlainColumn[] = [
  column("source", "string", "corpus"),
  column("repository", "string", "project that the seed comes from"),
  optional("revision", "string", "version, tag or commit"),
  column("path", "string", "file inside the repository"),
  optional("licence", "string", "SPDX identifier; null where none is known"),
  column("startLine", "int64", "first line of the function, from 1"),
  column("endLine", "int64", "last line of the function"),
];

/** The columns of the published dataset, in their order. */
export const SAMPLE_COLUMNS: readonly Column[] = [
  column("fingerprint", "string", "identity of the row: the same seed, options and stage give the same one"),
  column("sha1", "string", "sha1 of the seed"),
  column("seed", "string", "self-contained Python that the row grew from"),
  column("response", "string", "the answer to learn: Markdown with one Python block"),
  column("concepts", "strings", "programming concepts of the seed"),
  optional("prompt", "string", "what a model was asked for the response; null where no model was asked"),
  column("instruction", "string", "the task to learn from"),
  column("id", "int64", "row number, from 0"),
  column("split", "string", "`train` or `test`"),
  column("entry_point", "string", "function that the tests call"),
  column("tests", "string", "Python that checks the code; empty where there is none"),
  column("model", "string", "teacher that wrote the row"),
  column("verdict", "string", "what running the code showed"),
  column("asserts", "int64", "asserts that ran and held"),
  optional("mutation_score", "double", "share of mutants that the tests caught; null where none was tried"),
  column("solves", "strings", "benchmark problems whose tests the code passes; empty also where none were tried"),
  column("mode", "string", "`split`: code and tests ran in two worlds; `one-world`: in one"),
  column("backend", "string", "sandbox that ran the code"),
  column("interpreter", "string", "Python that ran the code"),
  { name: "metrics", kind: "struct", about: "quality of the response", fields: metricColumns },
  { name: "provenance", kind: "struct", about: "where the seed comes from", fields: provenanceColumns },
];

function column(name: string, kind: PlainColumn["kind"], about: string): PlainColumn {
  return { name, kind, nullable: false, about };
}

function optional(name: string, kind: PlainColumn["kind"], about: string): PlainColumn {
  return { name, kind, nullable: true, about };
}

/** The published row number `id` of a validated row. Text is made well-formed: half a surrogate pair becomes U+FFFD. */
export function toSample(row: WithSplit, id: number): Sample {
  const { result } = row;
  return {
    fingerprint: row.key,
    sha1: row.sha1,
    seed: wellFormed(row.seed),
    response: wellFormed(row.response),
    concepts: row.concepts.map(wellFormed),
    prompt: row.prompt === null ? null : wellFormed(row.prompt),
    instruction: wellFormed(row.instruction),
    id,
    split: row.split,
    entry_point: row.entryPoint,
    tests: wellFormed(testText(row.tests)),
    model: row.model,
    verdict: result.verdict,
    asserts: result.asserts,
    mutation_score: result.mutationScore,
    solves: result.solves ?? [],
    mode: result.mode,
    backend: result.backend,
    interpreter: result.interpreter,
    metrics: figuresOf(row.metrics),
    provenance: placeOf(row.provenance),
  };
}

function figuresOf(metrics: Metrics): Sample["metrics"] {
  const figures: Readonly<Record<string, unknown>> = { ...metrics };
  // Everything that metricColumns names is a figure; a cast because the names are data.
  return Object.fromEntries(
    metricColumns.map(({ name }) => [name, figures[name] ?? null]),
  ) as Sample["metrics"];
}

function placeOf(provenance: Provenance): Provenance {
  const { source, repository, revision, path, licence, startLine, endLine } = provenance;
  return { source, repository, revision, path: wellFormed(path), licence, startLine, endLine };
}

/** UTF-8 cannot hold half a surrogate pair, which an escape in a docstring can make. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
