// Which functions are worth carrying: one reason per filter, tried in a fixed order, so that every function left out has
// exactly one. Pure; looks at the function alone. Thresholds are data, and the figures they look at are kept in the seed.
import type { FunctionFacts } from "../python/functions.js";
import { docstringNode } from "../python/literals.js";
import type { SyntaxNode } from "../python/syntax.js";
import type { ImportReason } from "./imports.js";

/** Why a function, or a whole file, gives no seed. `exact-duplicate` is decided across files, by the caller. */
export type SeedReason =
  | "time-limit"
  | "syntax-error"
  | "python-2"
  | "method"
  | "nested"
  | "conditional"
  | "test-function"
  | "dunder"
  | "no-docstring"
  | "short-docstring"
  | "no-parameters"
  | "no-return-value"
  | "trivial-body"
  | "todo-word"
  | "too-short"
  | "too-long"
  | "undefined-name"
  | "star-import"
  | ImportReason
  | "exact-duplicate";

/** Thresholds of the filters. */
export interface Thresholds {
  /** Lines of the function, decorators included; default 3. */
  readonly minLines: number;
  /** Default 150, as in the reference. */
  readonly maxLines: number;
  /** Words of the docstring; default 3. */
  readonly minDocstringWords: number;
}

/** A function and what the filters look at. */
export interface Candidate {
  readonly facts: FunctionFacts;
  readonly path: string;
  /** Source of the function, decorators included. */
  readonly text: string;
}

type Filter = (candidate: Candidate, options: Thresholds) => string | null;

const PLACES: readonly (readonly [SeedReason, Filter])[] = [
  ["syntax-error", ({ facts }) => (facts.hasError ? "does not parse" : null)],
  ["method", ({ facts }) => (facts.parentKind === "class" ? "in a class" : null)],
  ["nested", ({ facts }) => (facts.parentKind === "function" ? "in a function" : null)],
  ["conditional", ({ facts }) => (facts.topLevel ? null : "in a compound statement")],
  ["test-function", testFunction],
  ["dunder", ({ facts: { name } }) => (/^__.*__$/.test(name) ? name : null)],
];

const CONTENTS: readonly (readonly [SeedReason, Filter])[] = [
  ["no-docstring", ({ facts }) => (facts.docstring?.trim() ? null : "no docstring")],
  ["short-docstring", shortDocstring],
  ["no-parameters", ({ facts }) => (facts.params === 0 ? "takes no parameters" : null)],
  ["no-return-value", ({ facts }) => (facts.returnsValue ? null : "returns no value")],
];

const TEXTS: readonly (readonly [SeedReason, Filter])[] = [
  ["todo-word", ({ text }) => /\b(?:TODO|FIXME|XXX)\b|\btodo:/.exec(text)?.[0] ?? null],
  ["too-short", tooShort],
  ["too-long", tooLong],
];

/** The first filter that refuses a function, with what it saw; null when all let it pass. */
export function refusal(
  candidate: Candidate,
  definition: SyntaxNode | null,
  options: Thresholds,
): { readonly reason: SeedReason; readonly detail: string } | null {
  const trivial: Filter = () => (definition && isTrivial(definition) ? "body does nothing" : null);
  const filters: (readonly [SeedReason, Filter])[] = [
    ...PLACES,
    ...CONTENTS,
    ["trivial-body", trivial],
    ...TEXTS,
  ];
  for (const [reason, filter] of filters) {
    const detail = filter(candidate, options);
    if (detail !== null) return { reason, detail };
  }
  return null;
}

const TEST_PATH = /(?:^|\/)(?:tests?|testing)\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/;

function testFunction({ facts, path }: Candidate): string | null {
  if (/^test/i.test(facts.name)) return facts.name;
  return TEST_PATH.test(path) ? path : null;
}

/** Words of a docstring, as far as white space tells. */
export function wordsOf(docstring: string): number {
  return docstring.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

function shortDocstring({ facts }: Candidate, { minDocstringWords }: Thresholds): string | null {
  const words = wordsOf(facts.docstring ?? "");
  return words < minDocstringWords ? `${words} words, at least ${minDocstringWords}` : null;
}

function tooShort({ facts }: Candidate, { minLines }: Thresholds): string | null {
  const lines = linesOf(facts);
  return lines < minLines ? `function has ${lines} lines, at least ${minLines}` : null;
}

function tooLong({ facts }: Candidate, { maxLines }: Thresholds): string | null {
  const lines = linesOf(facts);
  return lines > maxLines ? `function has ${lines} lines, at most ${maxLines}` : null;
}

/** Lines of a function, decorators included. */
export function linesOf(facts: FunctionFacts): number {
  return facts.endLine - facts.startLine + 1;
}

const CONSTANTS = new Set(
  "integer float string concatenated_string true false none ellipsis unary_operator list tuple dictionary pair".split(
    " ",
  ),
);

/** A body that, besides its docstring, only passes, raises or returns a constant. */
function isTrivial(definition: SyntaxNode): boolean {
  const body = definition.childForFieldName("body");
  if (!body) return true;
  const docstring = docstringNode(body);
  return body.codeChildren.every((statement) => statement === docstring || doesNothing(statement));
}

function doesNothing(statement: SyntaxNode): boolean {
  switch (statement.type) {
    case "pass_statement":
    case "raise_statement":
      return true;
    case "expression_statement":
    case "return_statement":
      return statement.codeChildren.every(isConstant);
    default:
      return false;
  }
}

function isConstant(node: SyntaxNode): boolean {
  if (node.type === "string") return !node.children.some((child) => child.type === "interpolation");
  return CONSTANTS.has(node.type) && node.codeChildren.every(isConstant);
}
