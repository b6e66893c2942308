// How many functions are left after each filter on the way from a corpus to its seeds: what publications of such data leave
// out, and what whoever moves a filter wants to see. Pure; from counts by reason.
import type { ParseFailure } from "../python/syntax.js";
import type { SeedReason } from "./filters.js";

/** What is left after a step, and why the others left. */
export interface FunnelStep {
  readonly name: string;
  readonly count: number;
  /** Functions left out at this step, by reason. */
  readonly left: Readonly<Record<string, number>>;
}

/** Reasons of whole files are no function's. */
type FunctionReason = Exclude<SeedReason, ParseFailure | "python-2">;

/** In the order in which they are tried; each is named after what it leaves. */
const STEPS = [
  "of the module level",
  "no tests, no dunders",
  "documented",
  "give a value back",
  "stand alone",
  "within the thresholds",
  "not seen before",
  "in no benchmark",
  "types check",
] as const;

const STEP_OF: Readonly<Record<FunctionReason, (typeof STEPS)[number]>> = {
  "syntax-error": "of the module level",
  method: "of the module level",
  nested: "of the module level",
  conditional: "of the module level",
  "test-function": "no tests, no dunders",
  dunder: "no tests, no dunders",
  "no-docstring": "documented",
  "no-return-value": "give a value back",
  "trivial-body": "give a value back",
  "undefined-name": "stand alone",
  "star-import": "stand alone",
  "relative-import": "stand alone",
  "needs-file": "stand alone",
  "third-party-import": "stand alone",
  "needs-process": "stand alone",
  "generated-code": "within the thresholds",
  "vendored-code": "within the thresholds",
  licence: "within the thresholds",
  "no-keyword": "within the thresholds",
  "short-docstring": "within the thresholds",
  "long-docstring": "within the thresholds",
  "no-parameters": "within the thresholds",
  "few-annotations": "within the thresholds",
  "todo-word": "within the thresholds",
  "bad-import": "within the thresholds",
  "too-short": "within the thresholds",
  "too-long": "within the thresholds",
  "long-line": "within the thresholds",
  "too-simple": "within the thresholds",
  "too-complex": "within the thresholds",
  "exact-duplicate": "not seen before",
  "near-duplicate": "not seen before",
  contaminated: "in no benchmark",
  "type-error": "types check",
  "type-unknown": "types check",
};

/**
 * From all functions to the seeds; a step that left nothing out is not listed, and the last one is called `seeds`.
 * `rejected` counts the functions left out by reason, as in `seed_output/stats.json`.
 */
export function seedFunnel({
  functions,
  rejected,
}: {
  readonly functions: number;
  readonly rejected: Readonly<Record<string, number>>;
}): FunnelStep[] {
  const all = Object.entries(rejected);
  let count = functions;
  const taken = STEPS.flatMap((name): FunnelStep[] => {
    const reasons = all.filter(([reason]) => STEP_OF[reason as FunctionReason] === name);
    if (reasons.length === 0) return [];
    count -= reasons.reduce((sum, [, some]) => sum + some, 0);
    return [{ name, count, left: Object.fromEntries(reasons) }];
  });
  const last = taken.pop();
  return [
    { name: "functions read", count: functions, left: {} },
    ...taken,
    { name: "seeds", count, left: last?.left ?? {} },
  ];
}
