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
