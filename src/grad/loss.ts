// The loss of language models, with its gradients: the head's logits are large, so that they and the loss are one operation.
import { each, gemm, node, pairwise, plus, reduced, reshaped, scalar, times, total, whole } from "./nodes.js";
import { record, type Tape, type Var } from "./tape.js";

export interface HeadLossOptions {
  /** Share of every target that goes evenly to all classes, https://arxiv.org/abs/1512.00567. Default 0. */
  readonly smoothing?: number;
  /** Added to every row's logits, [1, classes]; it is not differentiated. Default nothing. */
  readonly bias?: Var | undefined;
}

/**
 * Sum over rows of weight times cross entropy of the logits x head^T, a single number. x is [rows, width], the head
 * [classes, width], targets int64 [rows], weights [rows]; by the weights nothing is differentiated.
 */
export function headLoss(
  tape: Tape,
  x: Var,
  head: Var,
  targets: Var,
  weights: Var,
  { smoothing = 0, bias }: HeadLossOptions = {},
): Var {
  const [rows = 0] = x.dims;
  const [classes = 0] = head.dims;
  const chosen = reshaped(tape, targets, [rows, 1]);
  const column = reshaped(tape, weights, [rows, 1]);
  const logits = gemm(tape, x, head, { b: true }, bias);
  const shares = node(tape, "Softmax", [logits], logits.dims, { axis: -1 });
  // log(sum(exp(logits))): the largest logit's share is 1 / sum(exp(logits - largest)), and no share is computed twice.
  const largest = reduced(tape, "ReduceMax", logits, [-1]);
  const most = each(tape, "Log", reduced(tape, "ReduceMax", shares, [-1]));
  const level = pairwise(tape, "Sub", largest, most);
  const hit = node(tape, "GatherElements", [logits, chosen], [rows, 1], { axis: 1 });
  const aim = smoothing === 0 ? hit : smoothed(tape, hit, logits, smoothing);
  const losses = pairwise(tape, "Mul", pairwise(tape, "Sub", level, aim), column);
  return record(tape, [x, head], total(tape, "ReduceSum", losses), (d, needed) => {
    const factor = pairwise(tape, "Mul", column, d);
    const spread = smoothing === 0 ? shares : plus(tape, shares, -smoothing / classes);
    const aims = node(tape, "Expand", [scalar(tape, smoothing - 1), whole(tape, [rows, 1])], [rows, 1]);
    // The gradient by the logits, but for each row's factor: that goes to the small side of the products.
    const errors = node(tape, "ScatterElements", [spread, chosen, aims], logits.dims, {
      axis: 1,
      reduction: "add",
    });
    return [
      needed[0] === true ? pairwise(tape, "Mul", gemm(tape, errors, head, {}), factor) : null,
      needed[1] === true
        ? (sum) => gemm(tape, errors, pairwise(tape, "Mul", x, factor), { a: true }, sum ?? undefined)
        : null,
    ];
  });
}

function smoothed(tape: Tape, hit: Var, logits: Var, smoothing: number): Var {
  const mean = reduced(tape, "ReduceMean", logits, [-1]);
  return pairwise(tape, "Add", times(tape, hit, 1 - smoothing), times(tape, mean, smoothing));
}
