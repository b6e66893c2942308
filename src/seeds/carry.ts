// Carries a function out of its module: finds every statement that it needs, transitively, and writes them and the
// function as one text that can be imported on its own. Takes statements as they stood; changes only imports (reduced
// to the names needed) and the blank lines between. Says which names it could not find instead of guessing.
import { BUILTINS, FILE_NAMES } from "../python/modules.js";
import type { PackagePath } from "./imports.js";
import { bindingOf, codeText, importText } from "./imports.js";
import type { ModuleStatements, Statement } from "./module.js";

/** What a function needs of its module. */
export interface Closure {
  /** Statements in source order, the function's own among them. */
  readonly statements: readonly Statement[];
  /** Names they need of the module. */
  readonly needed: ReadonlySet<string>;
  /** Needed names that nothing binds, sorted. */
  readonly missing: readonly string[];
  /** Those that the module gets from its file, e.g. `__file__`. */
  readonly fileNames: readonly string[];
}

/** The statements that `own` needs; of the function's name only its own definition. */
export function closureOf(own: Statement, module: ModuleStatements): Closure {
  const chosen = new Set([own]);
  const needed = new Set<string>();
  const pending = [own];
  const choose = (statement: Statement): void => {
    if (chosen.has(statement)) return;
    chosen.add(statement);
    pending.push(statement);
  };
  for (let statement = pending.pop(); statement; statement = pending.pop()) {
    for (const name of statement.uses) {
      if (needed.has(name)) continue;
      needed.add(name);
      providersOf(name, own, module).forEach(choose);
    }
  }
  if (hasAnnotations([...chosen])) module.statements.filter(({ kind }) => kind === "future").forEach(choose);
  const declared = new Set([...chosen].flatMap((statement) => [...statement.declared]));
  const unbound = [...needed].filter((name) => !module.binders.has(name) && !declared.has(name)).sort();
  return {
    statements: module.statements.filter((statement) => chosen.has(statement)),
    needed,
    missing: unbound.filter((name) => !BUILTINS.has(name) && !FILE_NAMES.has(name)),
    fileNames: unbound.filter((name) => FILE_NAMES.has(name)),
  };
}

/** Statements that bind a name, and those that fill its object; the objects of imported modules are not ours to fill. */
function providersOf(name: string, own: Statement, module: ModuleStatements): readonly Statement[] {
  const binders = own.bound.has(name) ? [own] : (module.binders.get(name) ?? []);
  if (binders.every(({ kind }) => kind === "import")) return binders;
  const names = new Set([name, ...binders.flatMap(({ aliases }) => aliases)]);
  return [...binders, ...[...names].flatMap((filled) => module.fillers.get(filled) ?? [])];
}

/** Annotations may lean on `from __future__ import annotations`. */
function hasAnnotations(statements: readonly Statement[]): boolean {
  return statements.some(({ node }) => holds(node, "type"));
}

function holds(node: Statement["node"], type: string): boolean {
  return node.type === type || node.children.some((child) => child.childCount > 0 && holds(child, type));
}

/** The names that came along, in source order: imports, constants, helpers and classes. */
export function carriedNames(own: Statement, closure: Closure): string[] {
  const names = closure.statements
    .filter((statement) => statement !== own && statement.kind !== "future")
    .flatMap(({ bound }) => [...bound].filter((name) => closure.needed.has(name)));
  return [...new Set(names)];
}

/** The closure as one Python text: imports, then the rest in source order, the function last where that is the same. */
export function seedText(own: Statement, closure: Closure, text: string, place: PackagePath): string {
  const pieces = arranged(own, closure).map((statement) => ({
    statement,
    text: pieceText(statement, closure.needed, text, place),
  }));
  let out = "";
  let before: Statement | null = null;
  for (const piece of pieces) {
    out += (before ? gapBetween(before, piece.statement) : "") + piece.text;
    before = piece.statement;
  }
  return `${out}\n`;
}

function pieceText(
  statement: Statement,
  needed: ReadonlySet<string>,
  text: string,
  place: PackagePath,
): string {
  const { node, kind, endIndex } = statement;
  if (kind === "import") return importText(node, needed, place);
  return codeText(node, place, text.slice(node.startIndex, endIndex)).trimEnd();
}

function arranged(own: Statement, closure: Closure): readonly Statement[] {
  const { statements } = closure;
  const counts = new Map<string, number>();
  for (const name of statements.flatMap(({ bound }) => [...bound]))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  const first = (statement: Statement): boolean =>
    statement.kind === "future" ||
    (statement.kind === "import" && importedNames(statement).every((name) => counts.get(name) === 1));
  const rest = statements.filter((statement) => !first(statement));
  const body = neededAtImport(own, rest) ? rest : [...rest.filter((statement) => statement !== own), own];
  return [...statements.filter(first), ...body];
}

function importedNames({ node }: Statement): readonly string[] {
  return node.childrenForFieldName("name").map((name) => bindingOf(node, name));
}

/** True when a statement that runs while the module is imported uses the function, itself or through other functions. */
function neededAtImport(own: Statement, statements: readonly Statement[]): boolean {
  const reached = new Set<Statement>([own]);
  for (let grown = true; grown;) {
    const names = new Set([...reached].flatMap(({ bound }) => [...bound]));
    const next = statements.filter(
      (statement) => !reached.has(statement) && [...statement.uses].some((name) => names.has(name)),
    );
    next.forEach((statement) => reached.add(statement));
    grown = next.length > 0;
  }
  return [...reached].some((statement) => statement !== own && runsUsing(statement, own));
}

/** A plain `def` runs only its defaults and annotations; everything else may call what it uses. */
function runsUsing(statement: Statement, own: Statement): boolean {
  if (statement.kind !== "function" || statement.node.type !== "function_definition") return true;
  return [...own.bound].some((name) => statement.immediate.has(name));
}

function gapBetween(before: Statement, after: Statement): string {
  const defines = ({ kind }: Statement): boolean => kind === "function" || kind === "class";
  if (defines(before) || defines(after)) return "\n\n\n";
  const imports = ({ kind }: Statement): boolean => kind === "import" || kind === "future";
  return imports(before) === imports(after) ? "\n" : "\n\n";
}
