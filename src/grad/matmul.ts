// Products of matrices, with their gradients.
import { batched, gemm, summedTo } from "./nodes.js";
import { record, type Tape, type Var } from "./tape.js";

export interface LinearOptions {
  /** [out]; default none. */
  readonly bias?: Var | undefined;
  /** Whether the weight lies as [out, in], as in most layers and tied embeddings, instead of [in, out]. Default false. */
  readonly outFirst?: boolean;
}

/** x, [rows, in], times a weight, [in, out] unless told otherwise, plus a bias. Gives [rows, out]. */
export function linear(tape: Tape, x: Var, weight: Var, { bias, outFirst = false }: LinearOptions = {}): Var {
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return record(tape, inputs, gemm(tape, x, weight, { b: outFirst }, bias), (d, needed) => [
    needed[0] === true ? gemm(tape, d, weight, { b: !outFirst }) : null,
    needed[1] === true
      ? (sum) =>
          outFirst
            ? gemm(tape, d, x, { a: true }, sum ?? undefined)
            : gemm(tape, x, d, { a: true }, sum ?? undefined)
      : null,
    ...(bias === undefined ? [] : [needed[2] === true ? summedTo(tape, d, bias.dims) : null]),
  ]);
}

export interface MatmulOptions {
  /** Whether b's matrices lie transposed, [..., n, k]. Default false. */
  readonly turned?: boolean;
  /** The product is multiplied by this number. Default 1. */
  readonly factor?: number;
}

/** Batches of products: a, [..., m, k], times b, [..., k, n] of the same leading axes. Gives [..., m, n]. */
export function matmul(tape: Tape, a: Var, b: Var, { turned = false, factor = 1 }: MatmulOptions = {}): Var {
  return record(tape, [a, b], batched(tape, a, b, { b: turned }, factor), (d, needed) => [
    needed[0] === true ? batched(tape, d, b, { b: !turned }, factor) : null,
    needed[1] !== true
      ? null
      : turned
        ? batched(tape, d, a, { a: true }, factor)
        : batched(tape, a, d, { a: true }, factor),
  ]);
}
