// T5 as a graph that can be trained, versions 1.0, 1.1 and UL2: normalisation before each block by the root of the mean
// square, classes of relative positions, no biases. Parameters have the names and layouts of a checkpoint of Hugging Face.
// Source: https://arxiv.org/abs/1910.10683 and https://github.com/huggingface/transformers, models/t5/modeling_t5.py
import { attention, causalMask } from "../grad/attention.js";
import { add, gelu, mul, relu, scale, silu } from "../grad/elementwise.js";
import { embedding } from "../grad/gather.js";
import { rmsNorm } from "../grad/normalise.js";
import { constant, type Parameter } from "../grad/parameters.js";
import { reshape, transpose } from "../grad/shapes.js";
import type { Var } from "../grad/tape.js";
import type { T5 } from "../model/t5.js";
import { apart, together } from "./heads.js";
import { bucketsOf } from "./relative.js";
import { paddingMask } from "./seq2seq.js";
import type { Building, Foretold, Read, Seq2SeqModel } from "./trainable.js";

const EMBEDDING = "shared.weight";
const HEAD = "lm_head.weight";
type Side = "encoder" | "decoder";
const SIDES = ["encoder", "decoder"] as const;

/** Blocks of a layer; a checkpoint numbers them. */
const blocksOf = (side: Side): readonly string[] =>
  side === "encoder"
    ? ["SelfAttention", "DenseReluDense"]
    : ["SelfAttention", "EncDecAttention", "DenseReluDense"];
const layersOf = (model: T5, side: Side): number =>
  side === "encoder" ? model.encoderLayers : model.decoderLayers;
const part = (side: Side, layer: number, block: number, name: string): string =>
  `${side}.block.${layer}.layer.${block}.${name}`;
/** The classes' numbers for each head; all layers have those of the first. */
const classesName = (side: Side): string => part(side, 0, 0, "SelfAttention.relative_attention_bias.weight");

/** A T5 that can be trained. */
export function t5(model: T5): Seq2SeqModel {
  return {
    parameters: parametersOf(model),
    start: model.tokens.start,
    foretell: (building, read) => foretell(model, building, read),
  };
}

function parametersOf(model: T5): Parameter[] {
  const { vocabulary, hidden, inner, heads, headDim, factor } = model;
  const wide = heads * headDim;
  const matrix = (name: string, dims: readonly number[], deviation: number): Parameter => ({
    name,
    dims,
    initial: { kind: "normal", deviation: factor * deviation },
    decayed: true,
  });
  const projection = (name: string, outer: number, from: number, deviation = from ** -0.5): Parameter => ({
    ...matrix(`${name}.weight`, [outer, from], deviation),
    projection: "out-in",
  });
  const norm = (name: string): Parameter => constant(`${name}.weight`, hidden, factor);
  const mixing = (name: string): Parameter[] => [
    // The scores are not divided by the root of the heads' width, the first queries are smaller instead.
    projection(`${name}.q`, wide, hidden, (hidden * headDim) ** -0.5),
    projection(`${name}.k`, wide, hidden),
    projection(`${name}.v`, wide, hidden),
    projection(`${name}.o`, hidden, wide),
  ];
  const thinking = (name: string): Parameter[] => [
    ...(model.activation === "relu" ? ["wi"] : ["wi_0", "wi_1"]).map((one) =>
      projection(`${name}.${one}`, inner, hidden),
    ),
    projection(`${name}.wo`, hidden, inner),
  ];
  const layer = (side: Side, at: number): Parameter[] =>
    blocksOf(side).flatMap((block, number) => [
      norm(part(side, at, number, "layer_norm")),
      ...(block === "DenseReluDense" ? thinking : mixing)(part(side, at, number, block)),
    ]);
  const sideOf = (side: Side): Parameter[] => [
    matrix(classesName(side), [model.buckets, heads], hidden ** -0.5),
    ...Array.from({ length: layersOf(model, side) }, (_, at) => layer(side, at)).flat(),
    norm(`${side}.final_layer_norm`),
  ];
  const also = SIDES.map((side) => `${side}.embed_tokens.weight`);
  return [
    { ...matrix(EMBEDDING, [vocabulary, hidden], 1), also: model.tied ? [...also, HEAD] : also },
    ...SIDES.flatMap(sideOf),
    // Transformers 5 makes new models of version 1.1 with the embedding as head.
    ...(model.tied ? [] : [{ ...matrix(HEAD, [vocabulary, hidden], 1), also: [EMBEDDING] }]),
  ];
}

