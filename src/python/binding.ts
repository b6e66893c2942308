// The places where Python binds names other than by a statement's own keyword: assignment targets, parameters, match
// patterns and type parameters. Each function binds what it finds in the scope given and hands every expression
// met on the way (subscripts, defaults, annotations, value patterns) to `visit`.
import type { Scope, Visit } from "./scope.js";
import type { SyntaxNode } from "./syntax.js";

const TARGET_LISTS = new Set([
  "pattern_list",
  "tuple_pattern",
  "list_pattern",
  "list_splat_pattern",
  "parenthesized_expression",
  "tuple",
  "list",
  "list_splat",
  "expression_list",
  "as_pattern_target",
]);

/** Binds the names of an assignment target; `a.b` and `a[b]` are read, not bound. */
export function bindTarget(node: SyntaxNode, scope: Scope, visit: Visit): void {
  if (node.type === "identifier") scope.bind(node);
  else if (TARGET_LISTS.has(node.type)) node.codeChildren.forEach((child) => bindTarget(child, scope, visit));
  else visit(node, scope);
}

/** Where the expressions of a parameter list are evaluated. */
export interface Outside {
  readonly defaults: Scope;
  readonly annotations: Scope;
}

/** Binds parameters in the function's scope; defaults and annotations are read outside. */
export function bindParameters(list: SyntaxNode, inside: Scope, outside: Outside, visit: Visit): void {
  for (const parameter of list.codeChildren) {
    if (parameter.type === "typed_parameter") bindTyped(parameter, inside, outside, visit);
    else bindPlain(parameter, inside, outside, visit);
  }
}

function bindTyped(parameter: SyntaxNode, inside: Scope, outside: Outside, visit: Visit): void {
  for (const child of parameter.codeChildren) {
    if (child.field === "type") visit(child, outside.annotations);
    else bindSplat(child, inside);
  }
}

function bindPlain(parameter: SyntaxNode, inside: Scope, outside: Outside, visit: Visit): void {
  const type = parameter.childForFieldName("type");
  const value = parameter.childForFieldName("value");
  if (type) visit(type, outside.annotations);
  if (value) visit(value, outside.defaults);
  const name = parameter.childForFieldName("name") ?? parameter;
  if (name.type === "tuple_pattern") bindTarget(name, inside, visit);
  else bindSplat(name, inside);
}

function bindSplat(node: SyntaxNode, inside: Scope): void {
  if (node.type === "identifier") inside.bind(node);
  else for (const child of node.codeChildren) if (child.type === "identifier") inside.bind(child);
}

/** Binds the captures of a match pattern; classes and dotted names in it are read. */
export function bindPattern(node: SyntaxNode, scope: Scope, visit: Visit): void {
  switch (node.type) {
    case "dotted_name":
      bindDotted(node, scope);
      return;
    case "identifier":
      scope.bind(node);
      return;
    case "class_pattern":
      bindClassPattern(node, scope, visit);
      return;
    case "keyword_pattern":
      node.codeChildren.slice(1).forEach((child) => bindPattern(child, scope, visit));
      return;
    default:
      node.codeChildren.forEach((child) => bindPattern(child, scope, visit));
  }
}

/** A bare name captures (`_` does not); a dotted one is a value to compare with. */
function bindDotted(node: SyntaxNode, scope: Scope): void {
  const [first, ...rest] = node.codeChildren;
  if (!first) return;
  if (rest.length > 0) scope.read(first);
  else if (first.text !== "_") scope.bind(first);
}

function bindClassPattern(node: SyntaxNode, scope: Scope, visit: Visit): void {
  const [head, ...fields] = node.codeChildren;
  const name = head?.codeChildren[0];
  if (name) scope.read(name);
  fields.forEach((field) => bindPattern(field, scope, visit));
}

/** Binds `[T, *Ts, **P, U: bound]`; bounds and defaults are read. */
export function bindTypeParameters(list: SyntaxNode, types: Scope, visit: Visit): void {
  for (const parameter of list.codeChildren) bindTypeParameter(parameter, types, visit);
}

function bindTypeParameter(node: SyntaxNode, types: Scope, visit: Visit): void {
  if (node.type === "identifier") {
    types.bind(node);
    return;
  }
  const [name, ...bounds] = node.codeChildren;
  if (name) bindTypeParameter(name, types, visit);
  bounds.forEach((bound) => visit(bound, types));
}
