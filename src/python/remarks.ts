// Python without what speaks to people alone: comments, docstrings. Found in the syntax tree, so that a "#" in a string stays.
// What goes out has the same statements, with `pass` where a docstring was the whole body. Lines that held nothing else go
// with them; blank lines stay as they were. Needs `loadGrammar` first.
import { docstringNode } from "./literals.js";
import { parsePython, type SyntaxNode } from "./syntax.js";

export const REMARKS = ["comments", "docstrings"] as const;

export type Remark = (typeof REMARKS)[number];

/** The text without these remarks; null where it does not parse, before or after. Comments inside f-strings stay. */
export function withoutRemarks(text: string, remarks: readonly Remark[]): string | null {
  let left: string | null = text;
  // One after the other: a docstring may have a comment behind it on its line.
  if (remarks.includes("docstrings")) left = edited(left, docstringEdits);
  if (remarks.includes("comments") && left !== null) left = edited(left, commentEdits);
  return left !== null && rootOf(left) !== null ? left : null;
}

/** Puts `by` in the place of the characters from `start` to `end`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

function rootOf(text: string): SyntaxNode | null {
  const tree = parsePython(text);
  if (tree === null) return null;
  tree.delete();
  return tree.hasError ? null : tree.root;
}

function edited(text: string, editsOf: (root: SyntaxNode, text: string) => Iterable<Edit>): string | null {
  const root = rootOf(text);
  if (root === null) return null;
  const parts: string[] = [];
  let done = 0;
  for (const { start, end, by } of editsOf(root, text)) {
    parts.push(text.slice(done, start), by);
    done = end;
  }
  return parts.join("") + text.slice(done);
}

/** In the order of the text. */
function* commentEdits(root: SyntaxNode, text: string): Generator<Edit> {
  for (const { startIndex, endIndex } of nodesOf(root, "comment", ["string"])) {
    const line = lineStart(text, startIndex);
    if (text.slice(line, startIndex).trim() !== "") {
      yield { start: line + text.slice(line, startIndex).trimEnd().length, end: endIndex, by: "" };
      continue;
    }
    // Behind a backslash the line is a part of the one before, and has to stay one.
    const continued = text
      .slice(lineStart(text, line - 1), line)
      .trimEnd()
      .endsWith("\\");
    yield { start: line, end: continued ? endIndex : nextLine(text, endIndex), by: "" };
  }
}

/** In the order of the text. */
function* docstringEdits(root: SyntaxNode, text: string): Generator<Edit> {
  const own = docstringNode(root);
  if (own) yield withoutStatement(own, text, false);
  for (const node of nodesOf(root, "block", [])) {
    const definition = node.parent?.type ?? "";
    const docstring = /^(?:function|class)_definition$/.test(definition) ? docstringNode(node) : null;
    if (docstring) yield withoutStatement(docstring, text, node.codeChildren.length === 1);
  }
}

/** Takes a statement away, with its semicolon, or with its lines where nothing else is on them. */
function withoutStatement({ startIndex, endIndex }: SyntaxNode, text: string, isAll: boolean): Edit {
  if (isAll) return { start: startIndex, end: endIndex, by: "pass" };
  const semicolon = /^[^\S\n]*;[^\S\n]*/.exec(text.slice(endIndex));
  const end = endIndex + (semicolon?.[0].length ?? 0);
  const line = lineStart(text, startIndex);
  const alone =
    text.slice(line, startIndex).trim() === "" && text.slice(end, nextLine(text, end)).trim() === "";
  return alone ? { start: line, end: nextLine(text, end), by: "" } : { start: startIndex, end, by: "" };
}

/** Nodes of a type below a node, in the order of the text, without those inside nodes of the types in `not`. */
function* nodesOf(root: SyntaxNode, type: string, not: readonly string[]): Generator<SyntaxNode> {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.type === type) yield node;
    if (!not.includes(node.type)) for (const child of [...node.children].reverse()) waiting.push(child);
  }
}

function lineStart(text: string, index: number): number {
  return index <= 0 ? 0 : text.lastIndexOf("\n", index - 1) + 1;
}

/** Where the line behind this one begins, or the text ends. */
function nextLine(text: string, index: number): number {
  const end = text.indexOf("\n", index);
  return end < 0 ? text.length : end + 1;
}
