// What an expression names, as a dotted path of modules and attributes, seen through imports and their other names:
// after `from sys import _getframe as g`, the name `g` is `sys._getframe`; `getattr(sys, "exit")` is `sys.exit`. Told
// from the text alone and for the whole file at once; what is computed at run time has no path here.
import { stringOf } from "../python/literals.js";
import type { SyntaxNode } from "../python/syntax.js";

/** A name as Python reads it: two spellings that NFKC makes equal are one. */
export function nameOf(node: SyntaxNode): string {
  return node.text.normalize("NFKC");
}

/** The dotted path of an expression, or null where it is more than names, attributes and imports. */
export type PathOf = (node: SyntaxNode) => string | null;

/** Paths in a tree. Anything whose object can't be told has the path `?.attribute`; so have the module's own functions. */
export function pathsOf(root: SyntaxNode): PathOf {
  const names = new Map(root.codeChildren.flatMap(ownName));
  collect(root, names);
  const pathOf: PathOf = (node) => {
    if (node.type === "identifier") return names.get(nameOf(node)) ?? nameOf(node);
    if (node.type === "attribute" || node.type === "subscript") {
      const object = node.childForFieldName(node.type === "attribute" ? "object" : "value");
      const path = (object && pathOf(object)) ?? "?";
      const member = node.childForFieldName(node.type === "attribute" ? "attribute" : "subscript");
      const name = member && (node.type === "attribute" ? nameOf(member) : stringOf(member));
      return joined(path, name ?? "?");
    }
    if (node.type === "parenthesized_expression") {
      const inner = node.codeChildren[0];
      return inner ? pathOf(inner) : null;
    }
    return node.type === "call" ? pathOfCall(node, pathOf) : null;
  };
  return pathOf;
}

function ownName(statement: SyntaxNode): [string, string][] {
  const definition = statement.childForFieldName("definition") ?? statement;
  if (!/^(?:function|class)_definition$/.test(definition.type)) return [];
  const node = definition.childForFieldName("name");
  return node ? [[nameOf(node), `?.${nameOf(node)}`]] : [];
}

/** An object's table of attributes stands for the object. */
function joined(path: string, attribute: string): string {
  return attribute === "__dict__" ? path : `${path}.${attribute}`;
}

/** Calls that only fetch: an import by name, an attribute by name, a table of attributes. */
function pathOfCall(node: SyntaxNode, pathOf: PathOf): string | null {
  const called = node.childForFieldName("function");
  const [first, second] = node.childForFieldName("arguments")?.codeChildren ?? [];
  if (!called || !first) return null;
  switch (pathOf(called)) {
    case "__import__":
    case "builtins.__import__":
    case "importlib.import_module":
      return stringOf(first);
    case "vars":
      return pathOf(first);
    case "getattr": {
      const attribute = second ? stringOf(second) : null;
      return attribute === null ? null : joined(pathOf(first) ?? "?", attribute);
    }
    default:
      return null;
  }
}

/** Notes what each imported name stands for. */
function collect(node: SyntaxNode, names: Map<string, string>): void {
  if (node.type === "import_statement" || node.type === "import_from_statement") {
    const module = node.childForFieldName("module_name");
    for (const name of node.childrenForFieldName("name")) {
      const written = nameOf(name.childForFieldName("name") ?? name);
      const alias = name.childForFieldName("alias");
      const path = module ? `${nameOf(module)}.${written}` : written;
      // `import a.b` binds `a`, which is called that anyway.
      if (module || alias) names.set(alias ? nameOf(alias) : written, path);
    }
  }
  for (const child of node.children) collect(child, names);
}
