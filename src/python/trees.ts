// Trees of texts that were parsed a moment ago. Several questions are asked of one program in turn (what it imports, what is
// suspicious, which function it is about), and parsing costs more than all the answers; so the last few trees are kept.
// Only plain nodes are handed out, with nothing to free. Needs `loadGrammar` first.
import { parsePython, type SyntaxTree } from "./syntax.js";

/** A tree without queries. */
export type PlainTree = Pick<SyntaxTree, "root" | "hasError">;

/** Enough for the programs and tests that are in work at the same time. */
const KEPT = 16;
/** Characters of the longest text whose tree is kept, so that all of them together stay small. */
const LONGEST = 20_000;

const kept = new Map<string, PlainTree>();

/** The tree of a text, or null when the time limit was hit. */
export function treeOf(text: string): PlainTree | null {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const tree = parsePython(text);
  if (!tree) return null;
  tree.delete();
  const { root, hasError } = tree;
  if (text.length > LONGEST) return { root, hasError };
  const [oldest] = kept.keys();
  if (kept.size === KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(text, { root, hasError });
  return { root, hasError };
}
