// Every function of a tree, wherever it stands, with what Python's own `ast`, `symtable` and the usual tools would say
// about it. Takes a tree and its text; works on broken files too and then gives the functions that can be seen.
import type { Parameter, ParameterKind } from "../core/record.js";
import { complexityOf, complexityRadonOf } from "./complexity.js";
import { docstringOf } from "./literals.js";
import { scopesOf, type Scopes } from "./names.js";
import type { SyntaxNode, SyntaxTree } from "./syntax.js";

/** Where a function stands; `block`: inside a compound statement of the module level (`if`, `try`, `with`, loops). */
export type ParentKind = "module" | "class" | "function" | "block";

/** One function, sync or async; lambdas are expressions and not listed. */
export interface FunctionFacts {
  readonly name: string;
  /** Python's `__qualname__`, e.g. `A.f`, `f.<locals>.g`. */
  readonly qualname: string;
  /** Line of `def`, first line (decorators included) and last line of code, from 1. */
  readonly line: number;
  readonly startLine: number;
  readonly endLine: number;
  /** UTF-16 offsets, decorators included, trailing comments not. */
  readonly startIndex: number;
  readonly endIndex: number;
  readonly async: boolean;
  /** Cleaned; equal to `ast.get_docstring`. */
  readonly docstring: string | null;
  /** True when the function's own body, not one nested in it, has a `return` with a value. */
  readonly returnsValue: boolean;
  readonly parameters: readonly Parameter[];
  /** Return annotation as written. */
  readonly returns: string | null;
  /** All parameters: self, `*args` and `**kwargs` included. */
  readonly params: number;
  readonly annotatedParams: number;
  readonly returnAnnotated: boolean;
  /** By the package mccabe. */
  readonly complexity: number;
  /** By the package radon: boolean operators, comprehensions and asserts too. */
  readonly complexityRadon: number;
  /** Names that the body, nested scopes included, loads from the module's globals or the builtins; sorted by code unit. */
  readonly freeNames: readonly string[];
  readonly topLevel: boolean;
  readonly parentKind: ParentKind;
  /** True when the function's own text does not parse. */
  readonly hasError: boolean;
}

/** The functions of a tree in source order. */
export function functionsOf(tree: SyntaxTree, text: string): FunctionFacts[] {
  const scopes = scopesOf(tree.root);
  const found: FunctionFacts[] = [];
  walk(tree.root, { prefix: "", kind: "module" }, scopes, (definition, qualname, kind) => {
    found.push(factsOf(definition, qualname, kind, scopes, text));
  });
  return found;
}

interface Place {
  /** What comes before the name in the qualified name. */
  readonly prefix: string;
  readonly kind: ParentKind;
  /** Names that the function around declares global. */
  readonly globals?: ReadonlySet<string> | undefined;
}

type Found = (definition: SyntaxNode, qualname: string, kind: ParentKind) => void;

/** Nodes that statements can stand in; of these, the ones that make a module's function conditional. */
const TRANSPARENT = new Set(["module", "block", "decorated_definition", "ERROR"]);
const COMPOUND = new Set([
  "if_statement",
  "for_statement",
  "while_statement",
  "try_statement",
  "with_statement",
  "match_statement",
  "elif_clause",
  "else_clause",
  "except_clause",
  "finally_clause",
  "case_clause",
]);

function walk(node: SyntaxNode, place: Place, scopes: Scopes, found: Found): void {
  for (const child of node.children) {
    if (child.type === "function_definition") {
      const qualname = qualnameOf(child, place, scopes);
      found(child, qualname, place.kind);
      const globals = scopes.functions.get(child)?.globals;
      walk(child, { prefix: `${qualname}.<locals>.`, kind: "function", globals }, scopes, found);
    } else if (child.type === "class_definition") {
      const prefix = place.globals?.has(nameOf(child)) === true ? "" : place.prefix;
      walk(child, { prefix: `${prefix}${nameOf(child)}.`, kind: "class" }, scopes, found);
    } else if (COMPOUND.has(child.type)) {
      walk(child, place.kind === "module" ? { ...place, kind: "block" } : place, scopes, found);
    } else if (TRANSPARENT.has(child.type)) walk(child, place, scopes, found);
  }
}

