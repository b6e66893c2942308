// The loss of language models, with its gradient.
import { each, node, pairwise, plus, reduced, reshaped, times, total } from "./nodes.js";
import { record, type Tape, type Var } from "./tape.js";

/**
 * Sum over rows of weight times cross entropy, a single number: logits [N, V], targets int64 [N], weights [N]. With
 * smoothing, that share of every target goes evenly to all classes (https://arxiv.org/abs/1512.00567).
 */
export function crossEntropy(
  tape: Tape,
  logits: Var,
  targets: Var<"int64">,
  weights: Var,
  smoothing = 0,
): Var {
  const [rows = 0, classes = 0] = logits.dims;
  const chosen = reshaped(tape, targets, [rows, 1]);
  const column = reshaped(tape, weights, [rows, 1]);
  const shares = node(tape, "Softmax", [logits], logits.dims, { axis: -1 });
  // log(sum(exp(logits))): the largest logit's share is 1 / sum(exp(logits - largest)), and no share is computed twice.
  const largest = reduced(tape, "ReduceMax", logits, [-1]);
  const most = each(tape, "Log", reduced(tape, "ReduceMax", shares, [-1]));
  const level = pairwise(tape, "Sub", largest, most);
  const hit = node(tape, "GatherElements", [logits, chosen], [rows, 1], { axis: 1 });
  const aim =
    smoothing === 0
      ? hit
      : pairwise(
          tape,
          "Add",
          times(tape, hit, 1 - smoothing),
          times(tape, reduced(tape, "ReduceMean", logits, [-1]), smoothing),
        );
  const losses = pairwise(tape, "Mul", pairwise(tape, "Sub", level, aim), column);
  return record(tape, [logits], total(tape, "ReduceSum", losses), (d) => {
    const factor = pairwise(tape, "Mul", column, d);
    const smooth = smoothing === 0 ? shares : plus(tape, shares, -smoothing / classes);
    const drawn = pairwise(tape, "Mul", smooth, factor);
    const aims = times(tape, factor, smoothing - 1);
    return [node(tape, "ScatterElements", [drawn, chosen, aims], logits.dims, { axis: 1, reduction: "add" })];
  });
}
