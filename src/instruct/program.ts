// What can be said of a Python program that a model wrote without running it: whether it parses, what it defines, and
// whether its author left gaps to fill in. Takes text; needs `loadGrammar` first.
import { docstringNode } from "../python/literals.js";
import { python2Construct } from "../python/python2.js";
import { parsePython, type SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";

/** Milliseconds for one parse: honest code of this size takes a few, and there is text on which the parser takes minutes. */
const PARSE_MS = 1_000;

export interface Flaw {
  readonly reason: "placeholder" | "syntax-error";
  readonly detail: string;
}

/**
 * What forbids to take a text for a finished program, or null: a gap left to be filled in, or what Python would refuse, with
 * the line from 1. A gap comes first, because a function with nothing but a note in it does not parse either.
 */
export function flawOf(text: string): Flaw | null {
  const tree = parsePython(text, { timeoutMs: PARSE_MS });
  if (!tree) return { reason: "syntax-error", detail: "takes too long to parse" };
  const older = tree.hasError ? null : python2Construct(tree);
  tree.delete();
  const gap = gapIn(tree.root);
  if (gap !== null) return { reason: "placeholder", detail: gap };
  const at = tree.hasError ? firstError(tree.root) : looseEnd(tree.root);
  if (at) return { reason: "syntax-error", detail: `line ${at.startPosition.row + 1}` };
  return older && { reason: "syntax-error", detail: `line ${older.line}: ${older.what} of Python 2` };
}

/** The innermost node that is wrong, the first of several. */
function firstError(root: SyntaxNode): SyntaxNode {
  let node = root;
  for (;;) {
    const inner: SyntaxNode | undefined = node.children.find((child) => child.hasError);
    if (!inner) return node;
    node = inner;
  }
}

/**
 * What the grammar takes and Python does not: a block without a statement, statements of one block that are indented
 * differently, a string that goes on behind its line.
 */
function looseEnd(node: SyntaxNode): SyntaxNode | null {
  if (node.type === "block" && node.codeChildren.length === 0) return node;
  if (node.type === "string" && isTorn(node)) return node;
  const crooked = node.type === "block" || node.type === "module" ? crookedIn(node) : undefined;
  if (crooked) return crooked;
  for (const child of node.children) {
    const loose = looseEnd(child);
    if (loose) return loose;
  }
  return null;
}

/** The first statement that begins its line at another column than the block does. */
function crookedIn(block: SyntaxNode): SyntaxNode | undefined {
  const statements = block.codeChildren;
  const column = block.type === "module" ? 0 : statements[0]?.startPosition.column;
  return statements.find((statement, at) => {
    const before = statements[at - 1];
    const opensLine = !before || before.endPosition.row < statement.startPosition.row;
    return opensLine && statement.startPosition.column !== column;
  });
}

function isTorn(string: SyntaxNode): boolean {
  if (/^[a-zA-Z]{0,2}(?:"""|''')/.test(string.text)) return false;
  return string.children.some(
    ({ type, text }) => type === "string_content" && text.replace(/\\[\s\S]/g, "").includes("\n"),
  );
}

/** Functions at module level, decorated or not, in source order. */
export function functionsIn(text: string): readonly SyntaxNode[] {
  const tree = treeOf(text);
  return tree ? functionsOf(tree.root) : [];
}

function functionsOf(root: SyntaxNode): readonly SyntaxNode[] {
  return root.codeChildren
    .map((node) => node.childForFieldName("definition") ?? node)
    .filter(({ type }) => type === "function_definition");
}

/** Their names, each once. */
export function functionNames(text: string): readonly string[] {
  return [...new Set(functionsIn(text).map((node) => node.childForFieldName("name")?.text ?? ""))];
}

/** Comments that stand where code should: a note to whoever finishes it, or dots for what was left out. */
const GAP =
  /^#+\s*(?:(?:todo|fixme)\b|(?:\.\.\.|…))|\byour (?:code|implementation|solution)(?: goes)? here\b|\b(?:write|add|insert|put) your (?:own )?(?:code|implementation|solution)\b/i;

/**
 * Where a program is left to be finished, or null. Decided by the tree: a comment that says so (the words in a string are
 * data), or a function at module level with no body but `pass`, `...` or `raise NotImplementedError`. Methods and decorated
 * functions may look like that (abstract methods, overloads, base cases of single dispatch), so those are left to the tests.
 */
function gapIn(root: SyntaxNode): string | null {
  const comment = gapComment(root);
  if (comment) return `line ${comment.startPosition.row + 1}: ${comment.text.slice(0, 80)}`;
  const stub = functionsOf(root).find((node) => node.parent?.type === "module" && isStub(node));
  return stub
    ? `${stub.childForFieldName("name")?.text ?? ""}, line ${stub.startPosition.row + 1}, has no body`
    : null;
}

function gapComment(node: SyntaxNode): SyntaxNode | null {
  if (node.type === "comment") return GAP.test(node.text) ? node : null;
  for (const child of node.children) {
    const found = gapComment(child);
    if (found) return found;
  }
  return null;
}

/** True for a function that does nothing but say that it is not written yet. */
export function isStub(definition: SyntaxNode): boolean {
  const body = definition.childForFieldName("body");
  if (!body) return false;
  const docstring = docstringNode(body);
  return body.codeChildren.every((statement) => statement === docstring || doesNothing(statement));
}

function doesNothing(statement: SyntaxNode): boolean {
  if (statement.type === "pass_statement") return true;
  const [value, ...more] = statement.codeChildren;
  if (!value || more.length > 0) return false;
  if (statement.type === "expression_statement") return value.type === "ellipsis";
  const raised = value.type === "call" ? value.childForFieldName("function") : value;
  return statement.type === "raise_statement" && raised?.text === "NotImplementedError";
}
