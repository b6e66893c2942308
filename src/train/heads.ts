// Attention's heads: apart for the scores, side by side for the projections.
import { reshape, transpose } from "../grad/shapes.js";
import type { Tape, Var } from "../grad/tape.js";

/** Heads of [rows * T, heads * width] as [rows, heads, T, width]. */
export function apart(tape: Tape, x: Var, rows: number, heads: number): Var {
  const [all = 0, width = 0] = x.dims;
  return transpose(tape, reshape(tape, x, [rows, all / rows, heads, width / heads]), [0, 2, 1, 3]);
}

/** Heads of [rows, heads, T, width] side by side, [rows * T, heads * width]. */
export function together(tape: Tape, x: Var): Var {
  const [rows = 0, heads = 0, length = 0, width = 0] = x.dims;
  return reshape(tape, transpose(tape, x, [0, 2, 1, 3]), [rows * length, heads * width]);
}
