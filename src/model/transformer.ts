// A model's layers as nodes of a graph: from token ids and the cache of keys and values to the last hidden states and the
// cache grown by the new tokens. Rows are padded on the right: `lengths` says where each ends, so that no position ids and
// no mask are needed.
// Source: https://github.com/huggingface/transformers, models/starcoder2/modeling_starcoder2.py, models/gpt2/modeling_gpt2.py;
// operators: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
import { MICROSOFT, type Graph, type Value } from "../onnx/graph.js";
import type { Architecture, LayerPart } from "./architecture.js";
import { addEmbedding, addLinear, type Weighing } from "./linear.js";
import { EMBEDDING, HEAD, layerName, NORM, POSITIONS } from "./weights.js";

/** What a graph of this model is made from. */
export interface Recipe extends Weighing {
  readonly model: Architecture;
}

/** What goes through the layers. B rows, S new tokens each, P in the cache. */
export interface Stream {
  /** int64 [B, S]. */
  readonly ids: Value;
  /** Of learned positions, int64 [B, S]. Default: those that `lengths` tells. */
  readonly positions?: Value | undefined;
  /** int32 [B]: tokens of each row with the new ones, less one. */
  readonly lengths: Value;
  /** int32 scalar: the longest of these, not less one. */
  readonly total: Value;
  /** Keys and values of each layer in turn, [B, kvHeads, P, headDim]. */
  readonly past: readonly Value[];
  /** Added to the attention's scores, [B, 1, S, total], where rows are padded on the left. */
  readonly attentionBias?: Value;
}

export interface Through {
  /** [B, S, hidden], normalised. */
  readonly hidden: Value;
  /** As `past`, with the new tokens. */
  readonly presents: readonly Value[];
}

/** Adds all layers to a graph. `presents` names the new cache; default names of their own. */
export function addLayers(
  graph: Graph,
  recipe: Recipe,
  stream: Stream,
  presents?: readonly Value[],
): Through {
  const { model } = recipe;
  const epsilon = { epsilon: { float: model.epsilon } };
  const weight = (name: string): Value => recipe.weight(graph, name);
  const biasOf = (name: string): Value => (model.bias ? weight(`${name}.bias`) : "");
  const grown: Value[] = [];
  /** With its bias where the next node does not add it. */
  const linear = (x: Value, name: string, rows: number, columns: number, withBias = false): Value =>
    addLinear(graph, recipe, x, { name, rows, columns, bias: withBias && model.bias });

  /** The residual stream plus what a block gave, and that sum normalised for the next block. */
  const joined = (
    block: Value,
    bias: Value,
    residual: Value,
    norm: string,
  ): { normal: Value; sum: Value } => {
    const [normal, sum] = [graph.fresh("normal"), graph.fresh("residual")];
    const inputs = [block, residual, weight(`${norm}.weight`), weight(`${norm}.bias`), bias];
    graph.ops("SkipLayerNormalization", inputs, [normal, "", "", sum], epsilon, MICROSOFT);
    return { normal, sum };
  };

  let residual = placed(
    graph,
    recipe,
    stream,
    addEmbedding(graph, recipe, stream.ids, EMBEDDING, model.hidden),
  );
  const first = layerName(0, "input_layernorm");
  let normal = graph.op(
    "LayerNormalization",
    [residual, weight(`${first}.weight`), weight(`${first}.bias`)],
    { axis: -1, ...epsilon },
  );
  for (let layer = 0; layer < model.layers; layer++) {
    const part = (name: LayerPart): string => layerName(layer, name);
    const mixed = linear(normal, part("self_attn.qkv"), sizes(model).qkv, model.hidden, true);
    const cache = [
      presents?.[2 * layer] ?? graph.fresh("key"),
      presents?.[2 * layer + 1] ?? graph.fresh("value"),
    ];
    grown.push(...cache);
    const attended = attention(graph, recipe, stream, mixed, layer, cache);
    const output = linear(attended, part("self_attn.o_proj"), model.hidden, sizes(model).queries);
    const middle = joined(
      output,
      biasOf(part("self_attn.o_proj")),
      residual,
      part("post_attention_layernorm"),
    );
    const wide = linear(middle.normal, part("mlp.c_fc"), model.inner, model.hidden);
    const bias = biasOf(part("mlp.c_fc"));
    const active = graph.op("FastGelu", bias === "" ? [wide] : [wide, bias], {}, { domain: MICROSOFT });
    const narrow = linear(active, part("mlp.c_proj"), model.hidden, model.inner);
    const next = layer + 1 < model.layers ? layerName(layer + 1, "input_layernorm") : NORM;
    ({ normal, sum: residual } = joined(narrow, biasOf(part("mlp.c_proj")), middle.sum, next));
  }
  return { hidden: normal, presents: grown };
}