function nameOf(definition: SyntaxNode): string {
  return definition.childForFieldName("name")?.text ?? "";
}

/** A name declared `global` around the definition has no prefix. */
function qualnameOf(definition: SyntaxNode, place: Place, scopes: Scopes): string {
  const name = nameOf(definition);
  const around = scopes.functions.get(definition)?.parent;
  return around?.globals.has(name) ? name : place.prefix + name;
}

function factsOf(
  definition: SyntaxNode,
  qualname: string,
  parentKind: ParentKind,
  scopes: Scopes,
  text: string,
): FunctionFacts {
  const parent = definition.parent;
  const outer = parent?.type === "decorated_definition" ? parent : definition;
  const body = definition.childForFieldName("body");
  const endIndex = codeEnd(outer);
  const list = definition.childForFieldName("parameters");
  const parameters = list ? parametersOf(list) : [];
  const returns = definition.childForFieldName("return_type")?.text ?? null;
  const startLine = outer.startPosition.row + 1;
  return {
    name: nameOf(definition),
    qualname,
    line: definition.startPosition.row + 1,
    startLine,
    endLine: startLine + lineBreaks(text, outer.startIndex, endIndex),
    startIndex: outer.startIndex,
    endIndex,
    async: definition.child(0)?.type === "async",
    docstring: body ? docstringOf(body) : null,
    returnsValue: body !== null && returnsValue(body),
    parameters,
    returns,
    params: parameters.length,
    annotatedParams: parameters.filter((parameter) => parameter.annotation !== null).length,
    returnAnnotated: returns !== null,
    complexity: complexityOf(definition),
    complexityRadon: complexityRadonOf(definition),
    freeNames: [...(scopes.functions.get(definition)?.globalReads() ?? [])].sort(),
    topLevel: outer.parent?.type === "module",
    parentKind,
    hasError: outer.hasError,
  };
}

function lineBreaks(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", start); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

const ENDS_IN_BLOCK = new Set([
  ...COMPOUND,
  "decorated_definition",
  "function_definition",
  "class_definition",
  "block",
]);

/** Offset behind the last token that is code: a block of the grammar also holds the comments that follow it. */
export function codeEnd(node: SyntaxNode): number {
  let end = node;
  while (ENDS_IN_BLOCK.has(end.type)) {
    const last = end.codeChildren.at(-1);
    if (!last) break;
    end = last;
  }
  return end.endIndex;
}

function returnsValue(node: SyntaxNode): boolean {
  return node.children.some((child) => {
    if (child.type === "return_statement") return child.codeChildren.length > 0;
    return (child.type === "block" || COMPOUND.has(child.type)) && returnsValue(child);
  });
}

/** Parameters as written, in order; the bare `*` and `/` are not parameters. */
export function parametersOf(list: SyntaxNode): Parameter[] {
  const parameters: Parameter[] = [];
  let kind: ParameterKind = "positional";
  for (const node of list.codeChildren) {
    if (node.type === "keyword_separator") kind = "keyword-only";
    else if (node.type === "positional_separator") {
      parameters.forEach((parameter, at) => (parameters[at] = { ...parameter, kind: "positional-only" }));
    } else if (node.type !== "ERROR") {
      const parameter = parameterOf(node, kind);
      parameters.push(parameter);
      if (parameter.kind === "var-positional") kind = "keyword-only";
    }
  }
  return parameters;
}

function parameterOf(node: SyntaxNode, kind: ParameterKind): Parameter {
  const target =
    node.childForFieldName("name") ??
    (node.type === "typed_parameter" ? (node.codeChildren[0] ?? node) : node);
  return {
    name: target.text.replace(/^\*+\s*/, ""),
    kind: splatKind(target) ?? kind,
    annotation: node.childForFieldName("type")?.text ?? null,
    default: node.childForFieldName("value")?.text ?? null,
  };
}

function splatKind(node: SyntaxNode): ParameterKind | null {
  if (node.type === "list_splat_pattern") return "var-positional";
  return node.type === "dictionary_splat_pattern" ? "var-keyword" : null;
}
