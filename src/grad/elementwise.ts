// Sums, products and activations, with their gradients. Operands are broadcast by ONNX's rules.
import { each, pairwise, plus, scalar, summedTo, times } from "./nodes.js";
import { record, type Tape, type Var } from "./tape.js";

/** a + b. */
export function add(tape: Tape, a: Var, b: Var): Var {
  return record(tape, [a, b], pairwise(tape, "Add", a, b), (d, needed) => [
    needed[0] === true ? summedTo(tape, d, a.dims) : null,
    needed[1] === true ? summedTo(tape, d, b.dims) : null,
  ]);
}

/** a - b. */
export function sub(tape: Tape, a: Var, b: Var): Var {
  return record(tape, [a, b], pairwise(tape, "Sub", a, b), (d, needed) => [
    needed[0] === true ? summedTo(tape, d, a.dims) : null,
    needed[1] === true ? each(tape, "Neg", summedTo(tape, d, b.dims)) : null,
  ]);
}

/** a * b, number by number. */
export function mul(tape: Tape, a: Var, b: Var): Var {
  return record(tape, [a, b], pairwise(tape, "Mul", a, b), (d, needed) => [
    needed[0] === true ? summedTo(tape, pairwise(tape, "Mul", d, b), a.dims) : null,
    needed[1] === true ? summedTo(tape, pairwise(tape, "Mul", d, a), b.dims) : null,
  ]);
}

/** x times a number that is known while building. */
export function scale(tape: Tape, x: Var, factor: number): Var {
  return record(tape, [x], times(tape, x, factor), (d) => [times(tape, d, factor)]);
}

/** max(x, 0); its gradient at 0 is 0. */
export function relu(tape: Tape, x: Var): Var {
  const y = each(tape, "Relu", x);
  return record(tape, [x], y, (d) => [pairwise(tape, "Mul", d, each(tape, "Sign", y))]);
}

/** x * sigmoid(x), also called swish. Source: https://arxiv.org/abs/1606.08415 */
export function silu(tape: Tape, x: Var): Var {
  const gate = each(tape, "Sigmoid", x);
  const y = pairwise(tape, "Mul", x, gate);
  return record(tape, [x], y, (d) => {
    const slope = pairwise(tape, "Add", gate, pairwise(tape, "Mul", y, rest(tape, gate)));
    return [pairwise(tape, "Mul", d, slope)];
  });
}

/** Of the approximation's argument: sqrt(2 / pi), and the weight of the cube in it. */
const LINEAR = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * Gaussian error linear unit in the approximation with tanh (gelu_new, gelu_pytorch_tanh). As tanh(u) = 2 sigmoid(2u) - 1,
 * it is x * sigmoid(2u) with u = LINEAR (x + CUBIC x^3): fewer passes over memory.
 * Source: https://arxiv.org/abs/1606.08415
 */
export function gelu(tape: Tape, x: Var): Var {
  const square = pairwise(tape, "Mul", x, x);
  // 2u / x; the derivative of 2u is 3 times it less 4 LINEAR.
  const ratio = plus(tape, times(tape, square, 2 * LINEAR * CUBIC), 2 * LINEAR);
  const gate = each(tape, "Sigmoid", pairwise(tape, "Mul", x, ratio));
  const y = pairwise(tape, "Mul", x, gate);
  return record(tape, [x], y, (d) => {
    const inner = plus(tape, times(tape, ratio, 3), -4 * LINEAR);
    const curved = pairwise(tape, "Mul", pairwise(tape, "Mul", y, rest(tape, gate)), inner);
    return [pairwise(tape, "Mul", d, pairwise(tape, "Add", gate, curved))];
  });
}

/**
 * Gaussian error linear unit as it is defined (gelu), x times the normal distribution's share below x. Single floats alone:
 * the runtime has no Erf of doubles. Source: https://arxiv.org/abs/1606.08415
 */
export function exactGelu(tape: Tape, x: Var): Var {
  const share = times(tape, plus(tape, each(tape, "Erf", times(tape, x, Math.SQRT1_2)), 1), 0.5);
  return record(tape, [x], pairwise(tape, "Mul", x, share), (d) => {
    const bell = each(tape, "Exp", times(tape, pairwise(tape, "Mul", x, x), -0.5));
    const slope = pairwise(tape, "Mul", x, times(tape, bell, 1 / Math.sqrt(2 * Math.PI)));
    return [pairwise(tape, "Mul", d, pairwise(tape, "Add", share, slope))];
  });
}

/** 1 - x. */
function rest(tape: Tape, x: Var): Var {
  return pairwise(tape, "Sub", scalar(tape, 1), x);
}
