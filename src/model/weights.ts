// Which weights a converted model has, under which names and in which types, and how each is made from the checkpoint, in
// pieces of a few megabytes. Names are those of StarCoder2, whatever the checkpoint calls its tensors; linear layers are
// [out, in], also where it has them the other way round; queries, keys and values become one matrix. A plan is a pure
// function of the model and the format; nothing is read before `pieces` is asked.
import { InputError } from "../core/errors.js";
import type { ElementType } from "../onnx/graph.js";
import { toHalf } from "../onnx/floats.js";
import { columnChunks } from "../onnx/columns.js";
import { rowChunks, type Checkpoint } from "../onnx/safetensors.js";
import type { Architecture, LayerPart } from "./architecture.js";
import { layoutOf } from "./known.js";
import { BLOCK, blocksOf, quantised } from "./quantise.js";

/** Types of the matrices and of everything that is computed with. */
export interface Format {
  readonly matrices: "int8" | "float32" | "float16";
  /** Of int8: numbers that share a scale; default `BLOCK`. */
  readonly block?: number;
  readonly activations: "float32" | "float16";
}

/** Numbers of an int8 matrix that share a scale. */
export const blockOf = ({ block = BLOCK }: Format): number => block;

/**
 * Largest blocks whose products ONNX Runtime 1.30 rounds alike for one row and for several; of larger ones it rounds one row, and
 * the last of an odd number, otherwise. test/system/linear.test.ts watches this.
 */
const LARGEST_SHARED = 64;

/** Whether an int8 model draws for one text at a time, because what it draws would depend on the text's company. */
export const goesAlone = (format: Format): boolean => blockOf(format) > LARGEST_SHARED;

