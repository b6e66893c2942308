// The graph of one step that draws nothing but tells the likeliest tokens with their log-probabilities, for searches that choose
// themselves; on the processor, where the cache is changed in place, as in step.ts. Folders that were converted before there
// was such a graph have the weights that it needs, so that it can be added to them.
import { newGraph, type Graph, type Value } from "../onnx/graph.js";
import { addUncopied } from "../onnx/uncopied.js";
import { cacheNames } from "./graphs.js";
import { addHead, addLayers, type Recipe } from "./transformer.js";

/**
 * The `count` likeliest tokens of each row, from logits, [B, vocabulary]. Reads the graph's input `count` int64 [1]; outputs
 * `choices` int64 and `log_probabilities` float, [B, count], best first.
 */
export function addChoices(graph: Graph, logits: Value): void {
  graph.input("count", "int64", [1]);
  const likelihoods = graph.op("LogSoftmax", [logits], { axis: -1 });
  graph.ops("TopK", [likelihoods, "count"], ["log_probabilities", "choices"], {
    axis: -1,
    largest: 1,
    sorted: 1,
  });
  graph.output("choices", "int64", ["B", "K"]);
  graph.output("log_probabilities", "float32", ["B", "K"]);
}

/**
 * Takes S tokens of each of B rows (padded on the right) and tells what may follow. Inputs `ids`, `lengths`, `total`, `last` and
 * `past_key_values.*` as in step.ts; outputs those of `addChoices`, and `present.*`, to be written over `past_key_values.*`.
 */
export function choiceGraph(recipe: Recipe): Graph {
  const { model, format } = recipe;
  const names = cacheNames(model.layers);
  const graph = newGraph("choose");
  graph.input("ids", "int64", ["B", "S"]);
  graph.input("lengths", "int32", ["B"]);
  graph.input("total", "int32", []);
  graph.input("last", "int64", ["B", 1]);
  const cache = ["B", model.kvHeads, "C", model.headDim];
  for (const name of names.past) graph.input(name, format.activations, cache);
  addUncopied(graph, { name: "total", type: "int32" });
  const stream = { ids: "ids", lengths: "lengths", total: "total", past: names.past };
  const { hidden } = addLayers(graph, recipe, stream, names.present);
  addChoices(graph, addHead(graph, recipe, graph.op("GatherND", [hidden, "last"], { batch_dims: 1 })));
  for (const name of names.present) graph.output(name, format.activations, cache);
  return graph;
}
