// Operations that move numbers without changing them, with their gradients.
import { axisOf, node, reshaped, transposed, whole } from "./nodes.js";
import { record, recordMany, type Tape, type Var } from "./tape.js";

/** The same numbers, row by row, in another shape. */
export function reshape(tape: Tape, x: Var, dims: readonly number[]): Var {
  const y = reshaped(tape, x, dims);
  return y === x ? x : record(tape, [x], y, (d) => [reshaped(tape, d, x.dims)]);
}

/** Axes in another order: axis `at` of the result is axis `order[at]` of x. */
export function transpose(tape: Tape, x: Var, order: readonly number[]): Var {
  const back = order.map((_, at) => order.indexOf(at));
  return record(tape, [x], transposed(tape, x, order), (d) => [transposed(tape, d, back)]);
}

/** Pieces of these sizes along an axis. */
export function split(tape: Tape, x: Var, axis: number, sizes: readonly number[]): Var[] {
  const pieces = piecesOf(tape, x, axis, sizes);
  recordMany(tape, [x], pieces, (ds) => [
    joinedAlong(
      tape,
      ds.map((d, at) => d ?? zeros(tape, pieces[at]?.dims ?? [])),
      axis,
    ),
  ]);
  return pieces;
}

/** Values one after another along an axis. */
export function concat(tape: Tape, pieces: readonly Var[], axis: number): Var {
  const sizes = pieces.map((piece) => piece.dims[axisOf(piece, axis)] ?? 0);
  return record(tape, pieces, joinedAlong(tape, pieces, axis), (d) => piecesOf(tape, d, axis, sizes));
}

/** From `start` up to `end` along an axis. */
export function slice(tape: Tape, x: Var, axis: number, start: number, end: number): Var {
  const at = axisOf(x, axis);
  const size = x.dims[at] ?? 0;
  const dims = x.dims.with(at, end - start);
  const bounds = [[start], [end], [at]].map((list) => whole(tape, list));
  return record(tape, [x], node(tape, "Slice", [x, ...bounds], dims), (d) => {
    const before = zeros(tape, x.dims.with(at, start));
    const after = zeros(tape, x.dims.with(at, size - end));
    return [joinedAlong(tape, [before, d, after], at)];
  });
}

/** Zeros of the tape's type. */
export function zeros(tape: Tape, dims: readonly number[]): Var {
  const zero = { value: tape.graph.float(0, tape.real), dims: [], type: tape.real };
  return node(tape, "Expand", [zero, whole(tape, dims)], dims);
}

function piecesOf({ graph }: Tape, x: Var, axis: number, sizes: readonly number[]): Var[] {
  const at = axisOf(x, axis);
  const pieces = sizes.map((size) => ({ ...x, value: graph.fresh("piece"), dims: x.dims.with(at, size) }));
  const names = pieces.map(({ value }) => value);
  graph.ops("Split", [x.value, graph.int64(sizes)], names, { axis: at });
  return pieces;
}

function joinedAlong(tape: Tape, pieces: readonly Var[], axis: number): Var {
  const [first] = pieces;
  if (first === undefined) throw new Error("internal: nothing to join");
  const at = axisOf(first, axis);
  const size = pieces.reduce((sum, { dims }) => sum + (dims[at] ?? 0), 0);
  return node(tape, "Concat", pieces, first.dims.with(at, size), { axis: at });
}
