// Which pieces of code become tokens: those that are there often enough. The others are spelled in bytes when a text is encoded,
// so a higher cut-off makes a smaller vocabulary and longer texts. Pure functions of how often each piece is there.
import { bareOf } from "../model/pieces.js";
import { sumOf } from "./analysis.js";

/** A piece without its case, and how often it is there. */
export interface PieceCount {
  readonly piece: string;
  readonly count: number;
}

/**
 * The pieces that are there at least `minFrequency` times, the most frequent first. A blank or "_" before a piece that is rarer is
 * a token of its own, so what is behind it counts as if it stood alone. Single bytes, which are tokens always, are left out.
 */
export function frequentPieces(
  frequencies: ReadonlyMap<string, number>,
  minFrequency: number,
): readonly PieceCount[] {
  const counts = new Map<string, number>();
  for (const [piece, count] of frequencies) {
    const known = count < minFrequency ? (bareOf(piece) ?? piece) : piece;
    counts.set(known, (counts.get(known) ?? 0) + count);
  }
  return [...counts]
    .filter(([piece, count]) => count >= minFrequency && Buffer.byteLength(piece) > 1)
    .map(([piece, count]) => ({ piece, count }))
    .sort((a, b) => b.count - a.count || (a.piece < b.piece ? -1 : 1));
}

/** What a cut-off leaves. */
export interface CurvePoint {
  /** A piece that is there less often is no token. */
  readonly cutoff: number;
  readonly pieces: number;
  /** Share of all pieces in the texts that are one token, from 0 to 1. */
  readonly covered: number;
}

/** Vocabulary against cut-off, for each of the cut-offs. */
export function vocabularyCurve(
  frequencies: ReadonlyMap<string, number>,
  cutoffs: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
): readonly CurvePoint[] {
  const all = [...frequencies];
  const total = sumOf(all.map(([, count]) => count));
  return cutoffs.map((cutoff) => {
    const kept = new Set(frequentPieces(frequencies, cutoff).map(({ piece }) => piece));
    const whole = all.filter(([piece]) => kept.has(piece) || Buffer.byteLength(piece) === 1);
    const covered = total === 0 ? 0 : sumOf(whole.map(([, count]) => count)) / total;
    return { cutoff, pieces: kept.size, covered };
  });
}
