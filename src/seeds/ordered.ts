// Filters that depend on what was kept before, or that must wait for an answer: asked one seed after the other in the
// corpus's order, after all thresholds, so that a resumed run decides as an uninterrupted one does.
import type { MeasuredReject, Seed } from "../core/record.js";
import type { Why } from "./filters.js";

/** One such filter; those of a run are asked in their order until one refuses. */
export interface OrderedFilter {
  /** Why a seed is not to be kept, or null. */
  refuse(seed: Seed): Why | null | Promise<Why | null>;
  /** Told of each seed kept, in the corpus's order, those of earlier starts of the run included. */
  keep?(seed: Seed): void;
}

/** Refuses a text that was kept before. */
export function exactDuplicates(): OrderedFilter {
  const seen = new Set<string>();
  return {
    refuse: ({ sha1 }) => (seen.has(sha1) ? { reason: "exact-duplicate", detail: sha1 } : null),
    keep: ({ sha1 }) => void seen.add(sha1),
  };
}

/** The seed, or what it becomes when one of the filters refuses it. */
export async function keptOr(seed: Seed, filters: readonly OrderedFilter[]): Promise<Seed | MeasuredReject> {
  for (const filter of filters) {
    const why = await filter.refuse(seed);
    if (why) return refused(seed, why);
  }
  for (const filter of filters) filter.keep?.(seed);
  return seed;
}

function refused({ key, sha1, entryPoint: qualname, provenance, figures }: Seed, why: Why): MeasuredReject {
  return { key, stage: "seeds", ...why, qualname, provenance, sha1, figures };
}
