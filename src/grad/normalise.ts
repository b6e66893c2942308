// Normalisation of the last axis, with its gradients.
import { countOf } from "../onnx/header.js";
import { each, pairwise, plus, reduced, reshaped, summedTo } from "./nodes.js";
import { record, type Tape, type Var } from "./tape.js";

/** What a normalisation leaves for its gradient: numbers per row, [..., 1]. */
interface Normal {
  readonly y: Var;
  readonly mean: Var;
  /** One over the standard deviation. */
  readonly sharpness: Var;
}

/** (x - mean) / sqrt(variance + epsilon) * gain + offset over the last axis. Source: https://arxiv.org/abs/1607.06450 */
export function layerNorm(tape: Tape, x: Var, gain: Var, offset: Var, epsilon: number): Var {
  const { y, mean, sharpness } =
    tape.real === "float32"
      ? fused(tape, x, gain, offset, epsilon)
      : composed(tape, x, gain, offset, epsilon);
  return record(tape, [x, gain, offset], y, (d, needed) => {
    const normal = pairwise(tape, "Mul", pairwise(tape, "Sub", x, mean), sharpness);
    const inner = pairwise(tape, "Mul", d, gain);
    const level = reduced(tape, "ReduceMean", inner, [-1]);
    const tilt = reduced(tape, "ReduceMean", pairwise(tape, "Mul", inner, normal), [-1]);
    const centred = pairwise(tape, "Sub", inner, level);
    const straight = pairwise(tape, "Sub", centred, pairwise(tape, "Mul", normal, tilt));
    return [
      pairwise(tape, "Mul", straight, sharpness),
      needed[1] === true ? overRows(tape, pairwise(tape, "Mul", d, normal), gain) : null,
      needed[2] === true ? overRows(tape, d, offset) : null,
    ];
  });
}

/** x / sqrt(mean of squares + epsilon) * gain over the last axis, as in T5. Source: https://arxiv.org/abs/1910.07467 */
export function rmsNorm(tape: Tape, x: Var, gain: Var, epsilon: number): Var {
  const sharpness = sharpnessOf(tape, pairwise(tape, "Mul", x, x), epsilon);
  const normal = pairwise(tape, "Mul", x, sharpness);
  return record(tape, [x, gain], pairwise(tape, "Mul", normal, gain), (d, needed) => {
    const inner = pairwise(tape, "Mul", d, gain);
    const tilt = reduced(tape, "ReduceMean", pairwise(tape, "Mul", inner, normal), [-1]);
    const straight = pairwise(tape, "Sub", inner, pairwise(tape, "Mul", normal, tilt));
    return [
      pairwise(tape, "Mul", straight, sharpness),
      needed[1] === true ? overRows(tape, pairwise(tape, "Mul", d, normal), gain) : null,
    ];
  });
}

/** The runtime's own operator; it gives mean and sharpness as single floats alone. */
function fused({ graph, real }: Tape, x: Var, gain: Var, offset: Var, epsilon: number): Normal {
  const row = { dims: x.dims.with(-1, 1), type: real };
  const y = { ...x, value: graph.fresh("normal") };
  const mean = { ...row, value: graph.fresh("mean") };
  const sharpness = { ...row, value: graph.fresh("sharpness") };
  graph.ops(
    "LayerNormalization",
    [x.value, gain.value, offset.value],
    [y.value, mean.value, sharpness.value],
    { axis: -1, epsilon: { float: epsilon } },
  );
  return { y, mean, sharpness };
}

function composed(tape: Tape, x: Var, gain: Var, offset: Var, epsilon: number): Normal {
  const mean = reduced(tape, "ReduceMean", x, [-1]);
  const centred = pairwise(tape, "Sub", x, mean);
  const sharpness = sharpnessOf(tape, pairwise(tape, "Mul", centred, centred), epsilon);
  const scaled = pairwise(tape, "Mul", pairwise(tape, "Mul", centred, sharpness), gain);
  return { y: pairwise(tape, "Add", scaled, offset), mean, sharpness };
}

function sharpnessOf(tape: Tape, squares: Var, epsilon: number): Var {
  const spread = plus(tape, reduced(tape, "ReduceMean", squares, [-1]), epsilon);
  return each(tape, "Reciprocal", each(tape, "Sqrt", spread));
}

/** A gradient summed over all axes but the last. */
function overRows(tape: Tape, gradient: Var, of: Var): Var {
  const width = countOf(of.dims);
  return summedTo(tape, reshaped(tape, gradient, [countOf(gradient.dims) / width, width]), of.dims);
}
