// The tests that a model wrote beside its code: what is really theirs, and whether anything in them would run. Takes Python
// text that parses; runs nothing. Needs `loadGrammar` first.
import { STDLIB_MODULES } from "../python/modules.js";
import { scopesOf } from "../python/names.js";
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";
import { functionNames } from "./program.js";

/** Modules that are named for want of a real one; from others a star import may bring anything. */
const STAND_INS = new Set([
  "solution",
  "main",
  "__main__",
  "module",
  "my_module",
  "your_module",
  "your_module_name",
  "implementation",
  "answer",
  "code",
]);

/**
 * The tests without what only repeats the code, with which they will share a namespace: imports of its names from a module
 * that can't exist, and functions and classes copied from it unchanged. The guard `if __name__ == "__main__":` is opened,
 * since tests are run as no main program; one around a string of several lines stays, for taking off its indentation would
 * change the string.
 */
export function ownTests(tests: string, code: string): string {
  const root = treeOf(tests)?.root;
  const codeRoot = treeOf(code)?.root;
  if (!root || !codeRoot) return tests;
  const bound = scopesOf(codeRoot).module.bound;
  const copies = new Set(codeRoot.codeChildren.filter(isDefinition).map(({ text }) => text.trimEnd()));
  const lines = tests.split("\n");
  // From the end, so that rows before stay as they are.
  for (const statement of root.codeChildren.filter(standsAlone).reverse()) {
    const [from, to] = rowsOf(statement);
    const repeats = isDefinition(statement)
      ? copies.has(statement.text.trimEnd())
      : isImportOf(statement, bound);
    if (repeats) lines.splice(from, to - from + 1);
    else lines.splice(from, to - from + 1, ...(openedGuard(statement, lines) ?? lines.slice(from, to + 1)));
  }
  return `${lines.join("\n").trim()}\n`;
}

function isDefinition({ type }: SyntaxNode): boolean {
  return type === "function_definition" || type === "class_definition" || type === "decorated_definition";
}

/** First and last row of a statement. */
export function rowsOf(statement: SyntaxNode): readonly [number, number] {
  const { row, column } = statement.endPosition;
  return [statement.startPosition.row, column === 0 ? row - 1 : row];
}

/** True where no other statement shares the lines. */
function standsAlone(statement: SyntaxNode, at: number, all: readonly SyntaxNode[]): boolean {
  const [from, to] = rowsOf(statement);
  const [before, after] = [all[at - 1], all[at + 1]];
  return (!before || rowsOf(before)[1] < from) && (!after || rowsOf(after)[0] > to);
}

/** `from module import a, b` where the code binds all of the names, or takes them from a stand-in. */
function isImportOf(statement: SyntaxNode, bound: ReadonlySet<string>): boolean {
  if (statement.type !== "import_from_statement") return false;
  const module = statement.childForFieldName("module_name")?.text ?? "";
  if (STDLIB_MODULES.has(module.split(".")[0] ?? "") && !STAND_INS.has(module)) return false;
  if (statement.children.some(({ type }) => type === "wildcard_import"))
    return module.startsWith(".") || STAND_INS.has(module) || bound.has(module);
  return statement.childrenForFieldName("name").every(({ type, text }) => {
    return type === "dotted_name" && bound.has(text);
  });
}

const GUARD =
  /^\(?\s*(?:__name__\s*==\s*(?:"__main__"|'__main__')|(?:"__main__"|'__main__')\s*==\s*__name__)\s*\)?$/;

function isGuard(node: SyntaxNode): boolean {
  return node.type === "if_statement" && GUARD.test(node.childForFieldName("condition")?.text ?? "");
}

/** The lines inside a main guard, with their indentation taken off; null for anything else. */
function openedGuard(statement: SyntaxNode, lines: readonly string[]): string[] | null {
  const body = statement.childForFieldName("consequence");
  if (!body || !isGuard(statement) || statement.childForFieldName("alternative")) return null;
  const [from, to] = rowsOf(statement);
  const { row, column } = body.startPosition;
  if (row === from) return [body.text];
  if (spansLines(body)) return null;
  return lines.slice(from + 1, to + 1).map((line) => {
    const indent = line.length - line.trimStart().length;
    return line.slice(Math.min(indent, column));
  });
}

