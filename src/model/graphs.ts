// The graphs of a model: `decode` draws tokens, `score` weighs given ones, `plain` is the layout that transformers.js
// loads. All use the same weights.
import { newGraph, type Graph, type Value } from "../onnx/graph.js";
import { addSampling } from "./sampling.js";
import { addHead, addLayers, type Recipe } from "./transformer.js";

/** Names of the cache's parts as inputs and outputs, two for each layer. */
export function cacheNames(
  layers: number,
): Readonly<Record<"past" | "joining" | "present", readonly Value[]>> {
  const parts = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  return {
    past: parts.map((part) => `past_key_values.${part}`),
    joining: parts.map((part) => `joining.${part}`),
    present: parts.map((part) => `present.${part}`),
  };
}

/**
 * Draws up to `steps` tokens for each of B rows, in one run: the loop is inside the graph, and ends early when all rows have.
 * The first step takes S tokens of each row (padded on the right), the others the token just drawn. A row is finished by a
 * stop token or its limit; from then on its tokens are to be ignored. Inputs:
 * `ids` int64 [B, S]; `lengths` int32 [B], tokens with the first step's, less one; `total` int32, the longest of these, not
 * less one; `last` int64 [B, 1], the place in `ids` of each row's last token; `steps` int64; `finished` bool [B, 1];
 * `limits` int64 [B, 1], tokens that each row may have; `stop_tokens` int64 [E]; for the draws `uniforms` float [N, B, 1],
 * `temperature` and `top_p` float [B, 1], `top_k` int64 [B, 1].
 * The cache is put together from two, the one of an earlier run, `past_key_values.*` [A, kvHeads, P, headDim], and one that
 * joins it, `joining.*` [J, kvHeads, Q, headDim]: `rows` int64 [B] says which of their A + J rows each row goes on from, so
 * that rows come and go between runs, and rows with equal prompts begin from one.
 * Outputs: `tokens` int64 and `highest` float, the highest logit, [steps taken, B, 1]; `finished_now` bool [B, 1];
 * `present.*`, the cache.
 */
export function decodeGraph(recipe: Recipe): Graph {
  const { model, format } = recipe;
  const names = cacheNames(model.layers);
  const graph = newGraph("decode");
  graph.input("ids", "int64", ["B", "S"]);
  graph.input("lengths", "int32", ["B"]);
  graph.input("total", "int32", []);
  graph.input("last", "int64", ["B", 1]);
  graph.input("finished", "bool", ["B", 1]);
  graph.input("steps", "int64", []);
  graph.input("limits", "int64", ["B", 1]);
  graph.input("stop_tokens", "int64", ["E"]);
  graph.input("uniforms", "float32", ["N", "B", 1]);
  graph.input("temperature", "float32", ["B", 1]);
  graph.input("top_p", "float32", ["B", 1]);
  graph.input("top_k", "int64", ["B", 1]);
  graph.input("rows", "int64", ["B"]);
  const cache = (rows: string, length: string) => [rows, model.kvHeads, length, model.headDim];
  for (const name of names.past) graph.input(name, format.activations, cache("A", "P"));
  for (const name of names.joining) graph.input(name, format.activations, cache("J", "Q"));
  const start = joined(graph, names.past, names.joining);

  const body = graph.body("step");
  body.input("step", "int64", []);
  body.input("go_on", "bool", []);
  body.input("ids_in", "int64", ["B", "S_in"]);
  body.input("lengths_in", "int32", ["B"]);
  body.input("last_in", "int64", ["B", 1]);
  body.input("finished_in", "bool", ["B", 1]);
  const past = names.past.map((name) => body.input(`${name}.in`, format.activations, cache("B", "P_in")));
  const total = body.op("Add", ["total", body.op("Cast", ["step"], { to: 6 })]);
  const through = addLayers(body, recipe, { ids: "ids_in", lengths: "lengths_in", total, past });
  const ends = body.op("GatherND", [through.hidden, "last_in"], { batch_dims: 1 });
  const logits = addHead(body, recipe, ends);
  const token = addSampling(body, logits, model.vocabulary);
  const stops = body.op("Equal", [token, "stop_tokens"]);
  const stopped = anyOf(body, stops, [1]);
  const full = body.op("GreaterOrEqual", [body.op("Add", ["step", body.int64(1)]), "limits"]);
  body.named("finished_out", "Or", ["finished_in", body.op("Or", [stopped, full])]);
  body.named("go_on_out", "Not", [allOf(body, "finished_out")]);
  body.named("ids_out", "Identity", [token]);
  body.named("lengths_out", "Add", ["lengths_in", body.int32(1)]);
  body.named("last_out", "Mul", ["last_in", body.int64(0)]);
  body.named("tokens_out", "Identity", [token]);
  body.named("highest_out", "ReduceMax", [logits, body.int64([1])], { keepdims: 1 });
  body.output("go_on_out", "bool", []);
  body.output("ids_out", "int64", ["B", 1]);
  body.output("lengths_out", "int32", ["B"]);
  body.output("last_out", "int64", ["B", 1]);
  body.output("finished_out", "bool", ["B", 1]);
  for (const name of through.presents) body.output(name, format.activations, cache("B", "P_out"));
  body.output("tokens_out", "int64", ["B", 1]);
  body.output("highest_out", "float32", ["B", 1]);

  graph.ops(
    "Loop",
    ["steps", graph.bool(true), "ids", "lengths", "last", "finished", ...start],
    ["ids_left", "lengths_left", "last_left", "finished_now", ...names.present, "tokens", "highest"],
    { body },
  );
  graph.output("tokens", "int64", ["taken", "B", 1]);
  graph.output("highest", "float32", ["taken", "B", 1]);
  graph.output("finished_now", "bool", ["B", 1]);
  for (const name of names.present) graph.output(name, format.activations, cache("B", "P_now"));
  return graph;
}

