// The imports in carried code: which modules they name, whether code outside its file may use them, and their text
// reduced to the names needed. Relative imports become absolute where the file's place in its package is known.
import {
  PROCESS_CALLS,
  PROCESS_MODULES,
  REMOVED_MODULES,
  STDLIB_MODULES,
  SYSTEM_MODULES,
} from "../python/modules.js";
import type { SyntaxNode } from "../python/syntax.js";

/** Why an import, or what it is used for, keeps a function from being a seed. */
export type ImportReason = "relative-import" | "needs-file" | "third-party-import" | "needs-process";

export interface ImportProblem {
  readonly reason: ImportReason;
  readonly detail: string;
}

/** Folder of the file inside its package's root, e.g. `["asyncio"]`; null where relative imports can't be resolved. */
export type PackagePath = readonly string[] | null;

/**
 * The first problem with the imports inside nodes, in the order of `ImportReason`; null when there is none. The modules
 * `allowed` are no problem although they are not the standard library's.
 */
export function importProblem(
  nodes: readonly SyntaxNode[],
  used: (binding: string) => boolean,
  place: PackagePath,
  allowed: readonly string[] = [],
): ImportProblem | null {
  const problems = nodes.flatMap((node) => problemsIn(node, used, place, allowed));
  for (const reason of ORDER) {
    const problem = problems.find((found) => found.reason === reason);
    if (problem) return problem;
  }
  return null;
}

const ORDER: readonly ImportReason[] = [
  "relative-import",
  "needs-file",
  "third-party-import",
  "needs-process",
];

function problemsIn(
  node: SyntaxNode,
  used: (binding: string) => boolean,
  place: PackagePath,
  allowed: readonly string[],
): readonly ImportProblem[] {
  if (node.type === "import_statement" || node.type === "import_from_statement") {
    return problemsOfImport(node, used, place, allowed);
  }
  const call = node.type === "attribute" ? processCall(node) : [];
  return [
    ...call,
    ...node.children.flatMap((child) =>
      child.childCount > 0 ? problemsIn(child, used, place, allowed) : [],
    ),
  ];
}

/** `os.fork` and its kind: the module is harmless, the function is not. */
function processCall(attribute: SyntaxNode): readonly ImportProblem[] {
  const name = attribute.childForFieldName("attribute")?.text ?? "";
  if (attribute.childForFieldName("object")?.text !== "os" || !PROCESS_CALLS.has(name)) return [];
  return [{ reason: "needs-process", detail: `os.${name}` }];
}

function problemsOfImport(
  node: SyntaxNode,
  used: (binding: string) => boolean,
  place: PackagePath,
  allowed: readonly string[],
): readonly ImportProblem[] {
  const guarded = isGuarded(node);
  const modules = importedModules(node, used, place);
  if (modules === null) return [{ reason: "relative-import", detail: node.text }];
  return modules.flatMap((module): ImportProblem[] => {
    const top = module.split(".", 1)[0] ?? module;
    if (allowed.includes(top)) return [];
    if (REMOVED_MODULES.has(top) && !guarded) {
      return [{ reason: "third-party-import", detail: `${top}, no longer in the standard library` }];
    }
    if (top === "__main__") return [{ reason: "needs-file", detail: top }];
    if (!STDLIB_MODULES.has(top) && !guarded) return [{ reason: "third-party-import", detail: top }];
    if (SYSTEM_MODULES.has(top) && isConditional(node)) return [];
    return isProcessModule(module) ? [{ reason: "needs-process", detail: module }] : [];
  });
}

function isProcessModule(module: string): boolean {
  const parts = module.split(".");
  return parts.some((_, at) => PROCESS_MODULES.has(parts.slice(0, at + 1).join(".")));
}