/** True where a string goes over several lines. */
function spansLines(node: SyntaxNode): boolean {
  if (node.type === "string") return node.startPosition.row !== node.endPosition.row;
  return node.children.some(spansLines);
}

export interface Liveness {
  /** Assert statements in the text, and those that running it may reach. */
  readonly asserts: number;
  readonly live: number;
  /** Names that code which may run mentions. */
  readonly names: ReadonlySet<string>;
}

/** Names by which everything in a module may be found without being named. */
const FINDERS = new Set(["globals", "locals", "vars", "dir", "eval", "exec"]);
/**
 * What of the tests runs when they are run as a module: statements at module level, and functions and methods of which some
 * running statement mentions the name (of a class, its own name). Errs on the side of running, but not for `unittest.main()`
 * and a main guard: tests are run as no main program, so there is nothing for them to find.
 */
export function livenessOf(tests: string): Liveness {
  const root = treeOf(tests)?.root;
  const names = new Set<string>();
  if (!root) return { asserts: 0, live: 0, names };
  const sleeping = new Map<string, SyntaxNode[]>();
  let live = 0;
  let everything = false;

  const visit = (node: SyntaxNode, owner: string | null): void => {
    if (node.type === "function_definition") {
      const name = owner ?? node.childForFieldName("name")?.text ?? "";
      const parameters = node.childForFieldName("parameters");
      if (parameters) visit(parameters, null);
      const body = node.childForFieldName("body");
      if (body) sleeping.set(name, [...(sleeping.get(name) ?? []), body]);
      return;
    }
    if (node.type === "class_definition") {
      const name = node.childForFieldName("name")?.text ?? "";
      for (const child of node.children) if (child.field !== "name") visit(child, name);
      return;
    }
    if (node.type === "assert_statement") live++;
    if (node.type === "identifier" && isRead(node)) {
      names.add(node.text);
      everything ||= FINDERS.has(node.text);
    }
    for (const child of node.children)
      if (!(child.field === "consequence" && isGuard(node))) visit(child, owner);
  };

  visit(root, null);
  for (;;) {
    const woken = [...sleeping.keys()].filter((name) => everything || names.has(name));
    if (woken.length === 0) break;
    for (const name of woken) {
      const bodies = sleeping.get(name) ?? [];
      sleeping.delete(name);
      for (const body of bodies) visit(body, null);
    }
  }
  return { asserts: countAsserts(root), live, names };
}

/** A name that is looked up: no attribute, no argument's keyword, no imported name. */
function isRead({ field, parent }: SyntaxNode): boolean {
  if (parent?.type === "attribute") return field !== "attribute";
  if (parent?.type === "keyword_argument") return field !== "name";
  return parent?.type !== "dotted_name" && parent?.type !== "aliased_import";
}

function countAsserts(node: SyntaxNode): number {
  const own = node.type === "assert_statement" ? 1 : 0;
  return node.children.reduce((sum, child) => sum + countAsserts(child), own);
}

/** Classes of unittest's tests. */
export function unittestsIn(tests: string): readonly string[] {
  return (treeOf(tests)?.root.codeChildren ?? [])
    .filter(({ type }) => type === "class_definition")
    .filter((node) => /\bTestCase\b/.test(node.childForFieldName("superclasses")?.text ?? ""))
    .map((node) => node.childForFieldName("name")?.text ?? "");
}

/** Functions of the code that the tests define or assign anew, so that they would test themselves. */
export function redefinedIn(tests: string, code: string): readonly string[] {
  const root = treeOf(tests)?.root;
  if (!root) return [];
  const { bound } = scopesOf(root).module;
  return functionNames(code).filter((name) => bound.has(name));
}
