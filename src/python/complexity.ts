// Cyclomatic complexity of one function, by the rules of two well-known tools, from the tree alone.
// `mccabe` builds a graph and takes edges - nodes + 2; here each construct adds what it adds to that figure.
// Sources: https://github.com/PyCQA/mccabe (0.7), https://github.com/rubik/radon (6.0)
import type { SyntaxNode } from "./syntax.js";

/**
 * Complexity as the package `mccabe` 0.7 counts it: if, elif, for, while 1 each; try 1 and each handler 1; a nested
 * function 1 and what is in it. It does not look into `finally`, `match`, `except*`, nor into any expression.
 */
export function complexityOf(definition: SyntaxNode): number {
  return 1 + mccabeBlock(definition.childForFieldName("body"));
}

function mccabeBlock(block: SyntaxNode | null | undefined): number {
  return (block?.codeChildren ?? []).reduce((sum, statement) => sum + mccabeStatement(statement), 0);
}

function mccabeStatement(node: SyntaxNode): number {
  switch (node.type) {
    case "if_statement":
    case "elif_clause":
    case "for_statement":
    case "while_statement":
      return 1 + mccabeParts(node);
    case "function_definition":
      return 1 + mccabeBlock(node.childForFieldName("body"));
    case "try_statement":
      return isExceptStar(node) ? 0 : 1 + mccabeParts(node);
    case "except_clause":
      return 1 + mccabeBlock(node.codeChildren.find((child) => child.type === "block"));
    case "with_statement":
    case "class_definition":
    case "else_clause":
      return mccabeBlock(node.childForFieldName("body"));
    case "decorated_definition": {
      const definition = node.childForFieldName("definition");
      return definition ? mccabeStatement(definition) : 0;
    }
    default:
      return 0;
  }
}

const PARTS = new Set(["elif_clause", "else_clause", "except_clause"]);

/** The blocks of a compound statement; its `elif`s, handlers and `else`, but not its `finally`. */
function mccabeParts(node: SyntaxNode): number {
  return node.codeChildren.reduce((sum, child) => {
    if (child.type === "block") return sum + mccabeBlock(child);
    return PARTS.has(child.type) ? sum + mccabeStatement(child) : sum;
  }, 0);
}

function isExceptStar(node: SyntaxNode): boolean {
  return node.children.some(
    (child) =>
      child.type === "except_clause" && child.children.some((part) => part.text === "*" && !part.isNamed),
  );
}

/**
 * Complexity as `radon` 6.0 counts it: also `else` of loops and of try, boolean operators, conditional expressions,
 * comprehensions and their conditions, asserts and match cases; functions and classes inside count for themselves.
 */
export function complexityRadonOf(definition: SyntaxNode): number {
  const body = definition.childForFieldName("body");
  return body ? 1 + radonChildren(body) : 1;
}

function radonChildren(node: SyntaxNode): number {
  return node.children.reduce((sum, child) => sum + (child.childCount > 0 ? radon(child) : 0), 0);
}

function radon(node: SyntaxNode): number {
  switch (node.type) {
    case "function_definition":
    case "class_definition":
    case "decorated_definition":
      return 0;
    case "assert_statement":
      return 1;
    case "match_statement":
      return radonMatch(node) + radonChildren(node);
    default:
      return radonOwn(node) + radonChildren(node);
  }
}

/** What a node adds by itself. */
function radonOwn(node: SyntaxNode): number {
  switch (node.type) {
    case "if_statement":
    case "elif_clause":
    case "for_statement":
    case "while_statement":
    case "conditional_expression":
    case "boolean_operator":
    case "for_in_clause":
      return 1;
    case "if_clause":
      return node.parent?.type === "case_clause" ? 0 : 1;
    case "except_clause":
      return node.parent && isExceptStar(node.parent) ? 0 : 1;
    case "else_clause":
      return node.parent?.type === "if_statement" || (node.parent && isExceptStar(node.parent)) ? 0 : 1;
    default:
      return 0;
  }
}

/** Cases, less one when any case takes everything: `_` or a bare name. */
function radonMatch(node: SyntaxNode): number {
  const cases =
    node.childForFieldName("body")?.codeChildren.filter((child) => child.type === "case_clause") ?? [];
  return Math.max(0, cases.length - (cases.some(takesEverything) ? 1 : 0));
}

function takesEverything(clause: SyntaxNode): boolean {
  const patterns = clause.codeChildren.filter((child) => child.type === "case_pattern");
  return (
    patterns.length === 1 &&
    !clause.children.some((child) => child.type === ",") &&
    /^[\p{L}_][\p{L}\p{N}_]*$/u.test(patterns[0]?.text ?? "") &&
    !/^(?:True|False|None)$/.test(patterns[0]?.text ?? "")
  );
}
