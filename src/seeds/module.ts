// The statements of a module's top level, and what each binds, needs and fills: what carrying a function out of its file
// is decided on. Takes a tree, reads nothing else. Never keeps `if __name__ == "__main__"`.
import { codeEnd } from "../python/functions.js";
import { scopesOf } from "../python/names.js";
import type { Scope } from "../python/scope.js";
import type { SyntaxNode } from "../python/syntax.js";

export type StatementKind = "import" | "future" | "function" | "class" | "other";

/** One module-level statement. */
export interface Statement {
  readonly node: SyntaxNode;
  readonly kind: StatementKind;
  /** Offset behind its code and a comment on its last line. */
  readonly endIndex: number;
  /** Names that it binds at module level. */
  readonly bound: ReadonlySet<string>;
  /** Globals and builtins that it touches, inside its functions too. */
  readonly uses: ReadonlySet<string>;
  /** The part of `uses` that is read while the statement runs: not what stands in function bodies. */
  readonly immediate: ReadonlySet<string>;
  /** Names that functions in it set by `global`. */
  readonly declared: ReadonlySet<string>;
  /** Names that it gives to one object: `a` and `b` of `a = b = {}`. */
  readonly aliases: readonly string[];
  /** Names whose objects it changes: `X[k] = v`, `X.a = v`, `X.append(v)`, `@X.register`. */
  readonly fills: ReadonlySet<string>;
}

/** A module's top level, with who binds and who fills each name, in source order. */
export interface ModuleStatements {
  readonly statements: readonly Statement[];
  readonly binders: ReadonlyMap<string, readonly Statement[]>;
  readonly fillers: ReadonlyMap<string, readonly Statement[]>;
  readonly hasStarImport: boolean;
}

/** Reads the top level of a tree. */
export function moduleStatements(root: SyntaxNode, text: string): ModuleStatements {
  const statements: Statement[] = [];
  for (const node of root.codeChildren) {
    if (isMainGuard(node)) continue;
    statements.push(statementOf(node, scopesOf(node).module, text));
  }
  return {
    statements,
    binders: index(statements, (statement) => statement.bound),
    fillers: index(statements, (statement) => statement.fills),
    hasStarImport: statements.some(({ node }) => holdsStarImport(node)),
  };
}

function statementOf(node: SyntaxNode, scope: Scope, text: string): Statement {
  const kind = kindOf(node);
  return {
    node,
    kind,
    endIndex: withComment(text, codeEnd(node)),
    // `del x` changes what is bound, it binds nothing
    bound: node.type === "delete_statement" ? new Set() : scope.bound,
    uses: scope.globalUses(),
    immediate: namesIn(
      scope,
      (inside) => inside.reads,
      (inside) => inside.kind === "function",
    ),
    declared: namesIn(
      scope,
      (inside) => inside.globals,
      () => false,
    ),
    aliases: aliasesOf(node),
    fills: fillsOf(node),
  };
}

function kindOf(node: SyntaxNode): StatementKind {
  switch (node.type) {
    case "import_statement":
    case "import_from_statement":
      return "import";
    case "future_import_statement":
      return "future";
    case "function_definition":
      return "function";
    case "class_definition":
      return "class";
    case "decorated_definition": {
      const definition = node.childForFieldName("definition");
      return definition ? kindOf(definition) : "other";
    }
    default:
      return "other";
  }
}

function isMainGuard(node: SyntaxNode): boolean {
  const condition = node.type === "if_statement" ? (node.childForFieldName("condition")?.text ?? "") : "";
  return condition.includes("__name__") && condition.includes("__main__");
}

/** Offset behind a comment that follows on the same line. */
function withComment(text: string, end: number): number {
  const comment = /^[ \t]*#[^\n]*/.exec(text.slice(end, end + 1_000));
  return end + (comment?.[0].length ?? 0);
}

