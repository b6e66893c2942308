// The shapes that walk through the house: SourceFile -> Seed -> Concepts -> Instruction -> Response -> Result -> Sample.
// Plain readonly data, written as JSON lines; each stage adds fields and returns a new object. A reject is a record too.
// No clock, duration, process id, machine path or memory address may stand in any of them.
import { createHash } from "node:crypto";

/** Where a function came from; rides along from the first record to the last. */
export interface Provenance {
  /** The corpus as named on the command line, e.g. `stdlib`; for a folder its last path segment only: `folder:NAME`. */
  readonly source: string;
  /** Project the file belongs to, e.g. `python/cpython`. */
  readonly repository: string;
  /** Version, tag or commit; null where the source has none. */
  readonly revision: string | null;
  /** Path inside the repository, `/`-separated. */
  readonly path: string;
  /** SPDX identifier where one is known, otherwise null. */
  readonly licence: string | null;
  /** First line (decorators included) and last line of the function, from 1. */
  readonly startLine: number;
  readonly endLine: number;
}

/** One decoded Python file. */
export interface SourceFile {
  /** sha1 of source, repository, revision and path: known before the file is read. */
  readonly key: string;
  readonly source: string;
  readonly repository: string;
  readonly revision: string | null;
  readonly path: string;
  readonly licence: string | null;
  /** Text with `\n` line ends and no BOM. */
  readonly text: string;
}

export type ParameterKind =
  "positional-only" | "positional" | "var-positional" | "keyword-only" | "var-keyword";

/** A parameter as written; `annotation` and `default` are source text. */
export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly annotation: string | null;
  readonly default: string | null;
}

/** A function that can be imported and called on its own. */
export interface Seed {
  readonly key: string;
  /** sha1 of `seed`, the content's identity. */
  readonly sha1: string;
  /** Self-contained Python: the carried statements, then the function. */
  readonly seed: string;
  /** Name to call. */
  readonly entryPoint: string;
  readonly parameters: readonly Parameter[];
  readonly returns: string | null;
  readonly async: boolean;
  /** Cleaned as `ast.get_docstring` does. */
  readonly docstring: string;
  /** Names of the module's own that were carried along (imports, constants, helpers), in source order. */
  readonly carried: readonly string[];
  /** Figures that the filters looked at, kept so that thresholds can be moved later. */
  readonly figures: SeedFigures;
  readonly provenance: Provenance;
}

export interface SeedFigures {
  /** Lines of the function itself, and of the whole seed. */
  readonly functionLines: number;
  readonly seedLines: number;
  /** Characters of the seed's longest line. */
  readonly longestLine: number;
  readonly docstringWords: number;
  /** mccabe's cyclomatic complexity of the function. */
  readonly complexity: number;
  readonly parameterCount: number;
  readonly annotatedParameters: number;
  readonly returnAnnotated: boolean;
  /** Words like `TODO` and `bug` in the function, as written, each once. */
  readonly warnings: readonly string[];
  /** Top-level modules that the seed imports, sorted. */
  readonly imports: readonly string[];
  /** Modules that the function's file imports or, if they are keywords of codeparrot-ds, mentions; sorted. */
  readonly mentions: readonly string[];
  /** Whether the file says or shows that a program wrote it, and that it was copied from elsewhere. */
  readonly generated: boolean;
  readonly vendored: boolean;
}

/** Something left out, and why. Written, counted, shown. */
export interface Reject {
  readonly key: string;
  readonly stage: string;
  /** kebab-case literal of the stage that refused. */
  readonly reason: string;
  readonly detail: string;
  /** Name of the function, or null where a whole file was refused. */
  readonly qualname: string | null;
  readonly provenance: Provenance;
}

/** A function that could be a seed but misses a threshold, or came before: with the figures, to be judged again. */
export interface MeasuredReject extends Reject {
  /** sha1 of what would be its seed. */
  readonly sha1: string;
  readonly figures: SeedFigures;
}

export interface WithConcepts extends Seed {
  readonly concepts: readonly string[];
  /** Which teacher wrote it: `docstring`, or the engine's identity. */
  readonly model: string;
}

export interface WithInstruction extends WithConcepts {
  /** Prompt that a model was given for the response; null where there was none. */
  readonly prompt: string | null;
  readonly instruction: string;
  /** What the model was told to aim at; absent where no model was asked. */
  readonly difficulty?: string;
}

/** `author`: from the function's own doctests; `recorded`: frozen from what the code itself returned; `model`: written by a model. */
export type TestOrigin = "author" | "model" | "recorded";

export interface Test {
  readonly origin: TestOrigin;
  /** Python, one or more whole lines. */
  readonly source: string;
}

/** The tests as one Python text; empty where there are none. */
export function testText(tests: readonly Test[]): string {
  return tests.map(({ source }) => `${source.trimEnd()}\n`).join("");
}

