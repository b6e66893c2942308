// Finished pairs against one another and against benchmarks. Of pairs that say the same, in the instruction, in the
// response or in what the code does whatever its names are, the first stays; a pair that tells or solves a benchmark's
// problem is a copy of it. Only the pairs kept are remembered, so that a resume adds these again, in their order.
// Needs `loadGrammar` first.
import {
  clusterNearDuplicates,
  linkedTogether,
  openNearDuplicates,
  PAIR_THRESHOLD,
  type NearDuplicates,
} from "./dedupe.js";
import type { Contamination, Decontamination } from "./decontaminate.js";
import { codeTokens } from "./lexer.js";
import { shapeOf } from "./shape.js";

/** What is compared of a pair. */
export interface PairText {
  readonly instruction: string;
  /** Prose and code, as it is published. */
  readonly response: string;
  /** The Python inside the response. */
  readonly code: string;
}

/** In what two pairs are alike: what the instruction says, what the response says, or the shape of the code. */
export type PairLikeness = "instruction" | "response" | "code";

export interface PairDuplicate {
  /** Key of the pair that was kept. */
  readonly of: string;
  readonly by: PairLikeness;
  /** Estimated Jaccard similarity of 5-grams, 0..1. */
  readonly similarity: number;
}

export interface PairsOptions {
  /** Jaccard similarity, above 0 and at most 1, from which two of a kind are alike; default 0.7. */
  readonly threshold?: number;
}

export interface Pairs {
  /** The most similar pair kept before, or null, and then this one is kept. */
  readonly add: (pair: PairText & { readonly key: string }) => PairDuplicate | null;
  /** Pairs kept so far. */
  readonly size: () => number;
}

/**
 * Words below which a shape is everybody's: such code is a duplicate only of the same tokens, names and numbers included.
 * Of the 922 documented functions at module level of CPython 3.14's library whose shapes are as long, 21 are taken for
 * copies at 0.7, siblings like `re.sub` and `re.subn`; of the 458 solutions of HumanEval and MBPP, 30, which do the same
 * task or its counterpart. With 30 words these are 28 of 1,095 and 48 of 614.
 */
export const MIN_SHAPE_WORDS = 40;

/**
 * An empty memory of pairs; each kept costs three texts of `openNearDuplicates` (some 600 bytes each) and its key. Where
 * code carries helpers that it has in common with others, give it, and the response, without them: of 229 pairs made of
 * the standard library's functions 31 would go, of their functions alone 4.
 */
export function openPairs({ threshold = PAIR_THRESHOLD }: PairsOptions = {}): Pairs {
  const memories: readonly (readonly [PairLikeness, NearDuplicates])[] = [
    ["instruction", openNearDuplicates({ threshold })],
    ["response", openNearDuplicates({ threshold })],
    ["code", openNearDuplicates({ threshold })],
    ["code", openNearDuplicates({ threshold: 1 })],
  ];
  const keys: string[] = [];
  return {
    size: () => keys.length,
    add({ key, instruction, response, code }) {
      const texts = [instruction, response, ...codeTexts(code)];
      const looks = memories.map(([by, memory], at) => ({ by, ...memory.look(texts[at] ?? "") }));
      let nearest: PairDuplicate | null = null;
      for (const { by, near } of looks)
        if (near !== null && near.similarity > (nearest?.similarity ?? 0))
          nearest = { of: keys[near.duplicateOf] ?? "", by, similarity: near.similarity };
      if (nearest !== null) return nearest;
      for (const { keep } of looks) keep();
      keys.push(key);
      return null;
    },
  };
}

/**
 * Clusters of pairs that are alike, in any of the ways of `openPairs` and also through others: for each the number of the first
 * of its cluster. For splits that nothing may cross.
 */
export function clusterPairs(
  pairs: readonly PairText[],
  { threshold = PAIR_THRESHOLD }: PairsOptions = {},
): Uint32Array {
  const codes = pairs.map(({ code }) => codeTexts(code));
  const alike = (texts: Iterable<string>, from: number): Uint32Array =>
    clusterNearDuplicates(texts, { threshold: from }).survivors;
  return linkedTogether([
    alike(
      pairs.map(({ instruction }) => instruction),
      threshold,
    ),
    alike(
      pairs.map(({ response }) => response),
      threshold,
    ),
    alike(
      codes.map(([shape]) => shape),
      threshold,
    ),
    alike(
      codes.map(([, tokens]) => tokens),
      1,
    ),
  ]);
}

/** What code is compared by: its shape, or where that is too short its tokens; the other of the two is empty. */
function codeTexts(code: string): readonly [string, string] {
  const shape = shapeOf(code);
  if (shape.length >= MIN_SHAPE_WORDS) return [shape.join(" "), ""];
  // In hexadecimal, since signs count here and a text is compared by its words.
  const tokens = codeTokens(code).map(({ text }) => Buffer.from(text).toString("hex"));
  return ["", tokens.join(" ")];
}

/** The benchmark's problem of which a pair holds the greatest share, by its code or by the words of either text. */
export function contaminationOf(
  benchmarks: Pick<Decontamination, "check">,
  { instruction, response, code }: PairText,
): Contamination | null {
  // What follows an example counts as well.
  const said = [instruction, response].map((text) => text.replace(/^[ \t]*>>>.*$/gm, ""));
  const [first, second] = said.map((docstring, at) =>
    benchmarks.check({ code: at === 0 ? code : "", docstring }),
  );
  return (second?.share ?? 0) > (first?.share ?? 0) ? (second ?? null) : (first ?? null);
}
