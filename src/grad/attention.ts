// The pieces of attention: softmax, rotary positions, which tokens are seen, and attention itself put together from them.
import { MICROSOFT } from "../onnx/graph.js";
import { add } from "./elementwise.js";
import { matmul } from "./matmul.js";
import { each, node, pairwise, reduced, table } from "./nodes.js";
import { reshape } from "./shapes.js";
import { record, type Tape, type Var } from "./tape.js";

/** exp(x) over its sum along the last axis. */
export function softmax(tape: Tape, x: Var): Var {
  const y = node(tape, "Softmax", [x], x.dims, { axis: -1 });
  return record(tape, [x], y, (d) => {
    const sum = reduced(tape, "ReduceSum", pairwise(tape, "Mul", d, y), [-1]);
    return [pairwise(tape, "Mul", pairwise(tape, "Sub", d, sum), y)];
  });
}

/** Low enough that its exponential is nothing, and no infinity that could become NaN. */
const UNSEEN = -1e9;

/** Added to scores, [T, T]: a token sees itself and those before it, only the last `window` of them where that is given. */
export function causalMask(tape: Tape, length: number, window: number | null = null): Var {
  const seen = (from: number, to: number): boolean => to <= from && (window === null || from - to < window);
  const numbers = Float32Array.from({ length: length * length }, (_, at) =>
    seen(Math.floor(at / length), at % length) ? 0 : UNSEEN,
  );
  return table(tape, `causal:${length}:${window}`, [length, length], numbers);
}

export interface AttentionOptions {
  /** Added to the scores before softmax, of a shape that broadcasts to [B, heads, T, S]. Default none. */
  readonly mask?: Var;
  /** The scores' factor; default 1 / sqrt(width of a head). */
  readonly factor?: number;
  /** What happens to the shares of attention, e.g. dropout; default nothing. */
  readonly drop?: (shares: Var) => Var;
}

/**
 * softmax(q k^T factor + mask) v. Queries are [B, heads, T, width], keys and values [B, shared, S, width], where as many
 * heads in a row as it takes share one of them. Gives [B, heads, T, width].
 * Source: https://arxiv.org/abs/1706.03762, shared keys and values: https://arxiv.org/abs/2305.13245
 */
export function attention(
  tape: Tape,
  q: Var,
  k: Var,
  v: Var,
  { mask, factor, drop = (shares) => shares }: AttentionOptions = {},
): Var {
  const [batch = 0, heads = 0, length = 0, width = 0] = q.dims;
  const [, shared = 0, keys = 0] = k.dims;
  // Heads that share keys are one longer head to the products.
  const long = [batch, shared, (heads / shared) * length];
  const scores = matmul(tape, reshape(tape, q, [...long, width]), k, {
    turned: true,
    factor: factor ?? 1 / Math.sqrt(width),
  });
  const perHead = reshape(tape, scores, [batch, heads, length, keys]);
  const shares = drop(softmax(tape, mask === undefined ? perHead : add(tape, perHead, mask)));
  return reshape(tape, matmul(tape, reshape(tape, shares, [...long, keys]), v), q.dims);
}

/** Cosines and sines of every position's angles, [T, width / 2] each. */
export interface Rotation {
  readonly cos: Var;
  readonly sin: Var;
}

/** The angles of positions 0 to T - 1; `base` is that of the wavelengths (rope_theta). */
export function rotation(tape: Tape, length: number, width: number, base: number): Rotation {
  const half = width / 2;
  const angle = (at: number): number => Math.floor(at / half) / base ** ((at % half) / half);
  const angles = Array.from({ length: length * half }, (_, at) => angle(at));
  const named = (name: string, of: (angle: number) => number): Var =>
    table(tape, `${name}:${length}:${width}:${base}`, [length, half], angles.map(of));
  return { cos: named("cos", Math.cos), sin: named("sin", Math.sin) };
}

/**
 * Rotary positions on x, [B, heads, T, width]: number i of a head and number i + width / 2 are turned as a point in the
 * plane by the position's angle. The gradient is turned back. Source: https://arxiv.org/abs/2104.09864
 */
export function rotary(tape: Tape, x: Var, { cos, sin }: Rotation): Var {
  return record(tape, [x], turned(tape, x, cos, sin), (d) => [turned(tape, d, cos, each(tape, "Neg", sin))]);
}

function turned(tape: Tape, x: Var, cos: Var, sin: Var): Var {
  const { graph, real } = tape;
  if (real === "float32") {
    const inputs = [x.value, graph.int64([0]), cos.value, sin.value];
    return { ...x, value: graph.op("RotaryEmbedding", inputs, {}, { domain: MICROSOFT }) };
  }
  const width = x.dims.at(-1) ?? 0;
  const half = x.dims.with(-1, width / 2);
  const [a, b] = [graph.fresh("left"), graph.fresh("right")].map((value) => ({ ...x, value, dims: half }));
  if (a === undefined || b === undefined) throw new Error("internal: two halves are missing");
  graph.ops("Split", [x.value], [a.value, b.value], { axis: -1, num_outputs: 2 });
  const product = (of: Var, by: Var): Var => pairwise(tape, "Mul", of, by);
  const left = pairwise(tape, "Sub", product(a, cos), product(b, sin));
  const right = pairwise(tape, "Add", product(b, cos), product(a, sin));
  return node(tape, "Concat", [left, right], x.dims, { axis: -1 });
}
