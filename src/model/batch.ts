// What both ways to draw have in common: rows that go together, and which prompts enter the model at once.
import type { Drawn, DrawRequest, Row } from "./rows.js";

/** Rows under way and their cache. */
export interface Batch {
  rows(): readonly Row[];
  /** Lets requests in: their prompts go through the model. */
  admit(requests: readonly DrawRequest[]): Promise<void>;
  /** Draws up to `chunk` tokens for every row; gives those that end. */
  step(chunk: number | null): Promise<readonly Drawn[]>;
  /** Gives up all rows; their requests can begin anew. */
  clear(): readonly DrawRequest[];
}

/** Bytes that attention's scores may take while prompts go in. */
const PREFILL_BYTES = 512 * 2 ** 20;

/** Rows with one prompt. */
export interface SamePrompt {
  readonly first: Row;
  readonly all: readonly Row[];
}

/**
 * Equal prompts once, in groups of like length that go through the model together. `scoresOf` says how many of attention's
 * scores, floats, a prompt of a length takes; a group has up to `mostTokens`, its paddings counted, or one prompt.
 */
export function prefillGroups(
  rows: readonly Row[],
  scoresOf: (length: number) => number,
  mostTokens: number,
): readonly (readonly SamePrompt[])[] {
  const prompts = new Map<string, { first: Row; all: Row[] }>();
  for (const row of rows) {
    const text = row.request.prompt.join();
    const same = prompts.get(text);
    if (same) same.all.push(row);
    else prompts.set(text, { first: row, all: [row] });
  }
  const lengthOf = ({ first }: SamePrompt): number => first.request.prompt.length;
  const sorted = [...prompts.values()].sort((a, b) => lengthOf(a) - lengthOf(b));
  const groups: SamePrompt[][] = [];
  for (const prompt of sorted) {
    const last = groups.at(-1);
    const length = lengthOf(prompt);
    const together = (last?.length ?? 0) + 1;
    const fits = together * 4 * scoresOf(length) <= PREFILL_BYTES && together * length <= mostTokens;
    if (last !== undefined && fits) last.push(prompt);
    else groups.push([prompt]);
  }
  return groups;
}
