// Which names a piece of Python binds and which it takes from its module: CPython's symbol table over our tree.
// Takes a module's root or one statement; fills a scope per function, class, lambda, comprehension and type parameter
// list. Refuses nothing: code with errors gives the names that can be seen. Names inside quoted annotations are not seen.
import { bindParameters, bindPattern, bindTarget, bindTypeParameters } from "./binding.js";
import { Scope, type Visit } from "./scope.js";
import type { SyntaxNode } from "./syntax.js";

/** The scopes of a tree or of one statement. */
export interface Scopes {
  /** Outermost scope; its `bound` are the names that the module level binds. */
  readonly module: Scope;
  /** Scope of each function's inside, by its `function_definition`. */
  readonly functions: ReadonlyMap<SyntaxNode, Scope>;
}

/** Scopes of a module's root, or of a single module-level statement. */
export function scopesOf(node: SyntaxNode): Scopes {
  const module = new Scope("module", null);
  const functions = new Map<SyntaxNode, Scope>();
  const context: Context = { functions, future: false };
  const visit: Visit = (at, scope) => {
    const rule = RULES[at.type];
    if (rule) rule(at, scope, visit, context);
    else for (const child of at.children) if (child.isNamed) visit(child, scope);
  };
  visit(node, module);
  return { module, functions };
}

interface Context {
  readonly functions: Map<SyntaxNode, Scope>;
  /** True behind `from __future__ import annotations`: no annotation is evaluated. */
  future: boolean;
}

type Rule = (node: SyntaxNode, scope: Scope, visit: Visit, context: Context) => void;

/** Where an annotation is read. */
function annotationScope(scope: Scope, evaluated: boolean): Scope {
  return evaluated ? scope : new Scope("hint", scope);
}

const RULES: Readonly<Record<string, Rule>> = {
  comment: () => undefined,
  identifier: (node, scope) => scope.read(node),
  attribute: (node, scope, visit) => visitField(node, "object", scope, visit),
  keyword_argument: (node, scope, visit) => visitField(node, "value", scope, visit),
  member_type: (node, scope, visit) => {
    if (node.codeChildren[0]) visit(node.codeChildren[0], scope);
  },
  assignment: (node, scope, visit, { future }) => {
    visitField(node, "type", annotationScope(scope, scope.kind !== "function" && !future), visit);
    targetField(node, "left", scope, visit);
    visitField(node, "right", scope, visit);
  },
  augmented_assignment: (node, scope, visit) => {
    const left = node.childForFieldName("left");
    if (left?.type === "identifier") update(left, scope);
    else if (left) visit(left, scope);
    visitField(node, "right", scope, visit);
  },
  named_expression: (node, scope, visit) => {
    let owner = scope;
    while (owner.kind === "comprehension" && owner.parent) owner = owner.parent;
    owner.bind(node.childForFieldName("name"));
    visitField(node, "value", scope, visit);
  },
  for_statement: (node, scope, visit) => {
    for (const child of node.codeChildren) {
      if (child.field === "left") bindTarget(child, scope, visit);
      else visit(child, scope);
    }
  },
  as_pattern: (node, scope, visit) => {
    const [value, ...targets] = node.codeChildren;
    if (value) visit(value, scope);
    for (const target of targets) bindTarget(target, scope, visit);
  },
  except_clause: (node, scope, visit) => {
    for (const child of node.codeChildren) {
      if (child.field === "alias") bindTarget(child, scope, visit);
      else visit(child, scope);
    }
  },
  delete_statement: (node, scope, visit) =>
    node.codeChildren.forEach((child) => deleted(child, scope, visit)),
  global_statement: (node, scope) =>
    node.codeChildren.forEach((child) => scope.globals.add(scope.nameOf(child))),
  nonlocal_statement: (node, scope) =>
    node.codeChildren.forEach((child) => scope.nonlocals.add(scope.nameOf(child))),
  import_statement: bindImports,
  import_from_statement: bindImports,
  future_import_statement: (node, scope, _visit, context) => {
    context.future ||= node.childrenForFieldName("name").some((name) => name.text.startsWith("annotations"));
    bindImports(node, scope);
  },
  function_definition: functionScope,
  class_definition: classScope,
  lambda: (node, scope, visit) => {
    const inside = new Scope("function", scope);
    const parameters = node.childForFieldName("parameters");
    if (parameters) bindParameters(parameters, inside, { defaults: scope, annotations: scope }, visit);
    visitField(node, "body", inside, visit);
  },
  list_comprehension: comprehensionScope,
  set_comprehension: comprehensionScope,
  dictionary_comprehension: comprehensionScope,
  generator_expression: comprehensionScope,
  case_pattern: (node, scope, visit) => bindPattern(node, scope, visit),
  type_alias_statement: typeAlias,
};