/** Union of a set over a scope and those inside, without the ones left out. */
function namesIn(
  scope: Scope,
  names: (scope: Scope) => ReadonlySet<string>,
  without: (scope: Scope) => boolean,
): Set<string> {
  const inside = scope.children.filter((child) => !without(child));
  return new Set([...names(scope), ...inside.flatMap((child) => [...namesIn(child, names, without)])]);
}

function aliasesOf(statement: SyntaxNode): readonly string[] {
  const names: string[] = [];
  let at = statement.type === "expression_statement" ? (statement.codeChildren[0] ?? null) : null;
  for (; at?.type === "assignment"; at = at.childForFieldName("right")) {
    const left = at.childForFieldName("left");
    if (left?.type === "identifier") names.push(left.text);
  }
  return names.length > 1 ? names : [];
}

function index(
  statements: readonly Statement[],
  names: (statement: Statement) => ReadonlySet<string>,
): ReadonlyMap<string, readonly Statement[]> {
  const found = new Map<string, Statement[]>();
  for (const statement of statements) {
    for (const name of names(statement)) {
      const list = found.get(name);
      if (list) list.push(statement);
      else found.set(name, [statement]);
    }
  }
  return found;
}

function holdsStarImport(node: SyntaxNode): boolean {
  return node.type === "wildcard_import" || node.children.some(holdsStarImport);
}

const MUTATORS = new Set(
  "append extend insert add update setdefault remove discard pop clear sort reverse register appendleft".split(
    " ",
  ),
);

function fillsOf(node: SyntaxNode): ReadonlySet<string> {
  const fills = new Set<string>();
  collectFills(node, fills);
  return fills;
}

/** Functions and classes inside change nothing when they are defined, but for decorators that register them. */
function collectFills(node: SyntaxNode, fills: Set<string>): void {
  if (node.type === "function_definition" || node.type === "class_definition") return;
  const changed = changedBy(node);
  for (const target of changed) {
    const name = rootName(target);
    if (name !== null) fills.add(name);
  }
  for (const child of node.children) if (child.childCount > 0) collectFills(child, fills);
}

/** Expressions whose object a node changes. */
function changedBy(node: SyntaxNode): readonly SyntaxNode[] {
  switch (node.type) {
    case "assignment":
    case "augmented_assignment":
      return targetsOf(node.childForFieldName("left"));
    case "delete_statement":
      return node.codeChildren.flatMap(targetsOf);
    case "call":
      return changedByCall(node);
    case "decorator":
      return node.codeChildren.flatMap(registrar);
    default:
      return [];
  }
}

/** Subscripts and attributes in an assignment target. */
function targetsOf(node: SyntaxNode | null): readonly SyntaxNode[] {
  if (!node) return [];
  if (node.type === "subscript" || node.type === "attribute") return [node];
  return node.type === "identifier" ? [] : node.codeChildren.flatMap(targetsOf);
}

function changedByCall(call: SyntaxNode): readonly SyntaxNode[] {
  const called = call.childForFieldName("function");
  if (called?.type === "attribute" && MUTATORS.has(called.childForFieldName("attribute")?.text ?? ""))
    return [called];
  const first = called?.text === "setattr" ? call.childForFieldName("arguments")?.codeChildren[0] : undefined;
  return first ? [first] : [];
}

/** `@X.register` and `@X.register(type)`. */
function registrar(decorator: SyntaxNode): readonly SyntaxNode[] {
  const called = decorator.type === "call" ? decorator.childForFieldName("function") : decorator;
  return called?.type === "attribute" && called.childForFieldName("attribute")?.text === "register"
    ? [called]
    : [];
}

/** The name that a chain of attributes, subscripts and calls begins with. */
function rootName(node: SyntaxNode): string | null {
  let at: SyntaxNode | null = node;
  while (at && at.type !== "identifier") {
    at = at.childForFieldName("object") ?? at.childForFieldName("value") ?? at.childForFieldName("function");
  }
  return at?.text ?? null;
}