export interface Weight {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/** Some bytes of one of a step's weights, in order within each. */
export interface Piece {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Weights that are made together, from the same tensors. */
export interface Step {
  readonly weights: readonly Weight[];
  /** Tensors of the checkpoint and their shapes, for a check before the work begins. */
  readonly needs: readonly (readonly [tensor: string, shape: readonly number[]])[];
  pieces(checkpoint: Checkpoint): AsyncGenerator<Piece>;
}

/** Bytes of an element of each type that weights have. */
const WIDTH: Readonly<Partial<Record<ElementType, number>>> = { float32: 4, float16: 2, uint8: 1 };

export function bytesOf({ type, dims }: Weight): number {
  return dims.reduce((product, dim) => product * dim, WIDTH[type] ?? 0);
}

/** Names of the embedding, which a tied head shares, of the positions' vectors, the last normalisation, and a head of its own. */
export const EMBEDDING = "model.embed_tokens";
export const POSITIONS = "model.positions";
export const NORM = "model.norm";
export const HEAD = "lm_head";

/** Names of a layer's weights. */
export const layerName = (layer: number, part: LayerPart): string => `model.layers.${layer}.${part}`;

/** A tensor of the checkpoint, [rows] or [rows, columns]; or, where it is transposed, [columns, rows]. */
export interface Source {
  readonly tensor: string;
  readonly rows: number;
  readonly transposed?: boolean;
}

/** What stands before the names of a checkpoint's tensors. */
export function prefixIn(model: Architecture, checkpoint: Pick<Checkpoint, "has">): string {
  const { prefix, embedding } = layoutOf(model);
  return checkpoint.has(`${prefix}${embedding}.weight`) ? prefix : "";
}

/** All steps, in the order in which their weights lie in the file. `prefix` stands before the tensors' names, default none. */
export function weightPlan(model: Architecture, format: Format, prefix = ""): readonly Step[] {
  const { hidden, vocabulary } = model;
  const layout = layoutOf(model);
  const tokens = (name: string, tensor: string): Step =>
    matrix(name, [{ tensor: `${tensor}.weight`, rows: vocabulary }], hidden, format);
  return [
    ...positionSteps(model, format, prefix),
    tokens(EMBEDDING, `${prefix}${layout.embedding}`),
    ...Array.from({ length: model.layers }, (_, layer) => layerSteps(model, format, prefix, layer)).flat(),
    ...norm(NORM, `${prefix}${layout.norm}`, hidden, format),
    ...(model.tied ? [] : [tokens(HEAD, layout.head)]),
  ];
}

function layerSteps(model: Architecture, format: Format, prefix: string, layer: number): readonly Step[] {
  const { hidden, inner, heads, kvHeads, headDim, bias } = model;
  const { layers, parts, transposed } = layoutOf(model);
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const tensors = (part: LayerPart) => parts[part].map((name) => `${prefix}${layers}.${layer}.${name}`);
  const normOf = (part: LayerPart): Step[] =>
    norm(layerName(layer, part), tensors(part)[0] ?? "", hidden, format);
  /** Tensors on top of one another: so many rows of each, or all of the one that has them. */
  const linear = (part: LayerPart, columns: number, ...rows: readonly number[]): Step[] => {
    const name = layerName(layer, part);
    const found = tensors(part);
    const each = found.length === 1 ? [rows.reduce((sum, count) => sum + count, 0)] : rows;
    const sources = (kind: string): Source[] =>
      found.map((tensor, at) => ({ tensor: `${tensor}.${kind}`, rows: each[at] ?? 0 }));
    const weights = sources("weight").map((source) => ({ ...source, transposed }));
    return [
      matrix(name, weights, columns, format),
      ...(bias ? [vectorStep(`${name}.bias`, sources("bias"), format)] : []),
    ];
  };
  return [
    ...normOf("input_layernorm"),
    ...linear("self_attn.qkv", hidden, queries, keys, keys),
    ...linear("self_attn.o_proj", queries, hidden),
    ...normOf("post_attention_layernorm"),
    ...linear("mlp.c_fc", hidden, inner),
    ...linear("mlp.c_proj", inner, hidden),
  ];
}

function norm(name: string, tensor: string, hidden: number, format: Format): Step[] {
  return ["weight", "bias"].map((kind) =>
    vectorStep(`${name}.${kind}`, [{ tensor: `${tensor}.${kind}`, rows: hidden }], format),
  );
}

/** A matrix of some tensors on top of one another, [rows, columns]. */
export function matrix(name: string, sources: readonly Source[], columns: number, format: Format): Step {
  return format.matrices === "int8"
    ? blockStep(name, sources, columns, format)
    : matrixStep(name, sources, columns, format.matrices);
}

/** The rotary tables, or the positions' learned vectors, which are never blocks: they are few, and added to everything. */
function positionSteps(model: Architecture, format: Format, prefix: string): readonly Step[] {
  const { ropeTheta, positions, hidden } = model;
  if (ropeTheta !== null) return [rotaryStep({ ...model, ropeTheta }, format)];
  const tensor = `${prefix}${layoutOf(model).positions ?? ""}.weight`;
  return [matrixStep(POSITIONS, [{ tensor, rows: positions }], hidden, format.activations)];
}

const total = (sources: readonly Source[]): number => sources.reduce((sum, { rows }) => sum + rows, 0);

const shapeOf = ({ tensor, rows, transposed }: Source, columns: number): Step["needs"][number] => [
  tensor,
  transposed === true ? [columns, rows] : [rows, columns],
];

/** A source's rows in order, some megabytes of them at a time. */
async function* chunksOf(
  checkpoint: Checkpoint,
  { tensor, transposed }: Source,
): AsyncGenerator<Float32Array> {
  if (transposed === true) yield* columnChunks(checkpoint, tensor);
  else for await (const { values } of rowChunks(checkpoint, tensor)) yield values;
}

export function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** From here on a number is an infinite half. */
const HALF_OVERFLOW = 65_520;

/** A tensor's numbers as bytes. One that is infinite or NaN would spread to every logit, so it is refused here. */
function narrowed(values: Float32Array, type: "float32" | "float16", tensor: string): Uint8Array {
  const bound = type === "float16" ? HALF_OVERFLOW : Infinity;
  for (let at = 0; at < values.length; at++)
    if (!(Math.abs(values[at] ?? 0) < bound))
      throw new InputError(
        `"${tensor}" has numbers that are infinite, NaN or too large for ${type}: fetch the checkpoint again, or take --dtype fp32`,
      );
  return asBytes(type === "float16" ? toHalf(values) : values);
}

/** Biases and normalisations: small, whole, one behind the other. */
export function vectorStep(name: string, sources: readonly Source[], { activations: type }: Format): Step {
  return {
    weights: [{ name, type, dims: [total(sources)] }],
    needs: sources.map(({ tensor, rows }) => [tensor, [rows]]),
    async *pieces(checkpoint) {
      for (const { tensor } of sources)
        yield { name, bytes: narrowed(await checkpoint.read(tensor), type, tensor) };
    },
  };
}

/** A table that stays in one type. */
export function matrixStep(
  name: string,
  sources: readonly Source[],
  columns: number,
  type: "float32" | "float16",
): Step {
  return {
    weights: [{ name: `${name}.weight`, type, dims: [total(sources), columns] }],
    needs: sources.map((source) => shapeOf(source, columns)),
    async *pieces(checkpoint) {
      for (const source of sources)
        for await (const values of chunksOf(checkpoint, source))
          yield { name: `${name}.weight`, bytes: narrowed(values, type, source.tensor) };
    },
  };
}

/** Blocks of int8 with their scales; these are few enough to be held until the bytes are written. */
function blockStep(name: string, sources: readonly Source[], columns: number, format: Format): Step {
  const [type, block] = [format.activations, blockOf(format)];
  const rows = total(sources);
  const blocks = blocksOf(columns, block);
  return {
    weights: [
      { name: `${name}.blocks`, type: "uint8", dims: [rows, blocks, block] },
      { name: `${name}.scales`, type, dims: [rows, blocks] },
    ],
    needs: sources.map((source) => shapeOf(source, columns)),
    async *pieces(checkpoint) {
      for (const source of sources) {
        for await (const values of chunksOf(checkpoint, source)) {
          const { bytes, scales } = quantised(values, columns, block);
          yield { name: `${name}.blocks`, bytes };
          yield { name: `${name}.scales`, bytes: narrowed(scales, type, source.tensor) };
        }
      }
    },
  };
}

/**
 * Cosines and sines of every position, [positions, headDim / 2]: the angle falls with the pair, from 1 to 1/theta. Angles
 * are rounded to single floats, as they were in training.
 */
function rotaryStep(
  { positions, headDim, ropeTheta }: Architecture & { readonly ropeTheta: number },
  { activations: type }: Format,
): Step {
  const half = headDim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, pair) => ropeTheta ** ((-2 * pair) / headDim));
  const table = (turn: (angle: number) => number): Uint8Array => {
    const values = new Float32Array(positions * half);
    for (let at = 0; at < values.length; at++)
      values[at] = turn(Math.fround(Math.floor(at / half) * (frequencies[at % half] ?? 0)));
    return narrowed(values, type, "rotary");
  };
  const dims = [positions, half];
  return {
    weights: [
      { name: "rotary.cos", type, dims },
      { name: "rotary.sin", type, dims },
    ],
    needs: [],
    // eslint-disable-next-line @typescript-eslint/require-await
    async *pieces() {
      yield { name: "rotary.cos", bytes: table(Math.cos) };
      yield { name: "rotary.sin", bytes: table(Math.sin) };
    },
  };
}
