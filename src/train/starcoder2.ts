// StarCoder2 as a graph that can be trained: grouped-query attention, rotary positions, a sliding window. Parameters have
// the names and layouts of a checkpoint of Hugging Face.
// Source: https://arxiv.org/abs/2402.19173 and https://github.com/huggingface/transformers,
// models/starcoder2/modeling_starcoder2.py
import { InputError } from "../core/errors.js";
import { attention, causalMask, rotary, rotation } from "../grad/attention.js";
import { add, gelu } from "../grad/elementwise.js";
import { embedding } from "../grad/gather.js";
import { layerNorm } from "../grad/normalise.js";
import { constant, layerNormOf, type Parameter } from "../grad/parameters.js";
import { reshape, transpose } from "../grad/shapes.js";
import type { Var } from "../grad/tape.js";
import type { Architecture } from "../model/architecture.js";
import type { Building, CausalModel, Foretold } from "./trainable.js";

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const LAST_NORM = "model.norm";
/** Standard deviation of the first weights, initializer_range. */
const DEVIATION = 0.018042;

const part = (layer: number, name: string): string => `model.layers.${layer}.${name}`;

/** What a StarCoder2 is made of. */
export type Starcoder2 = Omit<Architecture, "type" | "ropeTheta" | "endTokens"> & {
  /** Base of the rotary embedding's wavelengths. */
  readonly ropeTheta: number;
};

export interface Starcoder2Options {
  /** Share of numbers that are dropped, of embeddings, attention and what each block adds. Default 0. */
  readonly dropout?: number;
}

/** A StarCoder2 that can be trained. */
export function starcoder2(model: Starcoder2, { dropout = 0 }: Starcoder2Options = {}): CausalModel {
  return {
    parameters: parametersOf(model),
    foretell: (building, ids) => foretell(model, dropout, building, ids),
  };
}

function parametersOf(model: Starcoder2): Parameter[] {
  const { vocabulary, hidden, inner, headDim, heads, kvHeads } = model;
  const matrix = (name: string, dims: readonly number[]): Parameter => ({
    name,
    dims,
    initial: { kind: "normal", deviation: DEVIATION },
    decayed: true,
  });
  const projection = (name: string, outer: number, from: number): Parameter[] => [
    { ...matrix(`${name}.weight`, [outer, from]), projection: "out-in" },
    ...(model.bias ? [constant(`${name}.bias`, outer, 0)] : []),
  ];
  const layer = (at: number): Parameter[] => [
    ...layerNormOf(part(at, "input_layernorm"), hidden),
    ...projection(part(at, "self_attn.q_proj"), heads * headDim, hidden),
    ...projection(part(at, "self_attn.k_proj"), kvHeads * headDim, hidden),
    ...projection(part(at, "self_attn.v_proj"), kvHeads * headDim, hidden),
    ...projection(part(at, "self_attn.o_proj"), hidden, heads * headDim),
    ...layerNormOf(part(at, "post_attention_layernorm"), hidden),
    ...projection(part(at, "mlp.c_fc"), inner, hidden),
    ...projection(part(at, "mlp.c_proj"), hidden, inner),
  ];
  return [
    matrix(EMBEDDING, [vocabulary, hidden]),
    ...Array.from({ length: model.layers }, (_, at) => layer(at)).flat(),
    ...layerNormOf(LAST_NORM, hidden),
    ...(model.tied ? [] : [matrix(HEAD, [vocabulary, hidden])]),
  ];
}

function foretell(model: Starcoder2, dropout: number, building: Building, ids: Var<"int64">): Foretold {
  const { tape, parameter, project, drop } = building;
  const [batch = 0, length = 0] = ids.dims;
  if (length > model.positions)
    throw new InputError(
      `a batch is ${length} tokens long, the model has ${model.positions} positions; cut it`,
    );
  const dropped = (x: Var): Var => drop(x, dropout);
  const norm = (x: Var, name: string): Var =>
    layerNorm(tape, x, parameter(`${name}.weight`), parameter(`${name}.bias`), model.epsilon);
  const attend = (x: Var, at: number): Var => {
    const { headDim, heads, kvHeads } = model;
    /** [B, heads, T, headDim] */
    const headsOf = (name: string, count: number): Var =>
      transpose(
        tape,
        reshape(tape, project(x, part(at, name)), [batch, length, count, headDim]),
        [0, 2, 1, 3],
      );
    const turns = rotation(tape, length, headDim, model.ropeTheta);
    const given = attention(
      tape,
      rotary(tape, headsOf("self_attn.q_proj", heads), turns),
      rotary(tape, headsOf("self_attn.k_proj", kvHeads), turns),
      headsOf("self_attn.v_proj", kvHeads),
      { mask: causalMask(tape, length, model.slidingWindow), drop: dropped },
    );
    const rows = reshape(tape, transpose(tape, given, [0, 2, 1, 3]), [batch * length, heads * headDim]);
    return project(rows, part(at, "self_attn.o_proj"));
  };

  const tokens = dropped(embedding(tape, parameter(EMBEDDING), ids));
  let x = reshape(tape, tokens, [batch * length, model.hidden]);
  for (let at = 0; at < model.layers; at++) {
    x = add(tape, x, dropped(attend(norm(x, part(at, "input_layernorm")), at)));
    const wide = gelu(tape, project(norm(x, part(at, "post_attention_layernorm")), part(at, "mlp.c_fc")));
    x = add(tape, x, dropped(project(wide, part(at, "mlp.c_proj"))));
  }
  return { hidden: norm(x, LAST_NORM), head: parameter(model.tied ? EMBEDDING : HEAD) };
}