/** Logits as single floats: hidden states, [..., hidden], against every token, [..., vocabulary]. */
export function addHead(graph: Graph, recipe: Recipe, hidden: Value): Value {
  const { model, format } = recipe;
  const name = model.tied ? EMBEDDING : HEAD;
  const shape = { name, rows: model.vocabulary, columns: model.hidden, bias: false };
  const logits = addLinear(graph, recipe, hidden, shape);
  return format.activations === "float32" ? logits : graph.op("Cast", [logits], { to: 1 });
}

function sizes({ heads, kvHeads, headDim }: Architecture): { queries: number; qkv: number } {
  return { queries: heads * headDim, qkv: (heads + 2 * kvHeads) * headDim };
}

function attention(
  graph: Graph,
  recipe: Recipe,
  stream: Stream,
  mixed: Value,
  layer: number,
  cache: readonly Value[],
): Value {
  const { model } = recipe;
  const { past, lengths, total, attentionBias } = stream;
  const rotates = model.ropeTheta !== null;
  const rotary = rotates
    ? [recipe.weight(graph, "rotary.cos"), recipe.weight(graph, "rotary.sin")]
    : ["", ""];
  const inputs = [mixed, "", "", past[2 * layer] ?? "", past[2 * layer + 1] ?? "", lengths, total, ...rotary];
  const attended = graph.fresh("attended");
  graph.ops(
    "GroupQueryAttention",
    attentionBias === undefined ? inputs : [...inputs, "", attentionBias],
    [attended, ...cache],
    {
      num_heads: model.heads,
      kv_num_heads: model.kvHeads,
      do_rotary: Number(rotates),
      rotary_interleaved: 0,
      scale: { float: 1 / Math.sqrt(model.headDim) },
      ...(model.slidingWindow === null ? {} : { local_window_size: model.slidingWindow }),
    },
    MICROSOFT,
  );
  return attended;
}

/** Token vectors, [B, S, hidden], with those of their positions, where these are learned. */
function placed(graph: Graph, { model, weight }: Recipe, stream: Stream, tokens: Value): Value {
  if (model.ropeTheta !== null) return tokens;
  const positions = stream.positions ?? ending(graph, stream);
  return graph.op("Add", [
    tokens,
    graph.op("Gather", [weight(graph, `${POSITIONS}.weight`), positions], { axis: 0 }),
  ]);
}

/**
 * Positions of S new tokens, int64 [B, S]. A row that begins has position 0 first, however few of the S are its own; one
 * that goes on ends at its length, and is not padded.
 */
function ending(graph: Graph, { ids, lengths }: Stream): Value {
  const count = graph.op("Squeeze", [graph.op("Shape", [ids], { start: 1, end: 2 })]);
  const before = graph.op("Sub", [
    graph.op("Cast", [lengths], { to: 7 }),
    graph.op("Sub", [count, graph.int64(1)]),
  ]);
  const first = graph.op("Max", [before, graph.int64(0)]);
  const places = graph.op("Range", [graph.int64(0), count, graph.int64(1)]);
  return graph.op("Add", [graph.op("Unsqueeze", [first, graph.int64([1])]), places]);
}
