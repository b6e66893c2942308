// Overlaps as filters: seeds that repeat a problem of a benchmark, and seeds that resemble one that was kept before. Of a
// seed only the function itself is looked at: helpers in common make different functions alike.
import type { Seed } from "../core/record.js";
import { contaminationDetail, type Decontamination } from "../overlap/decontaminate.js";
import { openNearDuplicates } from "../overlap/dedupe.js";
import { functionsOf } from "../python/functions.js";
import { parsePython } from "../python/syntax.js";
import type { OrderedFilter } from "./ordered.js";

/** The function without what it carries. */
function functionOf({ seed, entryPoint }: Seed): string {
  const tree = parsePython(seed);
  if (tree === null) return seed;
  try {
    const own = functionsOf(tree, seed).findLast(({ qualname }) => qualname === entryPoint);
    return own === undefined ? seed : seed.slice(own.startIndex, own.endIndex);
  } finally {
    tree.delete();
  }
}

/** Refuses what holds enough of a benchmark's problem to be its copy; the detail names the problem. */
export function contaminated(benchmarks: Pick<Decontamination, "check">): OrderedFilter {
  return {
    refuse(seed) {
      const hit = benchmarks.check({ code: functionOf(seed), docstring: seed.docstring });
      return hit === null ? null : { reason: "contaminated", detail: contaminationDetail(hit) };
    },
  };
}

/**
 * Refuses what resembles a seed that was kept, from this Jaccard similarity on; the detail names the survivor. Must be
 * the last filter of a run: what it lets pass counts as kept.
 */
export function nearDuplicates(threshold: number): OrderedFilter {
  const memory = openNearDuplicates({ threshold });
  const keys: string[] = [];
  // A seed that was just let pass is remembered already; one of an earlier start is not.
  let passed: Seed | null = null;
  return {
    refuse(seed) {
      const answer = memory.add(functionOf(seed));
      passed = answer.kept ? seed : null;
      if (answer.kept) return null;
      const survivor = keys[answer.duplicateOf] ?? "";
      return { reason: "near-duplicate", detail: `${survivor} ${answer.similarity.toFixed(2)}` };
    },
    keep(seed) {
      if (passed !== seed) memory.add(functionOf(seed));
      keys.push(seed.key);
    },
  };
}
