// What it takes to try any function on a benchmark's problem: under which names the problem's tests call its function, with
// how many arguments, and a first assert that tells most strangers. Takes a problem, runs nothing. Needs `loadGrammar` first.
import { BUILTINS } from "../python/modules.js";
import { parametersOf } from "../python/functions.js";
import { scopesOf } from "../python/names.js";
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";
import type { Problem } from "./layouts.js";

/** A problem made ready to be tried on functions of other names. */
export interface TrialItem {
  /** Name of the problem, e.g. `HumanEval/0`. */
  readonly item: string;
  /** What the tests call the function, the problem's own name for it first. */
  readonly names: readonly string[];
  /** Numbers of arguments with which they call it, each once; a call with `*` or `**` is not counted. */
  readonly counts: readonly number[];
  /** An assert of the tests that needs nothing but the function; null where none stands alone. */
  readonly probe: string | null;
  /** What runs before the tests: the problem's own code where they need more of it than the function, else empty. */
  readonly setup: string;
  readonly tests: string;
}

/** How many arguments a function takes by position. */
export interface Arity {
  readonly least: number;
  /** Infinity with `*args`. */
  readonly most: number;
}

/** The item of a problem, or null where its tests assert nothing or never call its function. */
export function trialItem(
  item: string,
  { code, tests, entryPoint }: Pick<Problem, "code" | "tests" | "entryPoint">,
): TrialItem | null {
  const root = treeOf(tests)?.root;
  if (root === undefined || entryPoint === null) return null;
  const names = [entryPoint, ...aliasesOf(root, entryPoint)];
  const [asserts, calls] = [nodesOf(root, "assert_statement"), callsOf(root, names)];
  if (asserts.length === 0 || calls.length === 0) return null;
  const counts = calls.flatMap((call) => countOf(call) ?? []);
  return {
    item,
    names,
    counts: [...new Set(counts)],
    probe: asserts.find((node) => callsOf(node, names).length > 0 && standsAlone(node, names))?.text ?? null,
    setup: needsMore(root, code, names) ? code : "",
    tests,
  };
}

/** The arity of the function of this name at module level; null where there is none that can be called by position. */
export function arityOf(code: string, name: string): Arity | null {
  const definition = treeOf(code)
    ?.root.codeChildren.map((node) => node.childForFieldName("definition") ?? node)
    .findLast((node) => node.type === "function_definition" && node.childForFieldName("name")?.text === name);
  const list = definition?.childForFieldName("parameters");
  if (!definition || !list || definition.child(0)?.type === "async") return null;
  const parameters = parametersOf(list);
  if (parameters.some(({ kind, default: value }) => kind === "keyword-only" && value === null)) return null;
  const byPosition = parameters.filter(({ kind }) => kind === "positional" || kind === "positional-only");
  const open = parameters.some(({ kind }) => kind === "var-positional");
  return {
    least: byPosition.filter(({ default: value }) => value === null).length,
    most: open ? Infinity : byPosition.length,
  };
}

/** Parameters of the tests' functions to which the function is given: `candidate` of HumanEval's `check(candidate)`. */
function aliasesOf(root: SyntaxNode, entryPoint: string): readonly string[] {
  const checks = root.codeChildren.filter(({ type }) => type === "function_definition");
  return nodesOf(root, "call").flatMap((call) => {
    const check = checks.find(
      (node) => node.childForFieldName("name")?.text === call.childForFieldName("function")?.text,
    );
    const parameters = check?.childForFieldName("parameters")?.codeChildren ?? [];
    const given = call.childForFieldName("arguments")?.codeChildren ?? [];
    return given.flatMap(({ text }, at) => (text === entryPoint ? (parameters[at]?.text ?? []) : []));
  });
}

function nodesOf(node: SyntaxNode, type: string): readonly SyntaxNode[] {
  const below = node.children.flatMap((child) => nodesOf(child, type));
  return node.type === type ? [node, ...below] : below;
}

function callsOf(node: SyntaxNode, names: readonly string[]): readonly SyntaxNode[] {
  return nodesOf(node, "call").filter((call) => {
    const called = call.childForFieldName("function");
    return called?.type === "identifier" && names.includes(called.text);
  });
}

/** Number of arguments, named ones included; null where it is not written out. */
function countOf(call: SyntaxNode): number | null {
  const given = call.childForFieldName("arguments");
  if (given?.type === "generator_expression") return 1;
  const values = given?.codeChildren ?? [];
  return values.some(({ type }) => /_splat$/.test(type)) ? null : values.length;
}

/** True for an assert that always runs and uses the function and builtins only. */
function standsAlone(node: SyntaxNode, names: readonly string[]): boolean {
  const around = node.parent?.type === "block" ? node.parent.parent : node.parent;
  if (around?.type !== "module" && around?.type !== "function_definition") return false;
  const read = scopesOf(node).module.globalReads();
  return [...read].every((name) => names.includes(name) || BUILTINS.has(name));
}

/** Whether the tests use names that only the problem's own code binds. */
function needsMore(tests: SyntaxNode, code: string, names: readonly string[]): boolean {
  const root = treeOf(code)?.root;
  if (root === undefined) return false;
  const { bound } = scopesOf(root).module;
  const scope = scopesOf(tests).module;
  return [...scope.globalReads()].some(
    (name) => bound.has(name) && !scope.bound.has(name) && !names.includes(name),
  );
}
