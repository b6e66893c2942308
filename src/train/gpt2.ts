// GPT-2 as a graph that can be trained. Parameters have the names and layouts of a checkpoint of Hugging Face; the head is
// the embedding.
// Source: https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf and
// https://github.com/huggingface/transformers, models/gpt2/modeling_gpt2.py
import { InputError } from "../core/errors.js";
import { attention, causalMask } from "../grad/attention.js";
import { add, gelu } from "../grad/elementwise.js";
import { embedding } from "../grad/gather.js";
import { layerNorm } from "../grad/normalise.js";
import { constant, layerNormOf, type Parameter } from "../grad/parameters.js";
import { reshape, slice, split, transpose } from "../grad/shapes.js";
import type { Var } from "../grad/tape.js";
import type { Building, CausalModel, Foretold } from "./trainable.js";

export interface Gpt2 {
  /** Number of tokens the model knows, and of positions. */
  readonly vocabulary: number;
  readonly positions: number;
  /** Width of the residual stream; the MLP's inside is four times as wide. */
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  /** Added to the variance in layer normalisation. */
  readonly epsilon: number;
  /** Share of numbers that are dropped, of embeddings, attention and what each block adds. */
  readonly dropout: number;
}

const EMBEDDING = "transformer.wte.weight";
const POSITIONS = "transformer.wpe.weight";
const LAST_NORM = "transformer.ln_f";
const DEVIATION = 0.02;

const part = (layer: number, name: string): string => `transformer.h.${layer}.${name}`;

/** A GPT-2 that can be trained. @throws InputError for sizes that don't go together. */
export function gpt2(model: Gpt2): CausalModel {
  if (model.hidden % model.heads !== 0)
    throw new InputError(
      `a width of ${model.hidden} can't be shared by ${model.heads} heads; take a multiple of them`,
    );
  return { parameters: parametersOf(model), foretell: (building, ids) => foretell(model, building, ids) };
}

function parametersOf({ vocabulary, positions, hidden, layers }: Gpt2): Parameter[] {
  const normal = (name: string, dims: readonly number[], deviation = DEVIATION): Parameter => ({
    name,
    dims,
    initial: { kind: "normal", deviation },
    decayed: true,
  });
  const projection = (name: string, inner: number, outer: number, deviation?: number): Parameter[] => [
    { ...normal(`${name}.weight`, [inner, outer], deviation), projection: "in-out" },
    constant(`${name}.bias`, outer, 0),
  ];
  // What adds to the residual stream begins smaller, so that the stream does not grow with the number of layers.
  const residual = DEVIATION / Math.sqrt(2 * layers);
  const layer = (at: number): Parameter[] => [
    ...layerNormOf(part(at, "ln_1"), hidden),
    ...projection(part(at, "attn.c_attn"), hidden, 3 * hidden),
    ...projection(part(at, "attn.c_proj"), hidden, hidden, residual),
    ...layerNormOf(part(at, "ln_2"), hidden),
    ...projection(part(at, "mlp.c_fc"), hidden, 4 * hidden),
    ...projection(part(at, "mlp.c_proj"), 4 * hidden, hidden, residual),
  ];
  return [
    { ...normal(EMBEDDING, [vocabulary, hidden]), also: ["lm_head.weight"] },
    normal(POSITIONS, [positions, hidden]),
    ...Array.from({ length: layers }, (_, at) => layer(at)).flat(),
    ...layerNormOf(LAST_NORM, hidden),
  ];
}

function foretell(model: Gpt2, building: Building, ids: Var<"int64">): Foretold {
  const { tape, parameter, project, drop } = building;
  const [batch = 0, length = 0] = ids.dims;
  if (length > model.positions)
    throw new InputError(
      `a batch is ${length} tokens long, the model has ${model.positions} positions; cut it`,
    );
  const dropped = (x: Var): Var => drop(x, model.dropout);
  const norm = (x: Var, name: string): Var =>
    layerNorm(tape, x, parameter(`${name}.weight`), parameter(`${name}.bias`), model.epsilon);

  const positions = slice(tape, parameter(POSITIONS), 0, 0, length);
  const tokens = embedding(tape, parameter(EMBEDDING), ids);
  let x = reshape(tape, dropped(add(tape, tokens, positions)), [batch * length, model.hidden]);
  for (let at = 0; at < model.layers; at++) {
    const mixed = project(norm(x, part(at, "ln_1")), part(at, "attn.c_attn"));
    const attended = attend(model, building, mixed, [batch, length]);
    x = add(tape, x, dropped(project(attended, part(at, "attn.c_proj"))));
    const wide = gelu(tape, project(norm(x, part(at, "ln_2")), part(at, "mlp.c_fc")));
    x = add(tape, x, dropped(project(wide, part(at, "mlp.c_proj"))));
  }
  return { hidden: norm(x, LAST_NORM), head: parameter(EMBEDDING) };
}

/** From queries, keys and values side by side, [B * T, 3 * hidden], to what all heads give, [B * T, hidden]. */
function attend(
  { heads, hidden, dropout }: Gpt2,
  { tape, drop }: Building,
  mixed: Var,
  [batch, length]: readonly [number, number],
): Var {
  const width = hidden / heads;
  // [3, B, heads, T, width]
  const apart = transpose(tape, reshape(tape, mixed, [batch, length, 3, heads, width]), [2, 0, 3, 1, 4]);
  const [q = apart, k = apart, v = apart] = split(tape, apart, 0, [1, 1, 1]).map((one) =>
    reshape(tape, one, [batch, heads, length, width]),
  );
  const given = attention(tape, q, k, v, {
    mask: causalMask(tape, length),
    drop: (shares) => drop(shares, dropout),
  });
  return reshape(tape, transpose(tape, given, [0, 2, 1, 3]), [batch * length, hidden]);
}
