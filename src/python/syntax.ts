// The syntax tree of a Python text. What goes out is our own plain tree, copied from WebAssembly in one pass, so that the
// rooms below walk ordinary objects. Named queries come from grammars/python.scm. Any text parses; what is wrong with it
// shows in `hasError`.
// Source of the grammar: tree-sitter-python, https://github.com/tree-sitter/tree-sitter-python
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Parser, Query, Tree } from "web-tree-sitter";
import { copierOf, MAX_DEPTH, type Copier } from "./copy.js";
import { cursorOf } from "./cursor.js";
import type { SyntaxNode } from "./node.js";

export { MAX_DEPTH } from "./copy.js";
export type { Position, SyntaxNode } from "./node.js";

/** A node found by a query, with the name the query gives it. */
export interface Capture {
  readonly name: string;
  readonly node: SyntaxNode;
}

export interface SyntaxTree {
  readonly root: SyntaxNode;
  readonly hasError: boolean;
  /** Captures of a query of grammars/python.scm, in source order, outer nodes first; those found in 1 s. Not after `delete`. */
  captures(query: string): readonly Capture[];
  /** Frees the WebAssembly side; nodes stay readable. */
  delete(): void;
}

export interface ParseOptions {
  /** Milliseconds before parsing is given up; default 5,000. */
  readonly timeoutMs?: number;
}

/** Milliseconds for one query: on wide trees of errors its time grows with the square of the text. */
const QUERY_MS = 1_000;

interface Grammar {
  readonly parser: Parser;
  readonly copy: Copier;
  readonly queries: ReadonlyMap<string, Query>;
}

let loading: Promise<void> | null = null;
let grammar: Grammar | null = null;

/** Pages of 64 KiB: what the parser is built to begin with, and 2 GiB. */
const INITIAL_PAGES = 512;
const MAXIMUM_PAGES = 32_768;
let memory: WasmMemory | null = null;

/** What is used of WebAssembly, which the types of Node 20 leave out. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => WasmMemory;
};

/** Bytes that the parser holds; they never become fewer. */
export function grammarBytes(): number {
  return memory?.buffer.byteLength ?? 0;
}

/** Loads the parser, the grammar and the queries; further calls wait for the first. */
export function loadGrammar(): Promise<void> {
  loading ??= load().then((loaded) => {
    grammar = loaded;
  });
  return loading;
}

async function load(): Promise<Grammar> {
  const { Language, Parser, Query } = await import("web-tree-sitter");
  memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES });
  const module = { wasmMemory: memory };
  await Parser.init(module);
  const wasm = createRequire(import.meta.url).resolve("tree-sitter-python/tree-sitter-python.wasm");
  const language = await Language.load(wasm);
  const source = await readFile(new URL("../../grammars/python.scm", import.meta.url), "utf8");
  const queries = new Map<string, Query>();
  for (const part of source.split(/^;; query: /m).slice(1)) {
    const end = part.indexOf("\n");
    queries.set(part.slice(0, end).trim(), new Query(language, part.slice(end)));
  }
  return { parser: new Parser().setLanguage(language), copy: copierOf(language, cursorOf(module)), queries };
}

function loaded(): Grammar {
  if (!grammar) throw new Error("internal: the Python grammar is not loaded; await loadGrammar() first");
  return grammar;
}

/** Why a text has no tree: parsing took too long, or the tree is larger than there is memory for. */
export type ParseFailure = "time-limit" | "too-many-nodes";

/** Nodes of the largest tree that is copied, at some 500 bytes each; only tables of data of a megabyte have more. */
export const MAX_NODES = 700_000;

/** The tree of a text, or null where there is none. Call `delete` on it when done. */
export function parsePython(text: string, options: ParseOptions = {}): SyntaxTree | null {
  const tree = parseFile(text, options);
  return typeof tree === "string" ? null : tree;
}

/** The tree of a text, or why there is none. Call `delete` on it when done. */
export function parseFile(text: string, options: ParseOptions = {}): SyntaxTree | ParseFailure {
  const { timeoutMs = 5_000 } = options;
  const { parser, copy } = loaded();
  const start = performance.now();
  const expired = (): boolean => performance.now() - start > timeoutMs;
  const tree = parser.parse(text, null, { progressCallback: expired });
  if (!tree) {
    parser.reset();
    return "time-limit";
  }
  if (tree.rootNode.descendantCount > MAX_NODES) {
    tree.delete();
    return "too-many-nodes";
  }
  const root = copy(tree, text, expired);
  if (!root) {
    tree.delete();
    return "time-limit";
  }
  return {
    root,
    hasError: root.hasError,
    captures: (query) => capturesOf(tree, root, query),
    delete: () => {
      tree.delete();
    },
  };
}

function capturesOf(tree: Tree, root: SyntaxNode, name: string): readonly Capture[] {
  const query = loaded().queries.get(name);
  if (!query) throw new Error(`internal: grammars/python.scm has no query "${name}"`);
  const found: Capture[] = [];
  const start = performance.now();
  const progressCallback = (): boolean => performance.now() - start > QUERY_MS;
  for (const capture of query.captures(tree.rootNode, { maxStartDepth: MAX_DEPTH, progressCallback })) {
    const { startIndex, endIndex, type } = capture.node;
    const node = nodeAt(root, startIndex, endIndex, type);
    if (node) found.push({ name: capture.name, node });
  }
  return found;
}

/** The node with just these bounds and this type; null for one that was not copied. */
function nodeAt(root: SyntaxNode, start: number, end: number, type: string): SyntaxNode | null {
  let node: SyntaxNode | undefined = root;
  while (node) {
    if (node.startIndex === start && node.endIndex === end && node.type === type) return node;
    node = childAround(node.children, start, end);
  }
  return null;
}

function childAround(children: readonly SyntaxNode[], start: number, end: number): SyntaxNode | undefined {
  let low = 0;
  let high = children.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((children[middle]?.startIndex ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  const child = children[low];
  return child && child.startIndex <= start && child.endIndex >= end ? child : undefined;
}
