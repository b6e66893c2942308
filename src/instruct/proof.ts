// Whether worked examples are what they claim: the answer runs and its tests hold and say something, as for any answer of a
// model, no benchmark's problem is given away, and no two examples teach the same concept. Needs `loadGrammar` first.
import { sha1Of, type Judged, type Metrics } from "../core/record.js";
import type { Contamination, Decontamination } from "../overlap/decontaminate.js";
import type { JudgingSandbox } from "../sandbox/sandbox.js";
import { assess } from "../validate/assess.js";
import { entryPointOf } from "../validate/entry.js";
import { measure } from "../validate/metrics.js";
import type { WorkedExample } from "./examples.js";

/** What was found out about one example. */
export interface Proof {
  readonly example: string;
  readonly judged: Judged;
  readonly metrics: Metrics;
  /** The benchmark problem that its snippet, task or answer copies; null for none. */
  readonly contamination: Contamination | null;
  /** Concepts that other examples have too. */
  readonly shared: readonly string[];
  /** True where it is verified, original and shares nothing. */
  readonly holds: boolean;
}

export interface ProofOptions {
  readonly sandbox: JudgingSandbox;
  readonly decontamination: Decontamination;
  /** Wrong variants of each answer that its tests are tried on. Default 12. */
  readonly mutants?: number;
}

/** Decides which mutants are tried. */
const SEED = 0;

/** The proof of each example, in their order. */
export function proveExamples(
  examples: readonly WorkedExample[],
  { sandbox, decontamination, mutants = 12 }: ProofOptions,
): Promise<Proof[]> {
  const proofs = examples.map(async (example) => {
    const { name, implementation: code, tests, instruction, snippet } = example;
    const entryPoint = entryPointOf(code, tests);
    const job = { key: sha1Of(name), code, tests, origins: ["model"], entryPoint } as const;
    const judged = await assess(sandbox, job, { seed: SEED, mutants });
    const contamination =
      decontamination.check({ code, docstring: instruction }) ??
      decontamination.check({ code: snippet, docstring: null });
    const others = new Set(
      examples.filter((other) => other !== example).flatMap(({ concepts }) => concepts.map(plain)),
    );
    const shared = example.concepts.filter((concept) => others.has(plain(concept)));
    return {
      example: name,
      judged,
      metrics: measure(code, entryPoint ?? "", instruction),
      contamination,
      shared,
      holds: judged.verdict === "verified" && contamination === null && shared.length === 0,
    };
  });
  return Promise.all(proofs);
}

function plain(concept: string): string {
  return concept.toLowerCase();
}
