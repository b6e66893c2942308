// A tree as plain objects, in one pass.
import type { Language, Tree } from "web-tree-sitter";
import type { Cursor } from "./cursor.js";
import { CopiedNode, Source } from "./node.js";

/** Levels of a tree that are copied; deeper code (CPython refuses most of it too) counts as an error. */
export const MAX_DEPTH = 1_000;

/** Nodes copied between two looks at the clock. */
const COPY_STEP = 4_096;

/** The root of the copy, or null when time ran out. */
export type Copier = (tree: Tree, text: string, expired: () => boolean) => CopiedNode | null;

/** Copies trees of a language. Without recursion: hostile text nests as deep as it likes. */
export function copierOf(language: Language, cursor: Cursor): Copier {
  const named = Array.from({ length: language.nodeTypeCount }, (_, id) => language.nodeTypeIsNamed(id));

  return (tree, text, expired) => {
    const source = new Source(text);
    const { hasError: broken } = tree.rootNode;

    const copy = (parent: CopiedNode | null): CopiedNode => {
      const id = cursor.type();
      const type = language.types[id] ?? "ERROR";
      const field = language.fields[cursor.field()] ?? null;
      const [start, end] = [cursor.start(), cursor.end()];
      const node = new CopiedNode(source, type, named[id] ?? true, field, start, end, parent);
      if (broken && (!parent || type === "ERROR" || cursor.missing())) markError(node);
      return node;
    };
    cursor.open(tree);
    const root = copy(null);
    let node: CopiedNode | null = root;
    for (let depth = 0, copied = 1; node; copied++) {
      if (copied % COPY_STEP === 0 && expired()) break;
      if (depth < MAX_DEPTH && cursor.firstChild()) {
        node = copy(node);
        depth++;
        continue;
      }
      if (depth === MAX_DEPTH) markError(node);
      for (; node.parent && !cursor.nextSibling(); depth--) {
        cursor.parent();
        node = node.parent;
      }
      node = node.parent && copy(node.parent);
    }
    cursor.close();
    return node ? null : root;
  };
}

function markError(node: CopiedNode): void {
  for (let at: CopiedNode | null = node; at && !at.hasError; at = at.parent) at.hasError = true;
}
