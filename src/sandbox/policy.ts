// Which modules code that nobody trusts may import, told from its text before anything runs: the standard library
// without what reaches other processes, the network or raw memory, and what the caller adds by name. This is a rule for
// data, not a wall: an import made at run time from a computed name passes here, and the sandbox holds without it. It
// says early, and with a reason, what could not work there. Needs `loadGrammar` first.
import { stringOf } from "../python/literals.js";
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";
import { REFUSED, STANDARD_LIBRARY } from "./modules.js";

/** An import that the policy does not let through. */
export interface ForbiddenImport {
  /** As far as it is known to be a module: `urllib.request`, also for `from urllib import request`; `.name` where relative. */
  readonly module: string;
  /** Line of the import, from 1. */
  readonly line: number;
  /** What was imported, why it is refused, and what lets it through. */
  readonly message: string;
}

export interface PolicyOptions {
  /** Top-level modules that may be imported with all that is below them; default none. */
  readonly allow?: readonly string[];
}

/** The first forbidden import of a Python text, or null. Of text that does not parse, what can be seen in it. */
export function checkImports(code: string, { allow = [] }: PolicyOptions = {}): ForbiddenImport | null {
  if (!code.includes("import")) return null;
  const tree = treeOf(code);
  if (!tree) return null;
  for (const { module, node } of importsOf(tree.root)) {
    const message = refusalOf(module, allow);
    if (message !== null) return { module, line: node.startPosition.row + 1, message };
  }
  return null;
}

function refusalOf(module: string, allow: readonly string[]): string | null {
  if (module.startsWith("."))
    return `relative import "${module}" leads nowhere: one program has no package around it; import by full name`;
  const [top = ""] = module.split(".");
  if (allow.includes(top)) return null;
  const remedy = `--allow-imports ${top} lets it through`;
  if (!STANDARD_LIBRARY.has(top)) return `module "${module}" is not of the standard library: ${remedy}`;
  const prefixes = module.split(".").map((_, at, parts) => parts.slice(0, at + 1).join("."));
  const reach = prefixes.map((prefix) => REFUSED.get(prefix)).find((found) => found !== undefined);
  return reach === undefined ? null : `module "${module}" reaches ${reach}: ${remedy}`;
}

interface Imported {
  readonly module: string;
  readonly node: SyntaxNode;
}

/** Every module that the text names, in source order. */
function* importsOf(node: SyntaxNode): Generator<Imported> {
  for (const module of IMPORTS[node.type]?.(node) ?? []) yield { module, node };
  for (const child of node.children) yield* importsOf(child);
}

const IMPORTS: Readonly<Record<string, (node: SyntaxNode) => readonly string[]>> = {
  import_statement: (node) => node.childrenForFieldName("name").map(moduleName),
  import_from_statement: importedFrom,
  call: importedByCall,
};

/** `from a import b` may mean the module `a.b`, which matters only where that is refused. */
function importedFrom(node: SyntaxNode): readonly string[] {
  const from = node.childForFieldName("module_name");
  if (!from) return [];
  const module = moduleName(from);
  if (module.startsWith(".")) return [module];
  const members = node.childrenForFieldName("name").map((name) => `${module}.${moduleName(name)}`);
  return [module, ...members.filter((member) => REFUSED.has(member))];
}

/** `__import__("a")` and `importlib.import_module("a")`, where the name is written out. */
function importedByCall(node: SyntaxNode): readonly string[] {
  const called = node.childForFieldName("function")?.text.replaceAll(/\s/g, "") ?? "";
  if (!/^(?:(?:importlib|builtins)\.)?(?:__import__|import_module)$/.test(called)) return [];
  const given = node.childForFieldName("arguments")?.codeChildren ?? [];
  const named = given.find((argument) => argument.childForFieldName("name")?.text === "name");
  const argument = named?.childForFieldName("value") ?? given[0];
  const name = argument ? stringOf(argument) : null;
  return name === null ? [] : [name];
}

/** A dotted name without the blanks and comments that may stand in it, as Python reads it: identifiers are NFKC. */
function moduleName(node: SyntaxNode): string {
  const name = node.type === "aliased_import" ? (node.childForFieldName("name") ?? node) : node;
  return leavesOf(name)
    .filter(({ type }) => type !== "comment" && type !== "line_continuation")
    .map(({ text }) => text)
    .join("")
    .normalize("NFKC");
}

function leavesOf(node: SyntaxNode): readonly SyntaxNode[] {
  return node.childCount === 0 ? [node] : node.children.flatMap(leavesOf);
}
