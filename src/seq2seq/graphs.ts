// The two graphs of an encoder-decoder: one reads texts and gives what the decoder looks at, once for all steps; the other takes one
// token of every hypothesis and tells what may follow. A prompt's hypotheses lie side by side as so many "lanes": to what
// was read they are one sequence of queries, so that its keys and values are there once, not once for each.
// Source: https://github.com/huggingface/transformers, models/t5/modeling_t5.py and models/bart/modeling_bart.py; operators:
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
import { addChoices } from "../model/choices.js";
import { cacheNames } from "../model/graphs.js";
import { addEmbedding, addLinear, type Weighing } from "../model/linear.js";
import { MICROSOFT, newGraph, type Graph, type Value } from "../onnx/graph.js";
import { addUncopied } from "../onnx/uncopied.js";
import { blockName, EMBEDDING, HEAD, LOGITS_BIAS, normName, placesName, POSITION_OFFSET } from "./plan.js";
import type { Plan } from "./plan.js";
import type { Shape, SideName } from "./shape.js";

/** What the graphs of a model are made from. */
export interface Recipe extends Weighing, Pick<Plan, "tied" | "logitsBias"> {
  readonly shape: Shape;
}

/** Names of what was read, two for each layer of the decoder. */
export function readNames(layers: number): readonly string[] {
  return Array.from({ length: layers }, (_, layer) => [`read.${layer}.key`, `read.${layer}.value`]).flat();
}

/** Added to scores of padding: so much that nothing is left of them. */
const HIDDEN = -1e9;

/**
 * Inputs `ids` int64 [B, S], padded on the right; `mask` int32 [B, S], 1 for tokens, 0 for padding. Outputs `read.*` float
 * [B, heads, S, headDim]: keys and values of what was read, for each layer of the decoder.
 */
export function encoderGraph(recipe: Recipe): Graph {
  const { shape } = recipe;
  const graph = newGraph("encoder");
  graph.input("ids", "int64", ["B", "S"]);
  graph.input("mask", "int32", ["B", "S"]);
  const parts = partsOf(graph, recipe, "encoder");
  const { layers, heads, headDim } = shape.encoder;
  const places = graph.op("Range", [
    graph.int64(0),
    graph.op("Squeeze", [graph.op("Shape", ["ids"], { start: 1, end: 2 })]),
    graph.int64(1),
  ]);
  let x = parts.embedded("ids", places);
  const bias = shape.distances === null ? "" : parts.distances(places, places);
  for (let layer = 0; layer < layers; layer++) {
    x = parts.block(x, layer, "self", (normal, name) => {
      const [query, key, value] = parts.split(parts.linear(normal, `${name}.mixed`, 3 * heads * headDim), 3);
      return parts.attention([query ?? "", key ?? "", value ?? ""], "mask", bias);
    });
    x = parts.block(x, layer, "feed", (normal, name) => parts.widened(normal, `${name}.wide`));
  }
  const read = parts.last(x);
  const decoder = partsOf(graph, recipe, "decoder");
  const names = readNames(shape.decoder.layers);
  for (let layer = 0; layer < shape.decoder.layers; layer++) {
    const wide = shape.decoder.heads * shape.decoder.headDim;
    const both = decoder.linear(read, `${blockName("decoder", layer, "cross")}.read`, 2 * wide);
    for (const [at, part] of decoder.split(both, 2).entries()) {
      const apart = graph.op("Reshape", [
        part,
        graph.int64([0, 0, shape.decoder.heads, shape.decoder.headDim]),
      ]);
      graph.named(names[2 * layer + at] ?? "", "Transpose", [apart], { perm: [0, 2, 1, 3] });
    }
  }
  for (const name of names)
    graph.output(name, "float32", ["B", shape.decoder.heads, "S", shape.decoder.headDim]);
  return graph;
}

/**
 * One step of B prompts with N lanes each, which all have as many tokens. Inputs `ids` int64 [B * N, 1]; `lengths` int32 [B * N],
 * tokens with the new one, less one; `total` int32, the same not less one; `read.*` and `mask` as the encoder's;
 * `past_key_values.*` float [B * N, heads, C, headDim]. Outputs those of `addChoices`, [B * N, count], and `present.*`, to be
 * written over `past_key_values.*`.
 */
