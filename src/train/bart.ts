// BART as a graph that can be trained: learned positions, normalisation after each block and after the embeddings, one
// embedding for both sides and the head. Parameters have the names and layouts of a checkpoint of Hugging Face.
// Source: https://arxiv.org/abs/1910.13461 and https://github.com/huggingface/transformers, models/bart/modeling_bart.py
import { InputError } from "../core/errors.js";
import { attention, causalMask } from "../grad/attention.js";
import { add, exactGelu, scale } from "../grad/elementwise.js";
import { embedding } from "../grad/gather.js";
import { table } from "../grad/nodes.js";
import { layerNorm } from "../grad/normalise.js";
import { constant, layerNormOf, type Parameter } from "../grad/parameters.js";
import { reshape, slice } from "../grad/shapes.js";
import type { Var } from "../grad/tape.js";
import type { Bart } from "../model/bart.js";
import { apart, together } from "./heads.js";
import { paddingMask } from "./seq2seq.js";
import type { Building, Foretold, Read, Seq2SeqModel } from "./trainable.js";

const EMBEDDING = "model.shared.weight";
/** A checkpoint's name of what is added to the logits; nothing learns it. */
export const LOGITS_BIAS = "final_logits_bias";
/** The first position's vector is the third: the model was made when two were kept for padding. */
const OFFSET = 2;
/** Of the normalisations; the configuration does not tell it. */
const EPSILON = 1e-5;
type Side = "encoder" | "decoder";
const SIDES = ["encoder", "decoder"] as const;

const part = (side: Side, layer: number, name: string): string => `model.${side}.layers.${layer}.${name}`;
const positionsName = (side: Side): string => `model.${side}.embed_positions.weight`;

export interface BartOptions {
  /** Added to every token's logit, `final_logits_bias`; default nothing. */
  readonly logitsBias?: Float32Array;
}

/** A BART that can be trained. */
export function bart(model: Bart, { logitsBias }: BartOptions = {}): Seq2SeqModel {
  return {
    parameters: parametersOf(model),
    start: model.tokens.start,
    foretell(building, read) {
      const bias = logitsBias && table(building.tape, LOGITS_BIAS, [1, model.vocabulary], logitsBias);
      return { ...foretell(model, building, read), bias };
    },
  };
}

function parametersOf(model: Bart): Parameter[] {
  const { vocabulary, hidden, positions, deviation } = model;
  const matrix = (name: string, dims: readonly number[]): Parameter => ({
    name,
    dims,
    initial: { kind: "normal", deviation },
    decayed: true,
  });
  const projection = (name: string, outer: number, from: number): Parameter[] => [
    { ...matrix(`${name}.weight`, [outer, from]), projection: "out-in" },
    constant(`${name}.bias`, outer, 0),
  ];
  const mixing = (name: string): Parameter[] => [
    ...["q_proj", "k_proj", "v_proj", "out_proj"].flatMap((one) =>
      projection(`${name}.${one}`, hidden, hidden),
    ),
    ...layerNormOf(`${name}_layer_norm`, hidden),
  ];
  const layer = (side: Side, at: number): Parameter[] => [
    ...mixing(part(side, at, "self_attn")),
    ...(side === "decoder" ? mixing(part(side, at, "encoder_attn")) : []),
    ...projection(part(side, at, "fc1"), model[side].inner, hidden),
    ...projection(part(side, at, "fc2"), hidden, model[side].inner),
    ...layerNormOf(part(side, at, "final_layer_norm"), hidden),
  ];
  const sideOf = (side: Side): Parameter[] => [
    matrix(positionsName(side), [positions + OFFSET, hidden]),
    ...layerNormOf(`model.${side}.layernorm_embedding`, hidden),
    ...Array.from({ length: model[side].layers }, (_, at) => layer(side, at)).flat(),
  ];
  const also = [...SIDES.map((side) => `model.${side}.embed_tokens.weight`), "lm_head.weight"];
  return [{ ...matrix(EMBEDDING, [vocabulary, hidden]), also }, ...SIDES.flatMap(sideOf)];
}

function foretell(model: Bart, building: Building, { ids, mask, before }: Read): Foretold {
  const { tape, parameter } = building;
  const padding = paddingMask(tape, mask);
  const read = run(model, building, "encoder", ids, { near: padding, padding, read: null });
  const near = causalMask(tape, before.dims[1] ?? 0);
  return {
    hidden: run(model, building, "decoder", before, { near, padding, read }),
    head: parameter(EMBEDDING),
  };
}

/** What is added to a side's scores, and for the decoder the states of the text that was read, [B * S, hidden]. */
interface Seen {
  readonly near: Var;
  readonly padding: Var;
  readonly read: Var | null;
}

/** Last states of a side, [B * T, hidden]. */
function run(model: Bart, building: Building, side: Side, ids: Var<"int64">, seen: Seen): Var {
  const { tape, parameter, project, drop } = building;
  const [rows = 0] = ids.dims;
  const dropped = (x: Var): Var => drop(x, model.dropout);
  const norm = (x: Var, name: string): Var =>
    layerNorm(tape, x, parameter(`${name}.weight`), parameter(`${name}.bias`), EPSILON);
  const attend = (x: Var, to: Var, name: string, mask: Var): Var => {
    const of = (from: Var, one: string): Var =>
      apart(tape, project(from, `${name}.${one}`), rows, model[side].heads);
    const given = attention(tape, of(x, "q_proj"), of(to, "k_proj"), of(to, "v_proj"), {
      mask,
      drop: (shares) => drop(shares, model.attentionDropout),
    });
    return project(together(tape, given), `${name}.out_proj`);
  };
  const attended = (x: Var, to: Var, name: string, mask: Var): Var =>
    norm(add(tape, x, dropped(attend(x, to, name, mask))), `${name}_layer_norm`);

  let x = dropped(norm(embedded(model, building, side, ids), `model.${side}.layernorm_embedding`));
  for (let at = 0; at < model[side].layers; at++) {
    x = attended(x, x, part(side, at, "self_attn"), seen.near);
    if (seen.read !== null) x = attended(x, seen.read, part(side, at, "encoder_attn"), seen.padding);
    const wide = exactGelu(tape, project(x, part(side, at, "fc1")));
    const thought = project(drop(wide, model.activationDropout), part(side, at, "fc2"));
    x = norm(add(tape, x, dropped(thought)), part(side, at, "final_layer_norm"));
  }
  return x;
}

/** Vectors of tokens and positions, [B * T, hidden]. */
function embedded(model: Bart, { tape, parameter }: Building, side: Side, ids: Var<"int64">): Var {
  const [rows = 0, length = 0] = ids.dims;
  if (length > model.positions)
    throw new InputError(
      `a batch is ${length} tokens long, the model has ${model.positions} positions; cut it`,
    );
  const tokens = embedding(tape, parameter(EMBEDDING), ids);
  const positions = slice(tape, parameter(positionsName(side)), 0, OFFSET, OFFSET + length);
  const sized = model.scaled ? scale(tape, tokens, Math.sqrt(model.hidden)) : tokens;
  return reshape(tape, add(tape, sized, positions), [rows * length, model.hidden]);
}