/** The rows asked for out of two caches, which are made equally long. */
function joined(graph: Graph, past: readonly Value[], joining: readonly Value[]): readonly Value[] {
  const lengthOf = (cache: Value): Value => graph.op("Shape", [cache], { start: 2, end: 3 });
  const lengths = [lengthOf(past[0] ?? ""), lengthOf(joining[0] ?? "")] as const;
  const longest = graph.op("Max", lengths);
  const padding = (length: Value): Value => {
    const missing = graph.op("Sub", [longest, length]);
    return graph.op("Concat", [graph.int64([0, 0, 0, 0, 0, 0]), missing, graph.int64([0])], { axis: 0 });
  };
  const [padPast, padJoining] = [padding(lengths[0]), padding(lengths[1])];
  return past.map((name, at) => {
    const both = [graph.op("Pad", [name, padPast]), graph.op("Pad", [joining[at] ?? "", padJoining])];
    return graph.op("Gather", [graph.op("Concat", both, { axis: 0 }), "rows"], { axis: 0 });
  });
}

/** Whether any is true along the axes, which stay as ones. */
function anyOf(graph: Graph, truths: Value, axes: readonly number[]): Value {
  const most = graph.op("ReduceMax", [graph.op("Cast", [truths], { to: 6 }), graph.int64(axes)], {
    keepdims: 1,
  });
  return graph.op("Cast", [most], { to: 9 });
}

/** Whether all of [B, 1] are true, as a scalar. */
function allOf(graph: Graph, truths: Value): Value {
  const numbers = graph.op("Cast", [truths], { to: 6 });
  return graph.op("Cast", [graph.op("ReduceMin", [numbers, graph.int64([0, 1])], { keepdims: 0 })], {
    to: 9,
  });
}

/**
 * Negative log-likelihoods of given tokens, in one pass over B rows of S tokens (padded on the right). Inputs: `ids` int64
 * [B, S]; `lengths` int32 [B], tokens less one; `total` int32; `places` int64 [C, P, 2], row and place of the tokens before
 * those wanted; `targets` int64 [C, P], the tokens wanted. Only P rows of logits exist at a time. Output: `nll` float [C, P],
 * in nats. With `ranks` also `rank` int64 [C, P]: how many tokens were likelier than the one wanted.
 */
export function scoreGraph(recipe: Recipe, { ranks = false }: { readonly ranks?: boolean } = {}): Graph {
  const { model, format } = recipe;
  const graph = newGraph("score");
  graph.input("ids", "int64", ["B", "S"]);
  graph.input("lengths", "int32", ["B"]);
  graph.input("total", "int32", []);
  graph.input("places", "int64", ["C", "P", 2]);
  graph.input("targets", "int64", ["C", "P"]);
  const rows = graph.op("Shape", ["ids"], { start: 0, end: 1 });
  const shape = graph.op("Concat", [rows, graph.int64([model.kvHeads, 0, model.headDim])], { axis: 0 });
  const nothing = graph.op("Cast", [graph.op("ConstantOfShape", [shape])], {
    to: format.activations === "float16" ? 10 : 1,
  });
  const past = Array.from({ length: 2 * model.layers }, () => nothing);
  const { hidden } = addLayers(graph, recipe, { ids: "ids", lengths: "lengths", total: "total", past });

  const body = graph.body("chunk");
  body.input("chunk", "int64", []);
  body.input("go_on", "bool", []);
  const places = body.op("Gather", ["places", "chunk"], { axis: 0 });
  const wanted = body.op("Unsqueeze", [
    body.op("Gather", ["targets", "chunk"], { axis: 0 }),
    body.int64([1]),
  ]);
  const logits = addHead(body, recipe, body.op("GatherND", [hidden, places]));
  const likelihoods = body.op("LogSoftmax", [logits], { axis: -1 });
  const chosen = body.op("GatherElements", [likelihoods, wanted], { axis: 1 });
  body.named("nll_out", "Neg", [body.op("Squeeze", [chosen, body.int64([1])])]);
  body.named("go_on_out", "Identity", ["go_on"]);
  body.output("go_on_out", "bool", []);
  body.output("nll_out", "float32", ["P"]);
  if (ranks) {
    const likelier = body.op("Cast", [body.op("Greater", [likelihoods, chosen])], { to: 7 });
    body.named("rank_out", "ReduceSum", [likelier, body.int64([1])], { keepdims: 0 });
    body.output("rank_out", "int64", ["P"]);
  }

  const chunks = graph.op("Squeeze", [graph.op("Shape", ["targets"], { start: 0, end: 1 })]);
  graph.ops("Loop", [chunks, graph.bool(true)], ranks ? ["nll", "rank"] : ["nll"], { body });
  graph.output("nll", "float32", ["C", "P"]);
  if (ranks) graph.output("rank", "int64", ["C", "P"]);
  return graph;
}