export function decoderGraph(recipe: Recipe): Graph {
  const { shape } = recipe;
  const { layers, heads, headDim } = shape.decoder;
  const graph = newGraph("decoder");
  const names = cacheNames(layers);
  const reads = readNames(layers);
  graph.input("ids", "int64", ["R", 1]);
  graph.input("lengths", "int32", ["R"]);
  graph.input("total", "int32", []);
  graph.input("mask", "int32", ["B", "S"]);
  for (const name of reads) graph.input(name, "float32", ["B", heads, "S", headDim]);
  for (const name of names.past) graph.input(name, "float32", ["R", heads, "C", headDim]);
  addUncopied(graph, { name: "total", type: "int32" });

  const parts = partsOf(graph, recipe, "decoder");
  const total = graph.op("Cast", ["total"], { to: 7 });
  const now = graph.op("Reshape", [graph.op("Sub", [total, graph.int64(1)]), graph.int64([1])]);
  const before = graph.op("Range", [graph.int64(0), total, graph.int64(1)]);
  const bias = shape.distances === null ? "" : parts.distances(now, before);
  const prompts = graph.op("Shape", ["mask"], { start: 0, end: 1 });
  const laned = graph.op("Concat", [prompts, graph.int64([-1, heads * headDim])], { axis: 0 });
  const alone = graph.int64([-1, 1, heads * headDim]);
  let x = parts.embedded("ids", now);
  for (let layer = 0; layer < layers; layer++) {
    x = parts.block(x, layer, "self", (normal, name) => {
      const mixed = parts.linear(normal, `${name}.mixed`, 3 * heads * headDim);
      const cache = [2 * layer, 2 * layer + 1].map((at) => names.past[at] ?? "");
      const grown = [2 * layer, 2 * layer + 1].map((at) => names.present[at] ?? "");
      return parts.cached(mixed, cache, grown, bias);
    });
    x = parts.block(x, layer, "cross", (normal, name) => {
      const query = graph.op("Reshape", [parts.linear(normal, `${name}.query`, heads * headDim), laned]);
      const read = [query, reads[2 * layer] ?? "", reads[2 * layer + 1] ?? ""] as const;
      return graph.op("Reshape", [parts.attention(read, "mask", ""), alone]);
    });
    x = parts.block(x, layer, "feed", (normal, name) => parts.widened(normal, `${name}.wide`));
  }
  const hidden = parts.scaled(graph.op("Squeeze", [parts.last(x), graph.int64([1])]), shape.headScale);
  const head = {
    name: recipe.tied ? EMBEDDING : HEAD,
    rows: shape.vocabulary,
    columns: shape.hidden,
    bias: false,
  };
  const logits = addLinear(graph, recipe, hidden, head);
  const bent = recipe.logitsBias
    ? graph.op("Add", [logits, recipe.weight(graph, `${LOGITS_BIAS}.weight`)])
    : logits;
  addChoices(graph, bent);
  for (const name of names.present) graph.output(name, "float32", ["R", heads, "C", headDim]);
  return graph;
}