/** Absolute names of what an import brings: `a.b` and, since `b` may be a module, `a.b.c` of `from a.b import c`. */
function importedModules(
  node: SyntaxNode,
  used: (binding: string) => boolean,
  place: PackagePath,
): readonly string[] | null {
  const names = node.childrenForFieldName("name").filter((name) => used(bindingOf(node, name)));
  const plain = names.map((name) => (name.childForFieldName("name") ?? name).text);
  const source = node.childForFieldName("module_name");
  if (!source) return plain;
  const module = source.type === "relative_import" ? absoluteName(source, place) : source.text;
  return module === null ? null : [module, ...plain.map((name) => `${module}.${name}`)];
}

/** Top-level modules that the imports below a node name, sorted; relative ones are left out. */
export function importedTops(root: SyntaxNode): string[] {
  const found = new Set<string>();
  const visit = (node: SyntaxNode): void => {
    if (node.type === "import_statement" || node.type === "import_from_statement") {
      for (const name of importedModules(node, () => true, null) ?? [])
        found.add(name.split(".", 1)[0] ?? name);
    } else for (const child of node.children) if (child.childCount > 0) visit(child);
  };
  visit(root);
  return [...found].sort();
}

/** Local name that one part of an import binds. */
export function bindingOf(statement: SyntaxNode, name: SyntaxNode): string {
  const alias = name.childForFieldName("alias")?.text;
  if (alias !== undefined) return alias;
  return statement.type === "import_statement" ? (name.text.split(".", 1)[0] ?? name.text) : name.text;
}

/** The module that `.x`, `..` or `.` names, seen from a file in `place`; null when that leaves the package. */
export function absoluteName(relative: SyntaxNode, place: PackagePath): string | null {
  const written = relative.text.replaceAll(/\s/g, "");
  const name = written.replace(/^\.+/, "");
  const up = written.length - name.length - 1;
  if (place === null || up >= place.length) return null;
  return [...place.slice(0, place.length - up), ...(name === "" ? [] : [name])].join(".");
}

const CATCHES_IMPORT = /\b(?:ImportError|ModuleNotFoundError|Exception|BaseException)\b|^except\s*:/;

/** True inside a `try` whose handlers take a failing import. */
function isGuarded(node: SyntaxNode): boolean {
  for (let at = node; at.parent; at = at.parent) {
    const { parent } = at;
    if (parent.type !== "try_statement" || at.field !== "body") continue;
    const handlers = parent.codeChildren.filter((child) => child.type === "except_clause");
    if (handlers.some((handler) => CATCHES_IMPORT.test(handler.text.split("\n", 1)[0] ?? ""))) return true;
  }
  return false;
}

/** True inside any `if` or `try`. */
function isConditional(node: SyntaxNode): boolean {
  for (let at = node.parent; at; at = at.parent) {
    if (at.type === "if_statement" || at.type === "try_statement") return true;
  }
  return false;
}

const MAX_LINE = 79;

/** An import statement with only the names wanted; as it stood when all are. */
export function importText(statement: SyntaxNode, wanted: ReadonlySet<string>, place: PackagePath): string {
  const all = statement.childrenForFieldName("name");
  const names = all.filter((name) => wanted.has(bindingOf(statement, name)));
  if (names.length === all.length) return codeText(statement, place);
  const list = names.map((name) => name.text);
  const source = statement.childForFieldName("module_name");
  if (!source) return `import ${list.join(", ")}`;
  const line = `from ${codeText(source, place)} import ${list.join(", ")}`;
  if (line.length <= MAX_LINE) return line;
  return `from ${codeText(source, place)} import (\n${list.map((name) => `    ${name},\n`).join("")})`;
}

/** Text of a node with the relative imports in it made absolute. */
export function codeText(node: SyntaxNode, place: PackagePath, text = node.text): string {
  let out = "";
  let done = node.startIndex;
  for (const relative of relativesIn(node)) {
    out += text.slice(done - node.startIndex, relative.startIndex - node.startIndex);
    out += absoluteName(relative, place) ?? relative.text;
    done = relative.endIndex;
  }
  return out + text.slice(done - node.startIndex);
}

function relativesIn(node: SyntaxNode): readonly SyntaxNode[] {
  if (node.type === "relative_import") return [node];
  return node.children.flatMap((child) => (child.childCount > 0 ? relativesIn(child) : []));
}
