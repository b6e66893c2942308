// Signs, in the text of a program, that it may set out to deceive what judges it: it walks frames, patches builtins, ends
// the process early, or answers every comparison alike. Judged in one world, such code could forge a pass; so these flags
// forbid that mode. A flag is no proof of malice, and no flag is no proof of innocence. Needs `loadGrammar` first.
import { stringOf } from "../python/literals.js";
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";
import { answersBlindly, COMPARISONS } from "./comparisons.js";
import { STANDARD_LIBRARY } from "./modules.js";
import { nameOf, pathsOf, type PathOf } from "./paths.js";

/** What a program may be suspected of. */
export type Suspicion =
  /** Reads the frames of its callers. */
  | "frame-access"
  /** Searches the interpreter's memory for objects. */
  | "object-search"
  /** Goes from `object` down to every class there is. */
  | "subclass-walk"
  /** Reaches raw memory. */
  | "ctypes"
  /** Ends the process without cleaning up. */
  | "hard-exit"
  /** Leaves while it is being imported. */
  | "exit-on-import"
  /** Leaves when an object is thrown away. */
  | "exit-in-finaliser"
  /** Runs something when the interpreter ends. */
  | "atexit"
  /** Has a comparison that does not look at what it compares with. */
  | "blind-comparison"
  /** Changes the built-in names. */
  | "builtins-write"
  /** Changes which modules are loaded. */
  | "modules-write"
  /** Exchanges a part of a module of the standard library. */
  | "library-write"
  /** Runs text, in which anything may hide. */
  | "text-execution"
  /** Watches every step of the program. */
  | "tracing";

export interface Suspected {
  readonly flag: Suspicion;
  /** From 1. */
  readonly line: number;
}

/** What is suspicious in a Python text, by line; of text that does not parse, what can be seen in it. */
export function suspicionsOf(code: string): readonly Suspected[] {
  if (!TRIGGERS.test(code.normalize("NFKC"))) return [];
  const tree = treeOf(code);
  if (!tree) return [];
  const found = new Map<string, Suspected>();
  visit(tree.root, pathsOf(tree.root), (flag, node) => {
    const line = node.startPosition.row + 1;
    found.set(`${flag} ${line}`, { flag, line });
  });
  return [...found.values()].sort((a, b) => a.line - b.line || (a.flag < b.flag ? -1 : 1));
}

type Raise = (flag: Suspicion, node: SyntaxNode) => void;

function visit(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  for (const look of LOOKS) look(node, pathOf, raise);
  for (const child of node.children) visit(child, pathOf, raise);
}

/** Using one of these at all, by their full names. */
const NAMES: Readonly<Record<string, Suspicion>> = {
  "inspect.currentframe": "frame-access",
  "inspect.stack": "frame-access",
  "inspect.trace": "frame-access",
  "inspect.getouterframes": "frame-access",
  "inspect.getinnerframes": "frame-access",
  "traceback.walk_stack": "frame-access",
  "gc.get_objects": "object-search",
  "gc.get_referrers": "object-search",
  "gc.get_referents": "object-search",
  "os._exit": "hard-exit",
  "os.abort": "hard-exit",
  "os.kill": "hard-exit",
  "os.killpg": "hard-exit",
  "signal.raise_signal": "hard-exit",
  "atexit.register": "atexit",
  "threading.settrace": "tracing",
  "threading.setprofile": "tracing",
  "sys.settrace": "tracing",
  "sys.setprofile": "tracing",
  "sys.monitoring": "tracing",
  "sys.addaudithook": "tracing",
  __builtins__: "builtins-write",
  "unittest.mock.ANY": "blind-comparison",
};

/** Attributes that nothing but a frame, or the way to one, has: whatever they are read from. */
const FRAME_ATTRIBUTES = new Set([
  "_getframe",
  "_current_frames",
  "f_back",
  "f_locals",
  "f_globals",
  "f_builtins",
  "tb_frame",
  "gi_frame",
  "cr_frame",
  "ag_frame",
]);

type Look = (node: SyntaxNode, pathOf: PathOf, raise: Raise) => void;

const LOOKS: readonly Look[] = [
  lookAtName,
  lookAtText,
  lookAtImport,
  lookAtExit,
  lookAtWrite,
  lookAtComparison,
];

/** An expression that is one of the names above, or an attribute of a frame. */
function lookAtName(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  const imported = node.parent?.type === "dotted_name" || node.parent?.type === "aliased_import";
  const path = READS.has(node.type) && !imported ? pathOf(node) : null;
  if (path === null) return;
  const flag = Object.hasOwn(NAMES, path) ? NAMES[path] : undefined;
  if (flag !== undefined) raise(flag, node);
  const last = path.slice(path.lastIndexOf(".") + 1);
  if (FRAME_ATTRIBUTES.has(last) && node.type !== "identifier") raise("frame-access", node);
  if (path.startsWith("sys._") && FRAME_ATTRIBUTES.has(last)) raise("frame-access", node);
  if (last === "__subclasses__" && /^(?:object|type)\.|__(?:bases?|mro)__|\bmro\b/.test(node.text))
    raise("subclass-walk", node);
}

/** The name of a frame's attribute as a text, for `attrgetter` and its like; and text that is run. */
function lookAtText(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  if (node.type === "string" && FRAME_ATTRIBUTES.has(stringOf(node) ?? "")) raise("frame-access", node);
  const called = node.type === "call" ? node.childForFieldName("function") : null;
  if (called && /^(?:builtins\.)?exec$/.test(pathOf(called) ?? "")) raise("text-execution", node);
}