function visitField(node: SyntaxNode, field: string, scope: Scope, visit: Visit): void {
  const child = node.childForFieldName(field);
  if (child) visit(child, scope);
}

function targetField(node: SyntaxNode, field: string, scope: Scope, visit: Visit): void {
  const child = node.childForFieldName(field);
  if (child) bindTarget(child, scope, visit);
}

function update(identifier: SyntaxNode, scope: Scope): void {
  scope.bind(identifier);
  scope.updates.add(scope.nameOf(identifier));
}

const DELETE_LISTS = new Set([
  "expression_list",
  "tuple",
  "list",
  "parenthesized_expression",
  "pattern_list",
]);

function deleted(node: SyntaxNode, scope: Scope, visit: Visit): void {
  if (node.type === "identifier") update(node, scope);
  else if (DELETE_LISTS.has(node.type)) node.codeChildren.forEach((child) => deleted(child, scope, visit));
  else visit(node, scope);
}

function bindImports(node: SyntaxNode, scope: Scope): void {
  for (const name of node.childrenForFieldName("name")) {
    if (name.type === "aliased_import") scope.bind(name.childForFieldName("alias"));
    else scope.bind(name.codeChildren[0]);
  }
}

function comprehensionScope(node: SyntaxNode, scope: Scope, visit: Visit): void {
  const inside = new Scope("comprehension", scope);
  let first = true;
  for (const clause of node.codeChildren) {
    if (clause.type === "if_clause") clause.codeChildren.forEach((child) => visit(child, inside));
    if (clause.type !== "for_in_clause") continue;
    for (const child of clause.codeChildren) {
      if (child.field === "left") bindTarget(child, inside, visit);
      else visit(child, first ? scope : inside); // the first iterable is evaluated outside
    }
    first = false;
  }
  visitField(node, "body", inside, visit);
}

/** Scope of a definition's type parameters, or the scope around it where there are none. */
function typesScope(definition: SyntaxNode, scope: Scope, visit: Visit): Scope {
  const list = definition.childForFieldName("type_parameters");
  if (!list) return scope;
  const types = new Scope("types", scope);
  bindTypeParameters(list, types, visit);
  return types;
}

function functionScope(node: SyntaxNode, scope: Scope, visit: Visit, context: Context): void {
  scope.bind(node.childForFieldName("name"));
  const types = typesScope(node, scope, visit);
  const inside = new Scope("function", types);
  context.functions.set(node, inside);
  const annotations = annotationScope(types, !context.future);
  visitField(node, "return_type", annotations, visit);
  const parameters = node.childForFieldName("parameters");
  if (parameters) bindParameters(parameters, inside, { defaults: scope, annotations }, visit);
  visitField(node, "body", inside, visit);
}

function classScope(node: SyntaxNode, scope: Scope, visit: Visit): void {
  const name = node.childForFieldName("name");
  scope.bind(name);
  const types = typesScope(node, scope, visit);
  visitField(node, "superclasses", types, visit);
  visitField(node, "body", new Scope("class", types, name?.text ?? null), visit);
}

/** `type X[T] = ...`: X is bound here, T and the right side live in a scope of their own. */
function typeAlias(node: SyntaxNode, scope: Scope, visit: Visit): void {
  const left = node.childForFieldName("left")?.codeChildren[0];
  if (left?.type !== "identifier" && left?.type !== "generic_type") {
    // `type(x).y = z`, which the grammar takes for an alias
    scope.reads.add("type");
    node.codeChildren.forEach((child) => visit(child, scope));
    return;
  }
  const types = new Scope("types", scope);
  if (left.type === "generic_type") {
    const [name, list] = left.codeChildren;
    scope.bind(name);
    if (list) bindTypeParameters(list, types, visit);
  } else scope.bind(left);
  visitField(node, "right", types, visit);
}
