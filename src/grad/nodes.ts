// Nodes with shapes, noted on no tape: what operations and their gradients are written with.
import { countOf } from "../onnx/header.js";
import { ELEMENT, MICROSOFT, type Attributes, type ElementType } from "../onnx/graph.js";
import type { Tape, Var } from "./tape.js";

/** An axis counted from the front; negative ones are counted from the end. */
export function axisOf({ dims }: Var, axis: number): number {
  return axis < 0 ? axis + dims.length : axis;
}

/** A node with one output of this shape; of the first input's type unless told otherwise. */
export function node(
  { graph }: Tape,
  operator: string,
  inputs: readonly Var[],
  dims: readonly number[],
  attributes: Attributes = {},
  type: ElementType = inputs[0]?.type ?? "float32",
): Var {
  const names = inputs.map(({ value }) => value);
  return { value: graph.op(operator, names, attributes), dims, type };
}

/** A number of the tape's type. */
export function scalar({ graph, real }: Tape, value: number): Var {
  return { value: graph.float(value, real), dims: [], type: real };
}

/** A list of whole numbers, as Reshape and its like take them. */
export function whole({ graph }: Tape, values: readonly number[]): Var {
  return { value: graph.int64(values), dims: [values.length], type: "int64" };
}

/** A table of the tape's type; the same name twice is the same table. */
export function table(
  { graph, real }: Tape,
  name: string,
  dims: readonly number[],
  numbers: ArrayLike<number>,
): Var {
  const array = real === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers);
  const value = graph.weight({ name, type: real, dims, data: new Uint8Array(array.buffer) });
  return { value, dims, type: real };
}

/** Shape of an elementwise operation's result, by ONNX's rules of broadcasting. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, at) => {
    const [x, y] = [a[at - rank + a.length] ?? 1, b[at - rank + b.length] ?? 1];
    if (x !== y && x !== 1 && y !== 1)
      throw new Error(`internal: shapes [${a.join()}] and [${b.join()}] don't go together`);
    return x === 1 ? y : x;
  });
}

/** An elementwise operation of two values; its shape is what broadcasting makes of theirs. */
export function pairwise(tape: Tape, operator: string, a: Var, b: Var): Var {
  return node(tape, operator, [a, b], broadcast(a.dims, b.dims));
}

/** An elementwise operation of one value. */
export function each(tape: Tape, operator: string, x: Var): Var {
  return node(tape, operator, [x], x.dims);
}

export function times(tape: Tape, x: Var, factor: number): Var {
  return pairwise(tape, "Mul", x, scalar(tape, factor));
}

export function plus(tape: Tape, x: Var, number: number): Var {
  return pairwise(tape, "Add", x, scalar(tape, number));
}

/** ReduceSum and its like over some axes, which stay with size 1. */
export function reduced(tape: Tape, operator: string, x: Var, axes: readonly number[]): Var {
  const over = axes.map((axis) => axisOf(x, axis));
  const dims = x.dims.map((dim, at) => (over.includes(at) ? 1 : dim));
  return node(tape, operator, [x, whole(tape, over)], dims, { keepdims: 1 });
}

/** The sum of all, a single number. */
export function total(tape: Tape, operator: string, x: Var): Var {
  return node(tape, operator, [x], [], { keepdims: 0 });
}

export function reshaped(tape: Tape, x: Var, dims: readonly number[]): Var {
  if (countOf(dims) !== countOf(x.dims))
    throw new Error(`internal: [${x.dims.join()}] can't become [${dims.join()}]`);
  return String(dims) === String(x.dims) ? x : node(tape, "Reshape", [x, whole(tape, dims)], dims);
}

export function transposed(tape: Tape, x: Var, order: readonly number[]): Var {
  const dims = order.map((axis) => x.dims[axis] ?? 0);
  return node(tape, "Transpose", [x], dims, { perm: order });
}

export function cast(tape: Tape, x: Var, type: ElementType): Var {
  return node(tape, "Cast", [x], x.dims, { to: ELEMENT[type] }, type);
}

export interface Transposes {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** Product of two matrices, of either's transpose where asked; `sum` is added to it. */
export function gemm(
  tape: Tape,
  a: Var,
  b: Var,
  { a: ta = false, b: tb = false }: Transposes,
  sum?: Var,
): Var {
  const [rows = 0, inner = 0] = ta ? [...a.dims].reverse() : a.dims;
  const [also = 0, columns = 0] = tb ? [...b.dims].reverse() : b.dims;
  if (inner !== also)
    throw new Error(`internal: [${a.dims.join()}] can't be multiplied with [${b.dims.join()}]`);
  const inputs = sum === undefined ? [a, b] : [a, b, sum];
  return node(tape, "Gemm", inputs, [rows, columns], { transA: Number(ta), transB: Number(tb) });
}

/** Products of matrices in batches, [..., m, k] with [..., k, n] of the same leading axes, times a number. */
export function batched(
  tape: Tape,
  a: Var,
  b: Var,
  { a: ta = false, b: tb = false }: Transposes,
  factor = 1,
): Var {
  const [m = 0, k = 0] = ta ? a.dims.slice(-2).reverse() : a.dims.slice(-2);
  const [also = 0, n = 0] = tb ? b.dims.slice(-2).reverse() : b.dims.slice(-2);
  const dims = [...a.dims.slice(0, -2), m, n];
  if (k !== also) throw new Error(`internal: [${a.dims.join()}] can't be multiplied with [${b.dims.join()}]`);
  if (tape.real === "float32") {
    const attributes = { transA: Number(ta), transB: Number(tb), alpha: { float: factor } };
    const value = tape.graph.op("FusedMatMul", [a.value, b.value], attributes, { domain: MICROSOFT });
    return { value, dims, type: tape.real };
  }
  const turned = (x: Var): Var => {
    const axes = x.dims.map((_, at) => at);
    return transposed(tape, x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
  };
  return times(tape, node(tape, "MatMul", [ta ? turned(a) : a, tb ? turned(b) : b], dims), factor);
}

/** A gradient of a value that was broadcast, summed to that value's shape. */
export function summedTo(tape: Tape, gradient: Var, dims: readonly number[]): Var {
  if (String(gradient.dims) === String(dims)) return gradient;
  const lead = gradient.dims.length - dims.length;
  const last = dims.at(-1) ?? 1;
  if (dims.length === 1 && last === gradient.dims.at(-1)) return columnSums(tape, gradient);
  const axes = gradient.dims.flatMap((dim, at) =>
    at < lead || (dims[at - lead] === 1 && dim !== 1) ? [at] : [],
  );
  return reshaped(tape, reduced(tape, "ReduceSum", gradient, axes), dims);
}

/** Sums over all axes but the last, as a product with ones: the runtime's product is faster than its sum. */
function columnSums(tape: Tape, x: Var): Var {
  const width = x.dims.at(-1) ?? 1;
  const rows = countOf(x.dims) / width;
  const ones = table(tape, `ones:${rows}`, [1, rows], new Float32Array(rows).fill(1));
  return reshaped(tape, gemm(tape, ones, reshaped(tape, x, [rows, width]), {}), [width]);
}