export interface WithResponse extends WithInstruction {
  /** Key of the instruction that it answers: all answers to one have the same. */
  readonly group: string;
  /** Which answer to its instruction it is, from 0. */
  readonly index: number;
  /** What the student model is to answer: Markdown with one Python block. */
  readonly response: string;
  /** The Python inside `response`. */
  readonly code: string;
  readonly tests: readonly Test[];
  /** Calls seen to return normally; what is run where there are no tests. */
  readonly calls: readonly string[];
  /** What the teacher left out on the way, counted by reason, e.g. `doctest-output: 2`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** The instruction as a model was asked it, before tests were shown in it; absent where no model was asked. */
  readonly asked?: string;
  /** What was drawn for the published text; absent where nothing was. */
  readonly choices?: Readonly<Record<string, boolean | number>>;
}

export type Verdict =
  | "verified"
  | "recorded"
  | "executed"
  | "defined"
  | "wrong"
  | "error"
  | "timeout"
  | "memory"
  | "flood"
  | "forbidden-import"
  | "vacuous"
  | "unsupported"
  | "sandbox-error";

export interface Finding {
  readonly code: string;
  /** Line in `code`, from 1. */
  readonly line: number;
  readonly message: string;
}

/** Quality of one response; thresholds live in selection. */
export interface Metrics {
  readonly lines: number;
  /** Logical findings of pycodestyle's kind (ruff E and W). */
  readonly pep8: number;
  /** Findings per 100 lines. */
  readonly pep8Per100Lines: number;
  /** Share of lines that the formatter would change, 0..1. */
  readonly formatChanged: number;
  /** Annotated share of parameters and returns over all functions in the code, 0..1; null where there is nothing to annotate. */
  readonly annotationCoverage: number | null;
  /** Findings of pydocstyle's pep257 convention. */
  readonly docstring: number;
  readonly hasDocstring: boolean;
  /** Of the entry point: mccabe's, and with boolean operators as radon counts them. */
  readonly complexity: number;
  readonly complexityRadon: number;
  /** Identifier and word overlap of instruction and code, 0..1. */
  readonly overlap: number;
  /** log PPL(instruction) - log PPL(instruction | code) in nats; null or absent where no model scored it. */
  readonly rmi?: number | null;
  /** Log-likelihood per token of the code after the instruction plus that of the instruction after the code. */
  readonly coderReviewer?: number | null;
  readonly findings: readonly Finding[];
}

export interface Judged {
  readonly verdict: Verdict;
  /** What a researcher needs to see: exception, line, the assert that failed; null for a pass. */
  readonly message: string | null;
  readonly line: number | null;
  /** Asserts that ran and held. */
  readonly asserts: number;
  /** True when the tests fail on a body of `return None`; null where there are no tests. */
  readonly killsStub: boolean | null;
  /** Killed share of the mutants tried, 0..1; null where none was tried. */
  readonly mutationScore: number | null;
  /** Signs in the code that it may set out to deceive its judge (the flags of `sandbox/suspicions`); mostly none. */
  readonly suspicions: readonly string[];
  /** Benchmark problems whose tests the code passes; absent where none were tried. */
  readonly solves?: readonly string[];
  /** `none` where nothing ran, as for a forbidden import. */
  readonly mode: "split" | "one-world" | "none";
  readonly backend: string;
  readonly interpreter: string;
}

export interface WithResult extends WithResponse {
  readonly result: Judged;
  readonly metrics: Metrics;
}

/** Part of the dataset: one to learn from, one to try on what was learned. */
export type Split = "train" | "test";

export interface WithSplit extends WithResult {
  readonly split: Split;
}

/** One row of the published dataset: a superset of the columns of self-oss-instruct-sc2-exec-filter-50k. */
export interface Sample {
  readonly fingerprint: string;
  readonly sha1: string;
  readonly seed: string;
  readonly response: string;
  readonly concepts: readonly string[];
  readonly prompt: string | null;
  readonly instruction: string;
  /** Row number, given at export. */
  readonly id: number;
  readonly split: Split;
  readonly entry_point: string;
  readonly tests: string;
  readonly model: string;
  readonly verdict: Verdict;
  readonly asserts: number;
  readonly mutation_score: number | null;
  readonly solves: readonly string[];
  readonly mode: string;
  readonly backend: string;
  readonly interpreter: string;
  readonly metrics: Readonly<Record<string, number | boolean | null>>;
  readonly provenance: Provenance;
}

/** sha1 in hex over the parts, each length-prefixed so that no two lists collide. */
export function keyOf(...parts: readonly (string | number | null)[]): string {
  const hash = createHash("sha1");
  for (const part of parts) {
    const text = part === null ? "" : String(part);
    hash.update(`${part === null ? "-" : text.length}:${text};`);
  }
  return hash.digest("hex");
}

/** sha1 in hex of a text's UTF-8 bytes. */
export function sha1Of(text: string): string {
  return createHash("sha1").update(text, "utf8").digest("hex");
}
