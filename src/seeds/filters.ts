// Which functions can be seeds at all: one reason per filter, tried in a fixed order, so that every function left out has
// exactly one. Pure; looks at the function alone. What is a matter of degree comes later, in measure.ts.
import type { FunctionFacts } from "../python/functions.js";
import { docstringNode } from "../python/literals.js";
import type { ParseFailure, SyntaxNode } from "../python/syntax.js";
import type { ImportReason } from "./imports.js";

/** Why a function, or a whole file, gives no seed. The last three are decided in the corpus's order, by the caller. */
export type SeedReason =
  | ParseFailure
  | "syntax-error"
  | "python-2"
  | "method"
  | "nested"
  | "conditional"
  | "test-function"
  | "dunder"
  | "no-docstring"
  | "no-return-value"
  | "trivial-body"
  | "undefined-name"
  | "star-import"
  | ImportReason
  | ThresholdReason
  | "exact-duplicate"
  | "contaminated"
  | "near-duplicate"
  | "type-error"
  | "type-unknown";

/** Which threshold a function misses. */
export type ThresholdReason =
  | "generated-code"
  | "vendored-code"
  | "licence"
  | "no-keyword"
  | "short-docstring"
  | "long-docstring"
  | "no-parameters"
  | "few-annotations"
  | "todo-word"
  | "bad-import"
  | "too-short"
  | "too-long"
  | "long-line"
  | "too-simple"
  | "too-complex";

/** A reason and what was seen. */
export interface Why {
  readonly reason: SeedReason;
  readonly detail: string;
}

/** A function and where it stands. */
export interface Candidate {
  readonly facts: FunctionFacts;
  readonly path: string;
}

type Filter = (candidate: Candidate) => string | null;

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
  ["no-return-value", ({ facts }) => (facts.returnsValue ? null : "returns no value")],
];

/** The first filter that refuses a function, with what it saw; null when all let it pass. */
export function refusal(candidate: Candidate, definition: SyntaxNode | null): Why | null {
  const trivial: Filter = () => (definition && isTrivial(definition) ? "body does nothing" : null);
  for (const [reason, filter] of [...PLACES, ...CONTENTS, ["trivial-body", trivial] as const]) {
    const detail = filter(candidate);
    if (detail !== null) return { reason, detail };
  }
  return null;
}

const TEST_PATH = /(?:^|\/)(?:tests?|testing)\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/;

function testFunction({ facts, path }: Candidate): string | null {
  if (/^test/i.test(facts.name)) return facts.name;
  return TEST_PATH.test(path) ? path : null;
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
