// What other thresholds would have kept, from the rows of a finished run: pure, and without the corpus. It is exact for
// the files that the run read; filters that ask a type checker or compare seeds with one another are taken at their
// word, and functions that could not be carried at all stay refused.
import type { MeasuredReject, Reject, Seed, SeedFigures } from "../core/record.js";
import { missedThreshold, THRESHOLD_REASONS } from "./measure.js";
import { thresholdsOf, type Filters } from "./thresholds.js";

/** A function with its figures: a seed, or a reject that could become one. */
export type MeasuredRow = Pick<Seed, "key" | "sha1" | "figures" | "provenance">;

export interface Refiltered {
  /** What the thresholds keep: seeds of the run first, then rejects that they let pass. */
  readonly kept: readonly MeasuredRow[];
  /** What they leave out, functions and whole files, each with its reason now. */
  readonly dropped: readonly Reject[];
}

/**
 * Judges the rows of `filtered_functions.jsonl` and `rejected.jsonl` again. Of functions with the same text the first
 * that passes is kept, seeds of the run before rejects.
 * @throws InputError for thresholds that do not exist.
 */
export function refilter(
  seeds: readonly Seed[],
  rejects: readonly Reject[],
  filters: Filters = {},
): Refiltered {
  const thresholds = thresholdsOf(filters);
  const seen = new Set<string>();
  const kept: MeasuredRow[] = [];
  const dropped: Reject[] = [];
  const judge = (row: MeasuredRow, before: Reject): void => {
    const missed = missedThreshold(row.figures, row.provenance.licence, thresholds);
    if (missed) dropped.push({ ...before, ...missed });
    else if (!THRESHOLD_REASONS.has(before.reason) && before.reason !== DUPLICATE) dropped.push(before);
    else if (seen.has(row.sha1)) dropped.push({ ...before, reason: DUPLICATE, detail: row.sha1 });
    else {
      seen.add(row.sha1);
      kept.push(row);
    }
  };
  for (const seed of seeds) judge(seed, rejectOfSeed(seed));
  for (const reject of rejects) {
    if (isMeasured(reject)) judge(reject, reject);
    else dropped.push(reject);
  }
  return { kept, dropped };
}

const DUPLICATE = "exact-duplicate";

/** A kept row as the reject that it would become; its reason is always replaced. */
function rejectOfSeed({ key, entryPoint: qualname, provenance, sha1, figures }: Seed): MeasuredReject {
  return { key, stage: "seeds", reason: DUPLICATE, detail: "", qualname, provenance, sha1, figures };
}

function isMeasured(reject: Reject): reject is MeasuredReject {
  // A cast because rows of a reject file are of either shape.
  return (reject as Reject & { readonly figures?: SeedFigures }).figures !== undefined;
}
