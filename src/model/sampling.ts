// How a token is drawn, inside the graph: the likeliest CANDIDATES tokens, temperature, top-p, and the inverse of the
// cumulative distribution at a number that comes from outside. So a row's tokens depend on its own numbers alone.
import type { Graph, Value } from "../onnx/graph.js";

/** Tokens that can be drawn at all; sorting the whole vocabulary for each token would cost more than it can change. */
export const CANDIDATES = 64;

/** Least temperature that divides; 0 itself takes the likeliest token. */
export const COLDEST = 1e-4;

/**
 * From logits, [B, vocabulary], to tokens, int64 [B, 1]. Reads the graph's `uniforms` float [N, B, 1] (of which this is number
 * `step`), `temperature` and `top_p` float [B, 1] and `top_k` int64 [B, 1].
 */
export function addSampling(graph: Graph, logits: Value, vocabulary: number): Value {
  const count = Math.min(CANDIDATES, vocabulary);
  const [scores, candidates] = [graph.fresh("scores"), graph.fresh("candidates")];
  graph.ops("TopK", [logits, graph.int64([count])], [scores, candidates], {
    axis: -1,
    largest: 1,
    sorted: 1,
  });
  const divisor = graph.op("Max", ["temperature", graph.float(COLDEST)]);
  const ranks = graph.int64(Array.from({ length: count }, (_, rank) => rank));
  const within = graph.op("Less", [ranks, "top_k"]);
  const scaled = graph.op("Where", [within, graph.op("Div", [scores, divisor]), graph.float(-Infinity)]);
  const shares = graph.op("Softmax", [scaled], { axis: -1 });
  const before = graph.op("Sub", [graph.op("CumSum", [shares, graph.int64(1)]), shares]);
  // The likeliest is always kept, also where top-p is 0.
  const kept = graph.op("Where", [graph.op("LessOrEqual", [before, "top_p"]), shares, graph.float(0)]);
  const reached = graph.op("CumSum", [kept, graph.int64(1)]);
  const mass = graph.op("ReduceMax", [reached, graph.int64([1])], { keepdims: 1 });
  const mark = graph.op("Mul", [graph.op("Gather", ["uniforms", "step"], { axis: 0 }), mass]);
  const passed = graph.op("Cast", [graph.op("LessOrEqual", [reached, mark])], { to: 7 });
  const drawn = graph.op("ReduceSum", [passed, graph.int64([1])], { keepdims: 1 });
  const last = graph.op("Sub", [
    graph.op(
      "ReduceSum",
      [graph.op("Cast", [graph.op("Greater", [kept, graph.float(0)])], { to: 7 }), graph.int64([1])],
      { keepdims: 1 },
    ),
    graph.int64(1),
  ]);
  const place = graph.op("Where", [
    graph.op("Greater", ["temperature", graph.float(0)]),
    graph.op("Min", [drawn, last]),
    graph.int64(0),
  ]);
  return graph.op("GatherElements", [candidates, place], { axis: 1 });
}
