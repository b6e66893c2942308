// One block of names, and how Python resolves a name from it. Filled by names.ts; asked for the names that a function
// takes from its module. Resolution follows CPython's Python/symtable.c and
// https://docs.python.org/3/reference/executionmodel.html
import type { SyntaxNode } from "./syntax.js";

/** `types`: a list of type parameters; `hint`: an annotation that is never evaluated. */
export type ScopeKind = "module" | "function" | "class" | "comprehension" | "types" | "hint";

/** The names of a module, function (or lambda), class, comprehension or type parameter list. */
export class Scope {
  readonly children: Scope[] = [];
  readonly bound = new Set<string>();
  /** Names that are loaded here. */
  readonly reads = new Set<string>();
  /** Names changed in place (`x += 1`, `del x`): needed too, but not loads by CPython's book. */
  readonly updates = new Set<string>();
  readonly globals = new Set<string>();
  readonly nonlocals = new Set<string>();
  private cache: ReadonlySet<string> | null = null;

  constructor(
    readonly kind: ScopeKind,
    readonly parent: Scope | null,
    /** Class whose private names are mangled here. */
    readonly className: string | null = parent?.className ?? null,
  ) {
    parent?.children.push(this);
  }

  bind(identifier: SyntaxNode | null | undefined): void {
    if (identifier) this.bound.add(this.nameOf(identifier));
  }

  read(identifier: SyntaxNode): void {
    const name = this.nameOf(identifier);
    this.reads.add(name);
    // Zero-argument super() looks the class up in a hidden closure variable.
    if (name === "super" && (this.kind === "function" || this.kind === "comprehension"))
      this.reads.add("__class__");
  }

  /** The name as CPython keeps it: NFKC, and private names of a class mangled. */
  nameOf(identifier: SyntaxNode): string {
    const name = identifier.text.normalize("NFKC");
    const owner = this.className?.replace(/^_+/, "");
    return owner && name.startsWith("__") && !name.endsWith("__") ? `_${owner}${name}` : name;
  }

  /** Names that this scope and those inside load from the module's globals or the builtins: `is_global() and is_referenced()`. */
  globalReads(): ReadonlySet<string> {
    this.cache ??= this.collect((scope) => (scope.kind === "hint" ? NONE : scope.reads));
    return this.cache;
  }

  /** Every global that this scope and those inside mention: also unevaluated hints, changes in place, `global` names. */
  globalUses(): ReadonlySet<string> {
    return this.collect((scope) => [...scope.reads, ...scope.updates, ...scope.globals]);
  }

  private collect(names: (scope: Scope) => Iterable<string>): Set<string> {
    const found = new Set<string>();
    const visit = (scope: Scope): void => {
      for (const name of names(scope)) if (isGlobal(scope, name)) found.add(name);
      scope.children.forEach(visit);
    };
    visit(this);
    return found;
  }
}

const NONE: readonly string[] = [];

/** Whether a name used in a scope is the module's or a builtin. */
function isGlobal(from: Scope, name: string): boolean {
  let seesClass = true; // only a scope itself, and type parameters right inside it, see a class's names
  for (let scope: Scope | null = from; scope && scope.kind !== "module"; scope = scope.parent) {
    if (scope.kind === "class" && !seesClass) {
      if (name === "__class__") return false;
      continue;
    }
    if (scope.globals.has(name)) return true;
    if (scope.bound.has(name) || scope.nonlocals.has(name)) return false;
    if (scope.kind !== "types" && scope.kind !== "hint") seesClass = false;
  }
  return true;
}

/** Reads an expression, or runs a statement, in a scope. */
export type Visit = (node: SyntaxNode, scope: Scope) => void;
