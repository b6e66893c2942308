// The graph in the layout that transformers.js and Optimum load: one step at a time, logits and the cache given back. Rows are
// padded on the left there, which the attention learns from a bias made of the mask. Learned positions are counted from the
// mask too; rotary ones count the padding, and since they are relative that changes nothing.
import { newGraph, type Graph, type Value } from "../onnx/graph.js";
import { cacheNames } from "./graphs.js";
import { addHead, addLayers, type Recipe } from "./transformer.js";

/** Added to scores of padding: far below all others, and no infinity, which would make rows of padding NaN. */
const HIDDEN = 10_000;

/**
 * Inputs `input_ids`, `attention_mask` int64 [batch_size, …], `num_logits_to_keep` int64 (0: all), `past_key_values.*`; outputs
 * `logits` float [batch_size, kept, vocabulary], `present.*`.
 */
export function plainGraph(recipe: Recipe): Graph {
  const { model } = recipe;
  const names = cacheNames(model.layers);
  const graph = newGraph(model.type);
  graph.input("input_ids", "int64", ["batch_size", "sequence_length"]);
  graph.input("attention_mask", "int64", ["batch_size", "total_sequence_length"]);
  graph.input("num_logits_to_keep", "int64", []);
  const cache = (length: string) => ["batch_size", model.kvHeads, length, model.headDim];
  for (const name of names.past) graph.input(name, "float32", cache("past_sequence_length"));

  const rows = graph.op("Shape", ["attention_mask"], { start: 0, end: 1 });
  const width = graph.op("Shape", ["attention_mask"], { start: 1, end: 2 });
  const total = graph.op("Cast", [graph.op("Squeeze", [width])], { to: 6 });
  const lengths = graph.op("Expand", [graph.op("Sub", [total, graph.int32(1)]), rows]);
  const mask = graph.op("Cast", ["attention_mask"], { to: 1 });
  const penalty = graph.op("Mul", [graph.op("Sub", [mask, graph.float(1)]), graph.float(HIDDEN)]);
  const news = graph.op("Shape", ["input_ids"], { start: 1, end: 2 });
  const shape = graph.op("Concat", [rows, graph.int64([1]), news, width], { axis: 0 });
  const attentionBias = graph.op("Expand", [graph.op("Unsqueeze", [penalty, graph.int64([1, 2])]), shape]);
  const positions = model.ropeTheta === null ? counted(graph, news) : undefined;
  const stream = { ids: "input_ids", positions, lengths, total, past: names.past, attentionBias };
  const { hidden } = addLayers(graph, recipe, stream, names.present);

  const kept = graph.op("Unsqueeze", ["num_logits_to_keep", graph.int64([0])]);
  const all = graph.op("Equal", [kept, graph.int64([0])]);
  const from = graph.op("Where", [all, graph.int64([0]), graph.op("Neg", [kept])]);
  const ends = graph.op("Slice", [hidden, from, graph.int64([Number.MAX_SAFE_INTEGER]), graph.int64([1])]);
  graph.named("logits", "Identity", [addHead(graph, recipe, ends)]);
  graph.output("logits", "float32", ["batch_size", "num_logits", model.vocabulary]);
  for (const name of names.present) graph.output(name, "float32", cache("total_sequence_length"));
  return graph;
}

/** Positions of the new tokens, int64 [batch_size, news]: how many of the mask's ones come before. That of padding means nothing. */
function counted(graph: Graph, news: Value): Value {
  const before = graph.op("CumSum", ["attention_mask", graph.int64(1)], { exclusive: 1 });
  const from = graph.op("Neg", [news]);
  return graph.op("Slice", [before, from, graph.int64([Number.MAX_SAFE_INTEGER]), graph.int64([1])]);
}
