// Types as a filter: a seed in which the type checker finds an error is refused, with the first error as what was seen.
// Takes the checker as it comes; who opened it closes it.
import type { TypeChecker } from "../python/pyright.js";
import type { OrderedFilter } from "./ordered.js";

/** Refuses seeds with type errors, and those that the checker has no verdict on. */
export function typeErrors(checker: Pick<TypeChecker, "check">): OrderedFilter {
  return {
    refuse: async ({ seed }) => {
      const verdict = await checker.check(seed);
      if ("unknown" in verdict) return { reason: "type-unknown", detail: verdict.unknown };
      const [first] = verdict.errors;
      if (!first) return null;
      return { reason: "type-error", detail: `line ${first.line}: ${first.message} (${first.code})` };
    },
  };
}
