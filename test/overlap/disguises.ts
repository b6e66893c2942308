// Ways in which a copy of Python code is made to look like something else, without a change of what it does.
import { scopesOf } from "../../src/python/names.js";
import type { Scope } from "../../src/python/scope.js";
import { parsePython, type SyntaxNode } from "../../src/python/syntax.js";

/** Without docstrings. */
function bare(code: string): string {
  return code.replace(/^[ \t]+[rR]?("""|''')[\s\S]*?\1[ \t]*\n/gm, "");
}

/** Every name that the code itself binds, functions and parameters included, under another name; no docstring. */
export function renamed(original: string): string {
  const code = bare(original);
  const tree = parsePython(code);
  if (!tree) throw new Error("no tree");
  const imported = new Set<string>();
  const bound = new Set<string>();
  const collect = (scope: Scope): void => {
    for (const name of scope.bound) bound.add(name);
    scope.children.forEach(collect);
  };
  collect(scopesOf(tree.root).module);
  const identifiers: SyntaxNode[] = [];
  const walk = (node: SyntaxNode): void => {
    const imports = /^(?:future_)?import(?:_from)?_statement$/.test(node.type);
    if (node.type === "identifier") identifiers.push(node);
    node.children.forEach(walk);
    if (imports) for (const [name] of node.text.matchAll(/\w+/g)) imported.add(name);
  };
  walk(tree.root);
  const names = new Map<string, string>();
  let [out, at] = ["", 0];
  for (const node of identifiers) {
    const attribute = node.field === "attribute";
    const keyword = node.parent?.type === "keyword_argument" && node.field === "name";
    if (attribute || keyword || !bound.has(node.text) || imported.has(node.text)) continue;
    if (!names.has(node.text)) names.set(node.text, `renamed_${names.size}`);
    out += code.slice(at, node.startIndex) + (names.get(node.text) ?? "");
    at = node.endIndex;
  }
  return out + code.slice(at);
}

/** Twice the indentation, blank lines, comments, spaces around commas; no docstring. */
export function respaced(code: string): string {
  return bare(code)
    .split("\n")
    .map((line) => {
      const body = line.trimStart();
      const indent = line.slice(0, line.length - body.length).replaceAll("\t", "    ");
      const wide = /["'#\\]/.test(body) ? body : `${body.replace(/\s*,\s*/g, " ,  ").trimEnd()}  # so`;
      return `${indent}${indent}${wide}\n`;
    })
    .join("\n");
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Functions in the opposite order, neighbouring assignments that don't depend on one another swapped, branches turned round. */
export function reordered(code: string): string {
  const tree = parsePython(code);
  if (!tree) throw new Error("no tree");
  const functions = tree.root.codeChildren.filter(({ type }) => type === "function_definition");
  const inside = functions.map((node) => edited(node, editsIn(node)));
  const moved = functions.map(({ startIndex, endIndex }, at) => ({
    start: startIndex,
    end: endIndex,
    text: inside.at(-1 - at) ?? "",
  }));
  return edited(tree.root, moved);
}

/** The text of a node after edits that don't overlap, in order. */
function edited(node: SyntaxNode, edits: readonly Edit[]): string {
  let [out, at] = ["", 0];
  for (const { start, end, text } of edits) {
    out += node.text.slice(at, start - node.startIndex) + text;
    at = end - node.startIndex;
  }
  return out + node.text.slice(at);
}

function editsIn(node: SyntaxNode): readonly Edit[] {
  const turned = node.type === "if_statement" ? turnedRound(node) : [];
  if (turned.length > 0) return turned;
  const edits: Edit[] = [];
  for (let at = 0; at < node.codeChildren.length; at++) {
    const [first, second] = [node.codeChildren[at], node.codeChildren[at + 1]];
    if (!first) continue;
    if (node.type !== "block" || !second || !independent(first, second)) {
      edits.push(...editsIn(first));
      continue;
    }
    edits.push(replaced(first, second.text), replaced(second, first.text));
    at++;
  }
  return edits;
}

function replaced({ startIndex, endIndex }: SyntaxNode, text: string): Edit {
  return { start: startIndex, end: endIndex, text };
}

/** `if a: b else: c` as `if not (a): c else: b`. */
function turnedRound(node: SyntaxNode): readonly Edit[] {
  const [condition, then] = [node.childForFieldName("condition"), node.childForFieldName("consequence")];
  const [last, ...more] = node.childrenForFieldName("alternative");
  const otherwise = last?.type === "else_clause" && more.length === 0 ? last.childForFieldName("body") : null;
  if (!condition || !then || !otherwise) return [];
  if (then.startPosition.column !== otherwise.startPosition.column) return [];
  return [
    replaced(condition, `not (${condition.text})`),
    replaced(then, otherwise.text),
    replaced(otherwise, then.text),
  ];
}

/** Assignments without a call, neither of which uses what the other binds. */
function independent(first: SyntaxNode, second: SyntaxNode): boolean {
  const [one, other] = [first, second].map((node) => {
    const { bound, reads } = scopesOf(node).module;
    const plain = node.type === "expression_statement" && node.codeChildren[0]?.type === "assignment";
    return { bound, reads, pure: plain && bound.size > 0 && !/[([]/.test(node.text) };
  });
  if (!one?.pure || !other?.pure) return false;
  const uses = ({ bound, reads }: typeof one, { bound: names }: typeof one): boolean =>
    [...names].some((name) => bound.has(name) || reads.has(name));
  return !uses(one, other) && !uses(other, one);
}
