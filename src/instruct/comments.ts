// Python without its comments. Takes code that parses; what goes out has the same syntax tree. Strings are left alone,
// f-strings with all inside them too. Needs `loadGrammar` first.
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";

/** Type comments say what annotations would; `# type: ignore` and its like (noqa, pragma) speak to tools and go. */
const KEPT = /^#\s*type:(?!\s*ignore\b)/;

/**
 * The code less its comments. A line that held nothing else goes with them, and so does a blank line behind it where
 * there would be two in a row or one at the top of a block.
 */
export function withoutComments(code: string): string {
  const root = treeOf(code)?.root;
  if (!root) return code;
  const starts = new Map<number, number>();
  for (const { startPosition } of commentsIn(root)) starts.set(startPosition.row, startPosition.column);
  const kept: string[] = [];
  let removed = false;
  code.split("\n").forEach((line, row) => {
    const start = starts.get(row);
    const text = start === undefined ? line : line.slice(0, start).trimEnd();
    // Behind a backslash the line is a part of the one before, and has to stay one.
    if (start !== undefined && text === "" && kept.at(-1)?.endsWith("\\") !== true) {
      removed = true;
      return;
    }
    // Only a blank line next to a removed one is looked at, so none inside a string.
    if (removed && text.trim() === "" && !needsGap(kept.at(-1))) return;
    removed = false;
    kept.push(text);
  });
  return `${kept.join("\n").trimEnd()}\n`;
}

/** True for a line that a blank one may follow: not itself blank, and no opening of a block. */
function needsGap(line: string | undefined): boolean {
  return line !== undefined && line.trim() !== "" && !line.endsWith(":");
}

function commentsIn(node: SyntaxNode): SyntaxNode[] {
  if (node.type === "string") return [];
  if (node.type === "comment") return KEPT.test(node.text) ? [] : [node];
  return node.children.flatMap(commentsIn);
}
