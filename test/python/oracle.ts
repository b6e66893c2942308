// Compares our facts about functions with CPython's own, as test/system/oracle.py writes them.
import { functionsOf, type FunctionFacts } from "../../src/python/functions.js";
import { parsePython } from "../../src/python/syntax.js";

/** What oracle.py says about one text; `mccabe` and `radon` are null where Python lacks the package. */
export interface OracleFacts {
  readonly functions: readonly OracleFunction[];
  /** By `line:name`, for functions of the module level. */
  readonly freeNames: Readonly<Record<string, readonly string[]>>;
  readonly mccabe: Readonly<Record<string, number>> | null;
  readonly radon: Readonly<Record<string, number>> | null;
}

interface OracleFunction {
  readonly name: string;
  readonly qualname: string;
  readonly line: number;
  readonly startLine: number;
  readonly endLine: number;
  readonly async: boolean;
  readonly docstring: string | null;
  readonly returnsValue: boolean;
  readonly parameters: readonly (readonly [name: string, kind: string, annotated: boolean])[];
  readonly returnAnnotated: boolean;
}

/** How often each kind of fact was compared, and every difference found, told in words. */
export interface Comparison {
  readonly compared: Record<string, number>;
  readonly differences: string[];
}

export function emptyComparison(): Comparison {
  return { compared: {}, differences: [] };
}

/** Adds the comparison of one text. */
export function compareText(path: string, text: string, expected: OracleFacts, into: Comparison): void {
  const tree = parsePython(text, { timeoutMs: 60_000 });
  if (!tree) throw new Error(`${path} took too long to parse`);
  const found = functionsOf(tree, text);
  tree.delete();
  check(into, "functions", `${path}: number`, found.length, expected.functions.length);
  const byPlace = new Map(found.map((facts) => [`${facts.line}:${facts.name}`, facts]));
  for (const theirs of expected.functions) {
    const ours = byPlace.get(`${theirs.line}:${theirs.name}`);
    const label = `${path}:${theirs.line} ${theirs.qualname}`;
    check(into, "found", label, ours !== undefined, true);
    if (ours) compareFunction(label, ours, theirs, expected, into);
  }
}

function compareFunction(
  label: string,
  ours: FunctionFacts,
  theirs: OracleFunction,
  all: OracleFacts,
  into: Comparison,
): void {
  const { parameters, ...plain } = theirs;
  for (const key of Object.keys(plain) as (keyof typeof plain)[]) {
    check(into, key, label, ours[key], theirs[key]);
  }
  const kinds = ours.parameters.map(({ name, kind, annotation }) => [name, kind, annotation !== null]);
  check(into, "parameters", label, JSON.stringify(kinds), JSON.stringify(parameters));
  check(into, "params", label, ours.params, parameters.length);
  check(into, "annotatedParams", label, ours.annotatedParams, parameters.filter(([, , is]) => is).length);
  const free = ours.topLevel
    ? (all.freeNames[`${theirs.startLine}:${theirs.name}`] ?? all.freeNames[`${theirs.line}:${theirs.name}`])
    : undefined;
  if (free) check(into, "freeNames", label, ours.freeNames.join(" "), [...free].sort().join(" "));
  const mccabe = all.mccabe?.[theirs.line];
  if (mccabe !== undefined) check(into, "complexity", label, ours.complexity, mccabe);
  const radon = all.radon?.[theirs.line];
  if (radon !== undefined) check(into, "complexityRadon", label, ours.complexityRadon, radon);
}

function check(into: Comparison, what: string, label: string, ours: unknown, theirs: unknown): void {
  into.compared[what] = (into.compared[what] ?? 0) + 1;
  if (ours !== theirs)
    into.differences.push(`${label}: ${what} is ${String(ours)}, Python says ${String(theirs)}`);
}
