// What is done with one file, by name, so that a thread can be told to do it: pure functions of the file and of options
// that can be sent to another thread. Both sides of the thread import this table, and so agree on it.
import type { Reject, Seed, SourceFile } from "../core/record.js";
import type { ParseFailure } from "../python/syntax.js";
import { readFunctions, type FunctionsOfFile } from "./functions.js";
import { seedsOf, type SeedOptions } from "./seeds.js";

/** Options and result of each job. */
export interface Jobs {
  readonly seeds: { readonly options: SeedOptions; readonly result: readonly (Seed | Reject)[] };
  readonly functions: {
    readonly options: { readonly timeoutMs?: number };
    readonly result: FunctionsOfFile | ParseFailure;
  };
}

export type JobName = keyof Jobs;

const JOBS: {
  readonly [Name in JobName]: (file: SourceFile, options: Jobs[Name]["options"]) => Jobs[Name]["result"];
} = {
  seeds: (file, options) => inOrder(seedsOf(file, options)),
  functions: (file, options) => readFunctions(file, options.timeoutMs),
};

/** Does a job on a file. Needs `loadGrammar` first. */
export function doJob<Name extends JobName>(
  name: Name,
  file: SourceFile,
  options: Jobs[Name]["options"],
): Jobs[Name]["result"] {
  return JOBS[name](file, options);
}

/** Seeds and rejects of one file as they stand in it. */
function inOrder({
  seeds,
  rejects,
}: {
  seeds: readonly Seed[];
  rejects: readonly Reject[];
}): (Seed | Reject)[] {
  return [...seeds, ...rejects].sort(
    (a, b) => a.provenance.startLine - b.provenance.startLine || (a.key < b.key ? -1 : 1),
  );
}
