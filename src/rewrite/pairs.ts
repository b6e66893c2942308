// Pairs to learn rewriting from: what somebody asked and the code that answers it go in, the question that names what the code
// names comes out. In: CoNaLa's files. Out: texts for a sequence-to-sequence model, and how many rows gave none, and why.
import path from "node:path";
import { readConala, type ConalaRecord, type NoRecord } from "./conala.js";

export interface RewritePair {
  /** Of the record: a question's number, or where a function stands. */
  readonly id: string;
  /** `<intent>\n<snippet>`. */
  readonly source: string;
  readonly target: string;
}

/** Why a row gives no pair. */
export type NoPair = NoRecord | "no-rewriting";

export interface Pairs {
  readonly pairs: readonly RewritePair[];
  readonly dropped: Readonly<Partial<Record<NoPair, number>>>;
}

export interface PairOptions {
  /** Takes the intent itself for the target where nobody rewrote it, as CoNaLa's baseline does. Default false: no pair. */
  readonly intentForNone?: boolean;
}

/** The pair of a record; null where nobody rewrote its intent and that is not to stand for itself. */
export function conalaPair(
  { questionId, intent, rewrittenIntent, snippet }: ConalaRecord,
  { intentForNone = false }: PairOptions = {},
): RewritePair | null {
  const target = rewrittenIntent ?? (intentForNone ? intent : null);
  return target === null
    ? null
    : { id: String(questionId), source: pairSource(intent, snippet), target: target.trim() };
}

/** What a model that rewrites is given: an intent of one line, and the code below it. */
export function pairSource(intent: string, snippet: string): string {
  return `${intent.trim().replace(/\s+/g, " ")}\n${snippet.trim()}`;
}

/** The pairs of a file. @throws InputError as `readConala`. */
export async function conalaPairs(file: string, options: PairOptions = {}): Promise<Pairs> {
  const pairs: RewritePair[] = [];
  const dropped: Partial<Record<NoPair, number>> = {};
  for await (const row of readConala(file)) {
    const pair = "record" in row ? (conalaPair(row.record, options) ?? "no-rewriting") : row.reason;
    if (typeof pair === "string") dropped[pair] = (dropped[pair] ?? 0) + 1;
    else pairs.push(pair);
  }
  return { pairs, dropped };
}

/**
 * The curated corpus as it is published: `conala-train.json` to learn from, `conala-test.json` to validate with.
 * @throws InputError where the folder lacks one of them.
 */
export async function curatedConala(
  folder: string,
  options: PairOptions = {},
): Promise<{ readonly training: Pairs; readonly validation: Pairs }> {
  return {
    training: await conalaPairs(path.join(folder, "conala-train.json"), options),
    validation: await conalaPairs(path.join(folder, "conala-test.json"), options),
  };
}
