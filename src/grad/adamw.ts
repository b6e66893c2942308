// AdamW as a graph: one update of some parameters from their gradients, and the norm that the gradients are clipped by.
// What changes from step to step comes in as numbers, so that one graph serves a whole run.
// Source: https://arxiv.org/abs/1711.05101
import { each, node, pairwise, plus, times, total } from "./nodes.js";
import type { Tape, Var } from "./tape.js";

export interface AdamW {
  /** How much of the gradients' mean, and of their squares', is kept at each step. */
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the mean square. */
  readonly epsilon: number;
  /** Each step takes away this share of a decayed parameter, times the rate. */
  readonly decay: number;
  /** Gradients of a larger norm are scaled down to it; Infinity leaves them. */
  readonly clip: number;
}

export const ADAMW: AdamW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.1, clip: 1 };

/** Names of the numbers that an update takes, in order. */
export const FACTORS = ["meanFactor", "squareFactor", "rootFactor", "stepFactor", "keptFactor"] as const;

/** The numbers of one update: the `step`th, counted from 1, of gradients with this norm. */
export function factorsOf(options: AdamW, step: number, rate: number, norm: number): readonly number[] {
  const { beta1, beta2, decay, clip } = options;
  const scale = Math.min(1, clip / (norm + 1e-6));
  return [
    scale * (1 - beta1),
    scale ** 2 * (1 - beta2),
    1 / Math.sqrt(1 - beta2 ** step),
    rate / (1 - beta1 ** step),
    1 - rate * decay,
  ];
}

/** What an update reads of some parameters and writes anew, of one shape. */
export interface Moments {
  readonly weights: Var;
  /** Running means of gradients and of their squares. */
  readonly means: Var;
  readonly squares: Var;
}

/** The parameters and moments after an update. `factors` are the numbers of `FACTORS`, five scalars. */
export function updated(
  tape: Tape,
  { weights, means, squares }: Moments,
  gradient: Var,
  factors: readonly Var[],
  { beta1, beta2, epsilon }: AdamW,
  decayed: boolean,
): Moments {
  const factor = (at: number): Var => {
    const given = factors[at];
    if (given === undefined) throw new Error(`internal: an update lacks its ${FACTORS[at]}`);
    return given;
  };
  const by = (x: Var, at: number): Var => pairwise(tape, "Mul", x, factor(at));
  const mean = pairwise(tape, "Add", times(tape, means, beta1), by(gradient, 0));
  const square = by(pairwise(tape, "Mul", gradient, gradient), 1);
  const spread = pairwise(tape, "Add", times(tape, squares, beta2), square);
  const root = plus(tape, by(each(tape, "Sqrt", spread), 2), epsilon);
  const change = by(pairwise(tape, "Div", mean, root), 3);
  const kept = decayed ? by(weights, 4) : weights;
  return { weights: pairwise(tape, "Sub", kept, change), means: mean, squares: spread };
}

/** The sum of the squares of all numbers of all gradients, from which their norm is the root. */
export function sumOfSquares(tape: Tape, gradients: readonly Var[]): Var {
  const sums = gradients.map((gradient) => node(tape, "ReduceSumSquare", [gradient], [], { keepdims: 0 }));
  return total(
    tape,
    "ReduceSum",
    node(
      tape,
      "Concat",
      sums.map((sum) => asList(tape, sum)),
      [sums.length],
      { axis: 0 },
    ),
  );
}

function asList(tape: Tape, sum: Var): Var {
  return { ...sum, value: tape.graph.op("Unsqueeze", [sum.value, tape.graph.int64([0])]), dims: [1] };
}
