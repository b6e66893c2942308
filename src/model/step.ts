// The graph that draws one token for each row, on the processor, where the cache of keys and values is changed in place: past
// and present are the same memory, with room for what is still to come, so that there is one copy of it, and no step writes
// more of it than its own token. (In the body of a Loop the runtime makes a new cache for every step.)
import { newGraph, type Graph } from "../onnx/graph.js";
import { addUncopied } from "../onnx/uncopied.js";
import { cacheNames } from "./graphs.js";
import { addSampling } from "./sampling.js";
import { addHead, addLayers, type Recipe } from "./transformer.js";

/**
 * Takes S tokens of each of B rows (padded on the right) and draws one. Inputs: `ids` int64 [B, S]; `lengths` int32 [B], tokens
 * with these, less one; `total` int32, the longest of these, not less one; `last` int64 [B, 1], the place in `ids` of each
 * row's last token; for the draws `uniforms` float [1, B, 1], `temperature` and `top_p` float [B, 1], `top_k` int64 [B, 1];
 * `past_key_values.*` [B, kvHeads, C, headDim], of which only what `lengths` tells is read, the new tokens behind it being
 * written. S is more than 1 only where a row begins: all of them then begin.
 * Outputs: `tokens` int64 and `highest` float, the highest logit, [B, 1]; `present.*`, to be written over `past_key_values.*`.
 */
export function stepGraph(recipe: Recipe): Graph {
  const { model, format } = recipe;
  const names = cacheNames(model.layers);
  const graph = newGraph("step");
  graph.input("ids", "int64", ["B", "S"]);
  graph.input("lengths", "int32", ["B"]);
  graph.input("total", "int32", []);
  graph.input("last", "int64", ["B", 1]);
  graph.input("uniforms", "float32", [1, "B", 1]);
  graph.input("temperature", "float32", ["B", 1]);
  graph.input("top_p", "float32", ["B", 1]);
  graph.input("top_k", "int64", ["B", 1]);
  const cache = ["B", model.kvHeads, "C", model.headDim];
  for (const name of names.past) graph.input(name, format.activations, cache);

  addUncopied(graph, { name: "total", type: "int32" });
  const stream = { ids: "ids", lengths: "lengths", total: "total", past: names.past };
  const { hidden } = addLayers(graph, recipe, stream, names.present);
  const logits = addHead(graph, recipe, graph.op("GatherND", [hidden, "last"], { batch_dims: 1 }));
  graph.named("step", "Identity", [graph.int64(0)]);
  graph.named("tokens", "Identity", [addSampling(graph, logits, model.vocabulary)]);
  graph.named("highest", "ReduceMax", [logits, graph.int64([1])], { keepdims: 1 });
  graph.output("tokens", "int64", ["B", 1]);
  graph.output("highest", "float32", ["B", 1]);
  for (const name of names.present) graph.output(name, format.activations, cache);
  return graph;
}
