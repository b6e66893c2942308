// The shape of Python code: its syntax tree as a row of words, without what a copier changes first. Names that the code
// binds itself, numbers, texts, docstrings, comments, annotations, imports, parentheses and the order of the statements
// at module level are left out; kept are the kinds of statements and expressions, operators, builtins, and attributes
// that the code doesn't define, since these say what it does. Needs `loadGrammar` first.
import { scopesOf } from "../python/names.js";
import type { Scope } from "../python/scope.js";
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";

/** Nodes of which only what is in them counts. */
const TRANSPARENT = new Set([
  "module",
  "expression_statement",
  "argument_list",
  "parenthesized_expression",
  "typed_parameter",
  "interpolation",
]);

const LEFT_OUT = new Set([
  "comment",
  "line_continuation",
  "import_statement",
  "import_from_statement",
  "future_import_statement",
  "type_conversion",
  "format_specifier",
]);

/** Different nodes for what is the same. */
const SAME: Readonly<Record<string, string>> = {
  expression_list: "tuple",
  pattern_list: "tuple",
  tuple_pattern: "tuple",
  list_pattern: "tuple",
  typed_default_parameter: "default_parameter",
  integer: "number",
  float: "number",
  concatenated_string: "string",
};

/** The shape's words, made of letters, digits and underscores only; none for text that can't be parsed in time. */
export function shapeOf(code: string): readonly string[] {
  const tree = treeOf(code);
  if (tree === null) return [];
  const own = ownNamesOf(tree.root);
  const statements = tree.root.codeChildren.map((statement) => {
    const words: string[] = [];
    write(statement, own, words);
    return words;
  });
  return statements
    .map((words) => words.join(" "))
    .sort()
    .flatMap((statement) => (statement === "" ? [] : statement.split(" ")));
}

function write(node: SyntaxNode, own: OwnNames, words: string[]): void {
  if (LEFT_OUT.has(node.type) || node.field === "type" || node.field === "return_type") return;
  if (isLooseText(node)) return;
  if (!node.isNamed) {
    // A text is compared by its words, in which signs have no place.
    if (node.field?.startsWith("operator"))
      words.push(/^\w/.test(node.type) ? node.type : `op${Buffer.from(node.type).toString("hex")}`);
    return;
  }
  if (node.type === "identifier") {
    words.push(isOwn(node, own) ? "name" : node.text);
    return;
  }
  if (!TRANSPARENT.has(node.type) && node.type !== "block") words.push(SAME[node.type] ?? node.type);
  if (node.type === "string" || node.type === "concatenated_string") {
    for (const part of interpolations(node)) write(part, own, words);
    return;
  }
  for (const child of node.children) write(child, own, words);
  if (node.type === "block") words.push("end");
}

/** A docstring, or a text that stands alone elsewhere. */
function isLooseText(node: SyntaxNode): boolean {
  return (
    node.type === "expression_statement" &&
    node.codeChildren.length === 1 &&
    /^(?:concatenated_)?string$/.test(node.codeChildren[0]?.type ?? "")
  );
}

function interpolations(node: SyntaxNode): readonly SyntaxNode[] {
  return node.children.flatMap((child) => (child.type === "interpolation" ? [child] : interpolations(child)));
}

/** What the code binds, anywhere in it: names, and apart from them the attributes that it sets or defines. */
interface OwnNames {
  readonly names: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
}

function ownNamesOf(root: SyntaxNode): OwnNames {
  const names = new Set<string>();
  const attributes = new Set<string>();
  const collect = ({ kind, bound, children }: Scope): void => {
    for (const name of bound) (kind === "class" ? attributes : names).add(name);
    children.forEach(collect);
  };
  collect(scopesOf(root).module);
  const collectSet = (node: SyntaxNode): void => {
    if (node.type === "attribute" && node.field === "left" && /assignment$/.test(node.parent?.type ?? ""))
      attributes.add(node.childForFieldName("attribute")?.text ?? "");
    node.children.forEach(collectSet);
  };
  collectSet(root);
  return { names, attributes };
}

/** Names of keywords go with the function that is called, whose parameters may have been renamed. */
function isOwn(identifier: SyntaxNode, { names, attributes }: OwnNames): boolean {
  if (identifier.field === "attribute") return attributes.has(identifier.text);
  if (identifier.parent?.type === "keyword_argument" && identifier.field === "name") return true;
  return names.has(identifier.text) || attributes.has(identifier.text);
}