const READS = new Set(["identifier", "attribute", "subscript", "call"]);

function lookAtImport(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  const imports =
    node.type === "import_statement" ||
    node.type === "import_from_statement" ||
    (node.type === "call" && pathOf(node) !== null);
  if (imports && /\b_?ctypes\b/.test(node.text)) raise("ctypes", node);
}

const EXITS = new Set(["sys.exit", "exit", "quit"]);

/** Text without any of these has nothing to be found and need not be parsed: most has none. */
const TRIGGERS = new RegExp(
  [
    ...[...Object.keys(NAMES), ...EXITS].map((path) => path.slice(path.lastIndexOf(".") + 1)),
    ...FRAME_ATTRIBUTES,
    ...COMPARISONS,
    ...["__subclasses__", "ctypes", "SystemExit", "builtins", "modules"],
    ...["getattr", "vars", "__dict__", "__import__", "import_module", "exec"],
    // An assignment to an attribute.
    String.raw`\.\s*\w+\s*=[^=]`,
    // Names may hide in strings behind escapes.
    String.raw`\\[xuUN0-7]`,
  ].join("|"),
);

/** `sys.exit()` and its like, where no caller has asked for it. */
function lookAtExit(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  const called = node.type === "call" ? node.childForFieldName("function") : null;
  const leaves =
    (called !== null && EXITS.has(pathOf(called) ?? "")) ||
    (node.type === "raise_statement" && /^raise\s+SystemExit\b/.test(node.text));
  if (!leaves) return;
  const around = ancestorsOf(node);
  const inside = around.find(({ type }) => type === "function_definition" || type === "lambda");
  if (inside === undefined) {
    if (!around.some(isMainGuard)) raise("exit-on-import", node);
  } else if (ownName(inside) === "__del__") raise("exit-in-finaliser", node);
}

function ownName(definition: SyntaxNode): string {
  const name = definition.childForFieldName("name");
  return name ? nameOf(name) : "";
}

/** `if __name__ == "__main__":`, which an import passes by. */
function isMainGuard(node: SyntaxNode): boolean {
  return node.type === "if_statement" && /\b__name__\b/.test(node.childForFieldName("condition")?.text ?? "");
}

function ancestorsOf(node: SyntaxNode): readonly SyntaxNode[] {
  const around: SyntaxNode[] = [];
  for (let at = node.parent; at; at = at.parent) around.push(at);
  return around;
}

/** Assigning to, deleting from, or updating the built-in names or the table of modules. */
function lookAtWrite(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  for (const target of writtenBy(node, pathOf)) {
    const path = pathOf(target) ?? "";
    if (/^builtins(?:\.|$)/.test(path)) raise("builtins-write", node);
    else if (/^sys\.modules(?:\.|$)/.test(path)) raise("modules-write", node);
    else if (target.type === "attribute" && isOfLibrary(target, path)) raise("library-write", node);
  }
}

/** Settings that programs change as a matter of course. */
const OWN_SETTINGS = /^sys\.(?:std(?:in|out|err)|argv|path|excepthook)$/;

/** `math.isclose` in a file that imports math; a variable may be called like a module. */
function isOfLibrary(target: SyntaxNode, path: string): boolean {
  const [module = "", ...names] = path.split(".");
  if (names.length !== 1 || !STANDARD_LIBRARY.has(module) || OWN_SETTINGS.test(path)) return false;
  let root = target;
  while (root.parent) root = root.parent;
  return new RegExp(String.raw`^[ \t]*(?:import|from)\b[^\n]*\b${module}\b`, "m").test(root.text);
}

const UPDATES = /\.(?:update|setdefault|pop|popitem|clear|__setitem__|__delitem__|__setattr__|__delattr__)$/;

/** What a node writes to: the object itself where an attribute, an item or a method of it does. */
function writtenBy(node: SyntaxNode, pathOf: PathOf): readonly SyntaxNode[] {
  if (node.type === "assignment" || node.type === "augmented_assignment") {
    const left = node.childForFieldName("left");
    return left ? placesIn(left) : [];
  }
  if (node.type === "delete_statement") return node.codeChildren.flatMap(placesIn);
  const called = node.type === "call" ? node.childForFieldName("function") : null;
  if (!called) return [];
  const given = node.childForFieldName("arguments")?.codeChildren ?? [];
  if (/^(?:setattr|delattr)$/.test(called.text)) return given.slice(0, 1);
  const object = called.childForFieldName("object");
  return object && UPDATES.test(pathOf(called) ?? "") ? [object] : [];
}

/** The attributes and items in a target; a bare name is the program's own. */
function placesIn(target: SyntaxNode): readonly SyntaxNode[] {
  if (target.type === "attribute" || target.type === "subscript") return [target];
  return target.type === "identifier" ? [] : target.codeChildren.flatMap(placesIn);
}

/** A comparison method of a class, or one put into place as a lambda. */
function lookAtComparison(node: SyntaxNode, pathOf: PathOf, raise: Raise): void {
  const blind = (name: string, definition: SyntaxNode | null): boolean =>
    COMPARISONS.has(name) && definition !== null && answersBlindly(definition);
  if (node.type === "function_definition" && blind(ownName(node), node)) raise("blind-comparison", node);
  const right = node.childForFieldName(node.type === "pair" ? "value" : "right");
  if (right?.type !== "lambda") return;
  const left = node.childForFieldName(node.type === "pair" ? "key" : "left");
  const written = left ? (stringOf(left) ?? pathOf(left) ?? "") : "";
  if (blind(written.slice(written.lastIndexOf(".") + 1), right)) raise("blind-comparison", node);
}
