// Examples in a docstring (`>>>` prompts) become tests: an example with a value turns into an assert, one without
// into a line of set-up. What cannot be said as an assert is left out, with a reason that is counted.
// Format: https://docs.python.org/3/library/doctest.html
import { parsePython, type SyntaxNode } from "../python/syntax.js";

export type DoctestReason =
  | "doctest-exception"
  | "doctest-ellipsis"
  | "doctest-output"
  | "doctest-directive"
  | "doctest-own-import"
  | "doctest-syntax"
  | "doctest-does-not-hold";

/** One prompt with its continuation lines and the output that follows. */
export interface Example {
  readonly source: string;
  readonly want: string;
}

/** A line of a test: `setup` prepares, `assert` checks. */
export interface DoctestStep {
  readonly kind: "setup" | "assert";
  readonly source: string;
}

export interface DoctestSteps {
  readonly steps: readonly DoctestStep[];
  readonly dropped: readonly DoctestReason[];
}

/** The examples of a docstring, in order. */
export function examplesOf(docstring: string): Example[] {
  const examples: { source: string[]; want: string[]; indent: number }[] = [];
  let open: { source: string[]; want: string[]; indent: number } | null = null;
  for (const line of docstring.split("\n")) {
    const prompt = /^(\s*)>>> ?(.*)$/.exec(line);
    if (prompt !== null) {
      open = { source: [prompt[2] ?? ""], want: [], indent: (prompt[1] ?? "").length };
      examples.push(open);
      continue;
    }
    if (open === null) continue;
    const text = line.slice(open.indent);
    if (open.want.length === 0 && /^\.\.\.( |$)/.test(text)) open.source.push(text.slice(4));
    else if (text.trim() === "") open = null;
    else open.want.push(text);
  }
  return examples.map(({ source, want }) => ({ source: source.join("\n").trim(), want: want.join("\n") }));
}

/** The docstring without its examples: what is left reads as a description. */
export function withoutExamples(docstring: string): string {
  let inside = false;
  const kept = docstring.split("\n").filter((line) => {
    if (/^\s*>>>/.test(line)) inside = true;
    else if (line.trim() === "") inside = false;
    return !inside;
  });
  return kept
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/**
 * Steps that say the same as the examples.
 * @param module dotted name of the function's module; calls through it are turned into calls of the bare name.
 */
export function stepsOf(examples: readonly Example[], entryPoint: string, module: string): DoctestSteps {
  const steps: DoctestStep[] = [];
  const dropped: DoctestReason[] = [];
  for (const { source, want } of examples) {
    const step = stepOf(bareCalls(source, entryPoint, module), want, module);
    if (typeof step === "string") dropped.push(step);
    else if (step !== null) steps.push(step);
  }
  return { steps, dropped };
}

function stepOf(source: string, want: string, module: string): DoctestStep | DoctestReason | null {
  const code = source.replace(/\s+#.*$/, "").trim();
  if (/#\s*doctest:/.test(source)) return "doctest-directive";
  if (code === "") return null;
  const statement = onlyStatement(code);
  if (statement === null) return "doctest-syntax";
  if (importsFrom(code, module)) return "doctest-own-import";
  if (want === "") return { kind: "setup", source: code };
  if (want.startsWith("Traceback")) return "doctest-exception";
  if (want.includes("...")) return "doctest-ellipsis";
  if (statement.type !== "expression_statement" || isPrinting(statement)) return "doctest-output";
  return { kind: "assert", source: assertOf(code, statement, want) };
}

/** The one statement of a text that parses without error, or null. */
function onlyStatement(code: string): SyntaxNode | null {
  const tree = parsePython(code);
  if (tree === null) return null;
  tree.delete();
  const [first, ...others] = tree.root.codeChildren;
  return tree.hasError || first === undefined || others.length > 0 ? null : first;
}

function isPrinting(statement: SyntaxNode): boolean {
  const expression = statement.codeChildren[0];
  if (expression === undefined || expression.type === "assignment") return true;
  if (expression.type === "augmented_assignment") return true;
  const called = expression.childForFieldName("function")?.text;
  return called === "print" || called === "pprint";
}

function importsFrom(code: string, module: string): boolean {
  const name = module.replaceAll(".", "\\.");
  return new RegExp(`^(from\\s+${name}\\s+import|import\\s+${name}\\b)`).test(code);
}

function bareCalls(source: string, entryPoint: string, module: string): string {
  const last = module.split(".").at(-1) ?? module;
  for (const prefix of new Set([module, last])) {
    source = source.replaceAll(
      new RegExp(`(?<![\\w.])${prefix.replaceAll(".", "\\.")}\\.${entryPoint}\\b`, "g"),
      entryPoint,
    );
  }
  return source;
}

/** `assert call == value` where the output is a literal, otherwise a comparison of its `repr`. */
function assertOf(code: string, statement: SyntaxNode, want: string): string {
  const expression = statement.codeChildren[0];
  const left = expression?.type === "call" && statement.codeChildren.length === 1 ? code : `(${code})`;
  const value = want.trim();
  if (/^(True|False|None)$/.test(value)) return `assert ${left} is ${value}`;
  const literal = onlyStatement(value)?.codeChildren;
  if (literal?.length === 1 && literal[0] !== undefined && isLiteral(literal[0]))
    return `assert ${left} == ${value}`;
  return `assert repr(${code}) == ${pythonString(value)}`;
}

const LITERALS = new Set(["integer", "float", "true", "false", "none", "string", "concatenated_string"]);
const CONTAINERS = new Set([
  "list",
  "tuple",
  "set",
  "dictionary",
  "pair",
  "unary_operator",
  "parenthesized_expression",
]);

function isLiteral(node: SyntaxNode): boolean {
  if (node.type === "string") return !/^[a-z]*[ft]/i.test(node.text);
  if (LITERALS.has(node.type)) return true;
  return CONTAINERS.has(node.type) && node.codeChildren.every(isLiteral);
}

/** A text as a Python string literal in ASCII. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u{7f}-\u{10ffff}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
