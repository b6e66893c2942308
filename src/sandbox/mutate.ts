// Wrong variants of a correct program, to see whether its tests notice: a stub that returns None, and mutants that differ
// in one point (an operator, a constant, a return value). Takes Python text, gives Python text; runs nothing.
// Which points are chosen depends on a seed and a key alone. Needs `loadGrammar` first.
// Method: DeMillo, Lipton, Sayward 1978, https://doi.org/10.1109/C-M.1978.218136
import { uniforms } from "../core/random.js";
import { codeEnd } from "../python/functions.js";
import { docstringNode } from "../python/literals.js";
import { parsePython, type SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";

/** The code with the body of its entry point replaced by `return None`, docstring kept; null where it has no such function. */
export function stubOf(code: string, entryPoint: string): string | null {
  return withTree(code, (root) => {
    const definition = definitionOf(root, entryPoint);
    return definition && withEmptyBodies(code, [definition]);
  });
}

/** Their objects can still be made: a test that only does that must not count as strong. */
const CONSTRUCTORS = new Set(["__init__", "__new__"]);

/**
 * The code with the bodies of all its functions and methods replaced by `return None`, but for those that make objects:
 * the control where no entry point can be told. Null where it has none.
 */
export function stubOfAll(code: string): string | null {
  return withTree(code, (root) => withEmptyBodies(code, outermostFunctions(root)));
}

function outermostFunctions(node: SyntaxNode): readonly SyntaxNode[] {
  return node.children.flatMap((child) => {
    if (child.type !== "function_definition") return outermostFunctions(child);
    return CONSTRUCTORS.has(child.childForFieldName("name")?.text ?? "") ? [] : [child];
  });
}

/** Null where there is no body to replace. Definitions in source order, none inside another. */
function withEmptyBodies(code: string, definitions: readonly SyntaxNode[]): string | null {
  const bodies = definitions.flatMap((definition) => definition.childForFieldName("body") ?? []);
  if (bodies.length === 0) return null;
  return bodies.reduceRight(
    (text, body) => text.slice(0, body.startIndex) + emptyBody(code, body) + text.slice(codeEnd(body)),
    code,
  );
}

function emptyBody(code: string, body: SyntaxNode): string {
  const docstring = docstringNode(body);
  const { column } = body.startPosition;
  const onOwnLine = /^\s*$/.test(code.slice(body.startIndex - column, body.startIndex));
  return docstring && onOwnLine ? `${docstring.text}\n${" ".repeat(column)}return None` : "return None";
}

export interface MutantOptions {
  /** How many at most; default 4. */
  readonly limit?: number;
  readonly seed: number;
  /** Of the record, so that each draws its own. */
  readonly key: string;
}

/**
 * Variants that differ from the code in one point and parse; points in the entry point come before most of those in
 * what it carries (without one, null, all count the same). Fewer than `limit`, or none, where the code has no more points. Some may mean the same as the code.
 */
export function mutantsOf(code: string, entryPoint: string | null, options: MutantOptions): string[] {
  const { limit = 4, seed, key } = options;
  const next = uniforms(seed, `mutants:${key}`);
  const points = withTree(code, (root) => pointsOf(root, entryPoint)) ?? [];
  const drawn = points.map((point) => ({ point, rank: next() + (point.helper ? HELPER_HANDICAP : 0) }));
  const mutants = new Set<string>();
  for (const { point } of drawn.sort((a, b) => a.rank - b.rank)) {
    if (mutants.size === limit) break;
    const mutant = code.slice(0, point.start) + point.text + code.slice(point.end);
    if (mutant !== code && parses(mutant)) mutants.add(mutant);
  }
  return [...mutants];
}

/** Added to the uniform draw of a point outside the entry point: it wins against one inside in 1 of 8 draws. */
const HELPER_HANDICAP = 0.5;

interface Point {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly helper: boolean;
}

function withTree<T>(code: string, use: (root: SyntaxNode) => T): T | null {
  const tree = treeOf(code);
  return tree && !tree.hasError ? use(tree.root) : null;
}

/** Not kept among the trees: nobody asks for a mutant's again. */
function parses(code: string): boolean {
  const tree = parsePython(code);
  tree?.delete();
  return tree?.hasError === false;
}

/** The last definition of a name at module level, which is the one that calls reach. */
function definitionOf(root: SyntaxNode, name: string): SyntaxNode | null {
  const definitions = root.codeChildren
    .map((node) => node.childForFieldName("definition") ?? node)
    .filter((node) => node.type === "function_definition");
  return definitions.findLast((node) => node.childForFieldName("name")?.text === name) ?? null;
}

function pointsOf(root: SyntaxNode, entryPoint: string | null): Point[] {
  const entry = entryPoint === null ? root : definitionOf(root, entryPoint);
  if (!entry) return [];
  const points: Point[] = [];
  const visit = (node: SyntaxNode, helper: boolean): void => {
    if (UNTOUCHED.has(node.type) || isBareString(node)) return;
    const inside = helper && node !== entry;
    const text = MUTATIONS[node.type]?.(node) ?? OPERATORS[operatorKey(node)] ?? null;
    if (text !== null) points.push({ start: node.startIndex, end: node.endIndex, text, helper: inside });
    for (const child of node.children) visit(child, inside);
  };
  visit(root, true);
  return points;
}

/** Annotations, decorators and imports say what code is, not what it does. */
const UNTOUCHED = new Set([
  "type",
  "decorator",
  "import_statement",
  "import_from_statement",
  "future_import_statement",
]);

/** Docstrings and strings used as comments. */
function isBareString(node: SyntaxNode): boolean {
  return (
    node.type === "expression_statement" &&
    /^(?:concatenated_)?string$/.test(node.codeChildren[0]?.type ?? "")
  );
}

/** Operators only where the grammar says that the token is one: `*` also marks parameters, `in` also belongs to `for`. */
function operatorKey(node: SyntaxNode): string {
  return node.field === "operator" || node.field === "operators" ? node.text.replaceAll(/\s+/g, " ") : "";
}

const OPERATORS: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  in: "not in",
  "not in": "in",
  is: "is not",
  "is not": "is",
  and: "or",
  or: "and",
  "+": "-",
  "-": "+",
  "*": "+",
  "/": "*",
  "//": "*",
  "%": "*",
  "**": "*",
  "&": "|",
  "|": "&",
  "^": "&",
  "<<": ">>",
  ">>": "<<",
  "+=": "-=",
  "-=": "+=",
  "*=": "+=",
  "/=": "*=",
  "//=": "*=",
  "%=": "*=",
  "&=": "|=",
  "|=": "&=",
  "<<=": ">>=",
  ">>=": "<<=",
};

/** New text for a node, or null to leave it. */
const MUTATIONS: Readonly<Record<string, (node: SyntaxNode) => string | null>> = {
  integer: ({ text }) => (/^[0-9]+$/.test(text) ? String(BigInt(text) + 1n) : null),
  true: () => "False",
  false: () => "True",
  not_operator: (node) => node.childForFieldName("argument")?.text ?? null,
  return_statement: (node) => (node.codeChildren.length > 0 ? "return None" : null),
  string: mutatedString,
};

function mutatedString(node: SyntaxNode): string | null {
  const opening = node.children.find((child) => child.type === "string_start");
  if (!opening || /[ft]/i.test(opening.text)) return null;
  return `${opening.text}XX${node.text.slice(opening.text.length)}`;
}