function foretell(model: T5, building: Building, { ids, mask, before }: Read): Foretold {
  const { tape, parameter } = building;
  const padding = paddingMask(tape, mask);
  const near = add(tape, distances(model, building, "encoder", ids), padding);
  const read = run(model, building, "encoder", ids, { near, padding, read: null });
  const causal = add(
    tape,
    distances(model, building, "decoder", before),
    causalMask(tape, before.dims[1] ?? 0),
  );
  const written = run(model, building, "decoder", before, { near: causal, padding, read });
  return {
    hidden: model.tied ? scale(tape, written, model.hidden ** -0.5) : written,
    head: parameter(model.tied ? EMBEDDING : HEAD),
  };
}

/** What the scores of each head get for the distance of two tokens, [1, heads, T, T]. */
function distances(model: T5, { tape, parameter }: Building, side: Side, { dims: [, length = 0] }: Var): Var {
  const { buckets, distance, heads } = model;
  const classes = bucketsOf(length, { buckets, distance, bothWays: side === "encoder" });
  const ids = { dims: [length, length], type: "int64" } as const;
  const data = new Uint8Array(BigInt64Array.from(classes, BigInt).buffer);
  const value = tape.graph.weight({ name: `distances:${side}:${length}`, data, ...ids });
  const found = embedding(tape, parameter(classesName(side)), { ...ids, value });
  return reshape(tape, transpose(tape, found, [2, 0, 1]), [1, heads, length, length]);
}

/** What is added to a side's scores, and for the decoder the states of the text that was read, [B * S, hidden]. */
interface Seen {
  readonly near: Var;
  readonly padding: Var;
  readonly read: Var | null;
}

/** Last states of a side, normalised, [B * T, hidden]. */
function run(model: T5, building: Building, side: Side, ids: Var<"int64">, seen: Seen): Var {
  const { tape, parameter, project, drop } = building;
  const [rows = 0, length = 0] = ids.dims;
  const dropped = (x: Var): Var => drop(x, model.dropout);
  const norm = (x: Var, name: string): Var => rmsNorm(tape, x, parameter(`${name}.weight`), model.epsilon);
  const attend = (x: Var, to: Var, name: string, mask: Var): Var => {
    const of = (from: Var, one: string): Var =>
      apart(tape, project(from, `${name}.${one}`), rows, model.heads);
    const options = { mask, factor: 1, drop: dropped };
    const given = attention(tape, of(x, "q"), of(to, "k"), of(to, "v"), options);
    return project(together(tape, given), `${name}.o`);
  };
  const block = (x: Var, kind: string, name: string): Var => {
    if (kind === "SelfAttention") return attend(x, x, name, seen.near);
    if (kind === "EncDecAttention") return attend(x, seen.read ?? x, name, seen.padding);
    return project(dropped(widened(model, building, x, name)), `${name}.wo`);
  };

  const tokens = reshape(tape, embedding(tape, parameter(EMBEDDING), ids), [rows * length, model.hidden]);
  let x = dropped(tokens);
  for (let at = 0; at < layersOf(model, side); at++)
    for (const [number, kind] of blocksOf(side).entries()) {
      const normal = norm(x, part(side, at, number, "layer_norm"));
      x = add(tape, x, dropped(block(normal, kind, part(side, at, number, kind))));
    }
  return dropped(norm(x, `${side}.final_layer_norm`));
}

/** The inside of a feed-forward block, [B * T, inner]. */
function widened({ activation }: T5, { tape, project }: Building, x: Var, name: string): Var {
  if (activation === "relu") return relu(tape, project(x, `${name}.wi`));
  const gate = activation === "gated-gelu" ? gelu : silu;
  return mul(tape, gate(tape, project(x, `${name}.wi_0`)), project(x, `${name}.wi_1`));
}
