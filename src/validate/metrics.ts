// The quality figures of one response, by ruff and the syntax tree. In: its code, the function to look at and the
// instruction. Out: numbers only, the same on every machine; what is good enough is decided in selection. Broken code
// gets figures too, as far as they can be told, and its syntax errors among the findings.
import type { Finding, Metrics } from "../core/record.js";
import { functionsOf } from "../python/functions.js";
import type { FunctionFacts } from "../python/functions.js";
import { formatChanged, lint } from "../python/ruff.js";
import type { LintReport } from "../python/ruff.js";
import { parsePython } from "../python/syntax.js";
import { overlap } from "./alignment.js";

/** Findings kept per row, first lines first; the counts are of all. */
export const MAX_FINDINGS = 200;

/**
 * Measures `code`. Needs a loaded grammar (`loadGrammar()`); the first call loads ruff. Shares are rounded to four
 * decimals. Where `entryPoint` is not defined, both complexities are 0; code that the formatter cannot read counts as
 * changed in every line.
 * @throws Error `internal:` when the grammar is not loaded.
 */
export function measure(code: string, entryPoint: string, instruction: string): Metrics {
  const lines = lineCount(code);
  const functions = readFunctions(code);
  // As in Python, the last definition of a name is the one that counts.
  const entry = functions.findLast((facts) => facts.qualname === entryPoint);
  const report = lint(code);
  const pep8 = report.pep8.length;
  return {
    lines,
    pep8,
    pep8Per100Lines: lines === 0 ? 0 : rounded((100 * pep8) / lines),
    formatChanged: rounded(formatChanged(code) ?? 1),
    annotationCoverage: annotationCoverage(functions, code),
    docstring: report.docstring.length,
    hasDocstring: entry !== undefined && entry.docstring !== null,
    complexity: entry?.complexity ?? 0,
    complexityRadon: entry?.complexityRadon ?? 0,
    overlap: rounded(overlap(instruction, code)),
    findings: findingsOf(report),
  };
}

function lineCount(code: string): number {
  const lines = code.split("\n");
  return lines.at(-1) === "" ? lines.length - 1 : lines.length;
}

function readFunctions(code: string): readonly FunctionFacts[] {
  const tree = parsePython(code);
  if (tree === null) return [];
  try {
    return functionsOf(tree, code);
  } finally {
    tree.delete();
  }
}

/** Annotated share of the parameters (self and cls not counted) and returns (but of `__init__`) of all functions. */
function annotationCoverage(functions: readonly FunctionFacts[], code: string): number | null {
  let slots = 0;
  let annotated = 0;
  for (const facts of functions) {
    const parameters = facts.parameters.slice(takesSelf(facts, code) ? 1 : 0);
    slots += parameters.length;
    annotated += parameters.filter((parameter) => parameter.annotation !== null).length;
    if (facts.name === "__init__" && facts.parentKind === "class") continue;
    slots++;
    if (facts.returnAnnotated) annotated++;
  }
  return slots === 0 ? null : rounded(annotated / slots);
}

/** True where Python passes the object or the class as the first parameter. */
function takesSelf(facts: FunctionFacts, code: string): boolean {
  const first = facts.parameters[0]?.kind;
  if (facts.parentKind !== "class" || (first !== "positional" && first !== "positional-only")) return false;
  return !/^[ \t]*@[ \t]*staticmethod\b/mu.test(decoratorsOf(facts, code));
}

function decoratorsOf(facts: FunctionFacts, code: string): string {
  const lines = code.slice(facts.startIndex, facts.endIndex).split("\n", facts.line - facts.startLine);
  return lines.join("\n");
}

function findingsOf(report: LintReport): readonly Finding[] {
  const { pep8, docstring, annotations, naming, pyflakes, syntax } = report;
  const all = [...syntax, ...pep8, ...pyflakes, ...naming, ...docstring, ...annotations];
  if (report.reason === "too-deep")
    all.push({ code: "too-deep", line: 1, message: "Nested too deeply to be read" });
  return all.sort((a, b) => a.line - b.line).slice(0, MAX_FINDINGS);
}

/** Four decimals: more would only be noise in the files. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
