// Which validated rows may be published. In: a row with its verdict and figures. Out: the first reason against it, or none.
// Thresholds are data: moving one never runs a model or a program again.
import type { Verdict, WithResult } from "../core/record.js";

/**
 * Why a row is not published: its verdict, the first threshold that it misses, a better answer to its instruction, or what it
 * is a copy of.
 */
export type SelectReason =
  | Verdict
  | "passes-stub"
  | "few-mutants-killed"
  | "low-overlap"
  | "pep8-findings"
  | "format-changes"
  | "few-annotations"
  | "no-docstring"
  | "too-complex"
  | "not-the-best"
  | "near-duplicate-pair"
  | "contaminated-pair";

export interface SelectOptions {
  /** Verdicts that are published; default `verified`, `recorded` and `executed`. */
  readonly verdicts?: readonly Verdict[];
  /** Where there are tests, they must fail on a body of `return None`; default false. */
  readonly killsStub?: boolean;
  /** Smallest killed share of mutants, where any were tried; default 0. */
  readonly minMutationScore?: number;
  /** Smallest overlap of instruction and code; default 0. */
  readonly minOverlap?: number;
  /** Most PEP 8 findings per 100 lines; default no limit. */
  readonly maxPep8Per100Lines?: number;
  /** Largest share of lines that the formatter would change; default 1. */
  readonly maxFormatChanged?: number;
  /** Smallest annotated share, where there is anything to annotate; default 0. */
  readonly minAnnotationCoverage?: number;
  /** The entry point must have a docstring; default false. */
  readonly hasDocstring?: boolean;
  /** Largest cyclomatic complexity (mccabe's) of the entry point; default no limit. */
  readonly maxComplexity?: number;
}

/** Verdicts that are published unless the options say otherwise: the code was called at least once and nothing failed. */
export const PUBLISHED_VERDICTS: readonly Verdict[] = ["verified", "recorded", "executed"];

/** The first reason that `row` itself gives against publishing it, or null. */
export function refusal(row: WithResult, options: SelectOptions = {}): SelectReason | null {
  const { verdicts = PUBLISHED_VERDICTS, killsStub = false, hasDocstring = false } = options;
  const { minMutationScore = 0, minOverlap = 0, minAnnotationCoverage = 0 } = options;
  const { maxPep8Per100Lines = Infinity, maxFormatChanged = 1, maxComplexity = Infinity } = options;
  const { result, metrics } = row;
  if (!verdicts.includes(result.verdict)) return result.verdict;
  if (killsStub && result.killsStub === false) return "passes-stub";
  if ((result.mutationScore ?? 1) < minMutationScore) return "few-mutants-killed";
  if (metrics.overlap < minOverlap) return "low-overlap";
  if (metrics.pep8Per100Lines > maxPep8Per100Lines) return "pep8-findings";
  if (metrics.formatChanged > maxFormatChanged) return "format-changes";
  if ((metrics.annotationCoverage ?? 1) < minAnnotationCoverage) return "few-annotations";
  if (hasDocstring && !metrics.hasDocstring) return "no-docstring";
  return metrics.complexity > maxComplexity ? "too-complex" : null;
}
