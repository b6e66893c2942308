// Which function a row is about, where nobody says so: the one that its tests call. Takes two Python texts, gives a name.
// Needs `loadGrammar` first.
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";

/** The function at module level of `code` that `tests` call most often, the last defined of several; null where they call none. */
export function entryPointOf(code: string, tests: string): string | null {
  const calls = new Map<string, number>();
  for (const name of within(tests, calledIn)) calls.set(name, (calls.get(name) ?? 0) + 1);
  return within(code, definedIn).reduce<string | null>((best, name) => {
    const [ours, theirs] = [calls.get(name) ?? 0, best === null ? 1 : (calls.get(best) ?? 0)];
    return ours >= theirs ? name : best;
  }, null);
}

function within(code: string, find: (root: SyntaxNode) => readonly string[]): readonly string[] {
  const tree = treeOf(code);
  return tree ? find(tree.root) : [];
}

/** Names of the functions at module level, in the order of their last definitions. */
function definedIn(root: SyntaxNode): readonly string[] {
  const names = root.codeChildren
    .map((node) => node.childForFieldName("definition") ?? node)
    .filter(({ type }) => type === "function_definition")
    .flatMap((node) => node.childForFieldName("name")?.text ?? []);
  return names.filter((name, at) => names.lastIndexOf(name) === at);
}

/** Names that are called, once for each call. */
function calledIn(node: SyntaxNode): readonly string[] {
  const called = node.type === "call" ? node.childForFieldName("function") : null;
  const below = node.children.flatMap(calledIn);
  return called?.type === "identifier" ? [called.text, ...below] : below;
}