/** What the graphs of a side are put together from. x is [.., .., hidden] throughout. */
function partsOf(graph: Graph, recipe: Recipe, side: SideName) {
  const { shape, weight } = recipe;
  const { hidden, epsilon, activation, distances, embeddingScale } = shape;
  const { heads, headDim, inner } = shape[side];
  const isT5 = shape.type === "t5";
  const linear = (x: Value, name: string, rows: number, columns: number = hidden): Value =>
    addLinear(graph, recipe, x, { name, rows, columns, bias: !isT5 });
  const scaled = (x: Value, factor: number): Value =>
    factor === 1 ? x : graph.op("Mul", [x, graph.float(factor)]);
  const norm = (x: Value, name: string): Value => {
    const how = { axis: -1, epsilon: { float: epsilon } };
    if (isT5) return graph.op("SimplifiedLayerNormalization", [x, weight(graph, `${name}.weight`)], how);
    return graph.op(
      "LayerNormalization",
      [x, weight(graph, `${name}.weight`), weight(graph, `${name}.bias`)],
      how,
    );
  };
  const split = (x: Value, count: number): readonly Value[] => {
    const pieces = Array.from({ length: count }, () => graph.fresh("piece"));
    graph.ops("Split", [x], pieces, { axis: -1, num_outputs: count });
    return pieces;
  };
  const scale = { scale: { float: isT5 ? 1 : 1 / Math.sqrt(headDim) } };

  return {
    linear,
    scaled,
    split,
    /** Vectors of tokens and, where these are learned, positions. */
    embedded(ids: Value, places: Value): Value {
      const tokens = scaled(addEmbedding(graph, recipe, ids, EMBEDDING, hidden), embeddingScale);
      if (isT5) return tokens;
      const rows = graph.op("Add", [places, graph.int64(POSITION_OFFSET)]);
      const positions = graph.op("Gather", [weight(graph, `${placesName(side)}.weight`), rows], { axis: 0 });
      return norm(graph.op("Add", [tokens, positions]), normName(side));
    },
    /** What T5 has behind its layers. */
    last: (x: Value): Value => (isT5 ? norm(x, normName(side)) : x),
    /** What each head's scores get for the distances of Q places to K others, [1, heads, Q, K]. */
    distances(looking: Value, looked: Value): Value {
      const farthest = distances?.distance ?? 0;
      const offsets = graph.op("Sub", [looked, graph.op("Unsqueeze", [looking, graph.int64([1])])]);
      const near = graph.op("Clip", [offsets, graph.int64(-farthest), graph.int64(farthest)]);
      const rows = graph.op("Add", [near, graph.int64(farthest)]);
      const found = graph.op("Gather", [weight(graph, `${placesName(side)}.weight`), rows], { axis: 0 });
      return graph.op("Unsqueeze", [graph.op("Transpose", [found], { perm: [2, 0, 1] }), graph.int64([0])]);
    },
    /** A block and the residual stream around it: T5 normalises what goes in, BART the sum. */
    block(
      x: Value,
      layer: number,
      kind: "self" | "cross" | "feed",
      inside: (x: Value, name: string) => Value,
    ) {
      const name = blockName(side, layer, kind);
      const given = inside(isT5 ? norm(x, `${name}.norm`) : x, name);
      const out = linear(given, `${name}.out`, hidden, kind === "feed" ? inner : heads * headDim);
      const sum = graph.op("Add", [x, out]);
      return isT5 ? sum : norm(sum, `${name}.norm`);
    },
    /** The inside of a feed-forward block. */
    widened(x: Value, name: string): Value {
      const fused = (operator: string, value: Value, attributes = {}): Value =>
        graph.op(operator, [value], attributes, { domain: MICROSOFT });
      if (activation === "relu") return graph.op("Relu", [linear(x, name, inner)]);
      if (activation === "gelu") return fused("Gelu", linear(x, name, inner));
      const [gate = "", gated = ""] = split(linear(x, name, 2 * inner), 2);
      const open =
        activation === "gated-gelu"
          ? fused("FastGelu", gate)
          : fused("QuickGelu", gate, { alpha: { float: 1 } });
      return graph.op("Mul", [open, gated]);
    },
    /** Queries [B, Q, wide] over keys and values, of the same form or [B, heads, K, headDim]. */
    attention(of: readonly [Value, Value, Value], mask: Value, bias: Value): Value {
      return graph.op(
        "MultiHeadAttention",
        [...of, "", mask, bias],
        { num_heads: heads, mask_filter_value: { float: HIDDEN }, ...scale },
        { domain: MICROSOFT },
      );
    },
    /** Of one token each, over a cache that is written in place. */
    cached(mixed: Value, cache: readonly Value[], grown: readonly Value[], bias: Value): Value {
      const attended = graph.fresh("attended");
      graph.ops(
        "GroupQueryAttention",
        [mixed, "", "", ...cache, "lengths", "total", "", "", "", bias],
        [attended, ...grown],
        { num_heads: heads, kv_num_heads: heads, do_rotary: 0, ...scale },
        MICROSOFT,
      );
      return attended;
    },
  };
}
