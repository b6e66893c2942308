// Where the numbers of a model lie while it learns: all weights in one stretch, their gradients and moments in others of the
// same order, so that an update goes over them piece by piece, whatever parameter a piece is of.
import { countOf } from "../onnx/header.js";
import type { Parameter } from "../grad/parameters.js";

/** A parameter and the place of its first number. */
export interface Place {
  readonly parameter: Parameter;
  readonly from: number;
}

/** A stretch that is updated at once. */
export interface Piece {
  readonly from: number;
  readonly size: number;
  readonly decayed: boolean;
}

export interface Layout {
  readonly places: readonly Place[];
  readonly pieces: readonly Piece[];
  /** Numbers in all. */
  readonly size: number;
}

/** Decayed parameters come first, so that each piece is of one kind; no piece is longer than `longest`. */
export function layoutOf(parameters: readonly Parameter[], longest: number): Layout {
  const places: Place[] = [];
  const pieces: Piece[] = [];
  let size = 0;
  for (const decayed of [true, false]) {
    const begin = size;
    for (const parameter of parameters.filter((one) => one.decayed === decayed)) {
      places.push({ parameter, from: size });
      size += countOf(parameter.dims);
    }
    for (let from = begin; from < size; from += longest)
      pieces.push({ from, size: Math.min(longest, size - from), decayed });
  }
  return { places, pieces, size };
}
