// Whether a comparison method looks at what it compares with. One that never reads its argument, or that can only return
// one and the same constant, makes any assert hold. What raises, returns NotImplemented, or returns nothing forges nothing.
import type { SyntaxNode } from "../python/syntax.js";
import { nameOf } from "./paths.js";

const EQUALITIES = new Set(["__eq__", "__ne__"]);

/** The methods behind `==`, `!=` and the orders, and those by which tests compare otherwise: `4 in x`, `abs(x - 4) < 1e-6`. */
export const COMPARISONS: ReadonlySet<string> = new Set([
  ...EQUALITIES,
  ...["__lt__", "__le__", "__gt__", "__ge__", "__contains__"],
  ...["add", "sub", "mul", "truediv", "floordiv", "mod"].flatMap((name) => [`__${name}__`, `__r${name}__`]),
]);

/** True for a function or lambda that gives an answer without looking at what `self` is compared with. */
export function answersBlindly(definition: SyntaxNode): boolean {
  const body = definition.childForFieldName("body");
  if (!body) return false;
  const answers = definition.type === "lambda" ? [body] : returnedIn(body);
  if (answers.every(({ text }) => text === "NotImplemented" || text === "None")) return false;
  if (!mentions(body, argumentsOf(definition))) return true;
  if (isEquality(definition) && !mentions(body, ownNames(definition))) return true;
  return answers.every(isConstant) && new Set(answers.map(({ text }) => text)).size === 1 && !raises(body);
}

function isEquality(definition: SyntaxNode): boolean {
  const name = definition.childForFieldName("name");
  return name !== null && EQUALITIES.has(nameOf(name));
}

/** Of an equality: its object, and the class that it stands in. One that names neither is the same for all objects. */
function ownNames(definition: SyntaxNode): ReadonlySet<string> {
  const parameters = definition.childForFieldName("parameters")?.codeChildren ?? [];
  const own = parameters.slice(0, 1).flatMap((parameter) => firstIdentifier(parameter) ?? []);
  let around = definition.parent;
  while (around && around.type !== "class_definition") around = around.parent;
  const name = around?.childForFieldName("name");
  return new Set(name ? [...own, nameOf(name)] : own);
}

/** Names of the parameters behind `self`; all of them where there is but one, as in `*both`. */
function argumentsOf(definition: SyntaxNode): ReadonlySet<string> {
  const parameters = definition.childForFieldName("parameters")?.codeChildren ?? [];
  const names = parameters.flatMap((parameter) => firstIdentifier(parameter) ?? []);
  return new Set(names.length > 1 ? names.slice(1) : names);
}

function firstIdentifier(node: SyntaxNode): string | null {
  if (node.type === "identifier") return nameOf(node);
  for (const child of node.codeChildren) {
    const found = firstIdentifier(child);
    if (found !== null) return found;
  }
  return null;
}

function mentions(node: SyntaxNode, names: ReadonlySet<string>): boolean {
  if (node.type === "identifier" && names.has(nameOf(node))) return true;
  return node.children.some((child) => mentions(child, names));
}

/** Values of the body's own return statements. */
function returnedIn(node: SyntaxNode): readonly SyntaxNode[] {
  return node.children.flatMap((child) => {
    if (INNER.has(child.type)) return [];
    return child.type === "return_statement" ? child.codeChildren.slice(0, 1) : returnedIn(child);
  });
}

function raises(node: SyntaxNode): boolean {
  return node.children.some(
    (child) => !INNER.has(child.type) && (child.type === "raise_statement" || raises(child)),
  );
}

const INNER = new Set(["function_definition", "class_definition", "lambda"]);

function isConstant({ type }: SyntaxNode): boolean {
  return ["true", "false", "integer", "float", "string"].includes(type);
}
