// A cursor over the parser's own tree. Most of what a file costs beyond its parse is spent asking for the next node, so the
// parser's functions are called without web-tree-sitter's TreeCursor around them, which writes and reads the cursor's state
// for each call and takes three times as long (2.8 M nodes: 1.5 s against 0.5 s). Between two calls the state stays where
// the parser keeps it; hence a cursor is used up before anything else is asked of the parser.
import type { Tree, TreeCursor } from "web-tree-sitter";

/** Stands on one node of one tree, the root to begin with. Moves say whether there was such a node. */
export interface Cursor {
  open(tree: Tree): void;
  close(): void;
  firstChild(): boolean;
  nextSibling(): boolean;
  parent(): boolean;
  /** Numbers of the node's type and of its field (0: none) in the language. */
  type(): number;
  field(): number;
  /** UTF-16 offsets. */
  start(): number;
  end(): number;
  missing(): boolean;
}

/** Names on the object that `Parser.init` was given; each takes the address of a tree, and a move or question gives a number. */
const NAMES = {
  root: "_ts_tree_root_node_wasm",
  open: "_ts_tree_cursor_new_wasm",
  close: "_ts_tree_cursor_delete_wasm",
  firstChild: "_ts_tree_cursor_goto_first_child_wasm",
  nextSibling: "_ts_tree_cursor_goto_next_sibling_wasm",
  parent: "_ts_tree_cursor_goto_parent_wasm",
  type: "_ts_tree_cursor_current_node_type_id_wasm",
  field: "_ts_tree_cursor_current_field_id_wasm",
  start: "_ts_tree_cursor_start_index_wasm",
  end: "_ts_tree_cursor_end_index_wasm",
  missing: "_ts_tree_cursor_current_node_is_missing_wasm",
} as const;

type Functions = Readonly<Record<keyof typeof NAMES, (tree: number) => number>>;

/**
 * The cursor of a parser that was initialised with `module`. Where that object lacks the functions, because other code of
 * this process had initialised web-tree-sitter before or because it is another version, it is the library's own.
 */
export function cursorOf(module: object): Cursor {
  const known = module as Readonly<Record<string, unknown>>;
  const entries = Object.entries(NAMES).map(([ours, theirs]) => [ours, known[theirs]] as const);
  if (entries.some(([, found]) => typeof found !== "function")) return libraryCursor();
  return directCursor(Object.fromEntries(entries) as Functions);
}

function directCursor(call: Functions): Cursor {
  let tree = 0;
  return {
    open(opened) {
      // A cast because web-tree-sitter keeps the address under "0", which its types leave out.
      tree = (opened as unknown as { readonly 0: number })[0];
      call.root(tree);
      call.open(tree);
    },
    close: () => void call.close(tree),
    firstChild: () => call.firstChild(tree) === 1,
    nextSibling: () => call.nextSibling(tree) === 1,
    parent: () => call.parent(tree) === 1,
    type: () => call.type(tree),
    field: () => call.field(tree),
    start: () => call.start(tree),
    end: () => call.end(tree),
    missing: () => call.missing(tree) === 1,
  };
}

function libraryCursor(): Cursor {
  let cursor: TreeCursor;
  return {
    open: (tree) => void (cursor = tree.walk()),
    close: () => {
      cursor.delete();
    },
    firstChild: () => cursor.gotoFirstChild(),
    nextSibling: () => cursor.gotoNextSibling(),
    parent: () => cursor.gotoParent(),
    type: () => cursor.nodeTypeId,
    field: () => cursor.currentFieldId,
    start: () => cursor.startIndex,
    end: () => cursor.endIndex,
    missing: () => cursor.nodeIsMissing,
  };
}
