// Which weights a converted StarCoder2 has, under which names and in which types, and how each is made from the checkpoint,
// in pieces of a few megabytes. Linear layers stay [out, in] as the checkpoint has them; queries, keys and values become
// one matrix. A plan is a pure function of the model and the format; nothing is read before `pieces` is asked.
import { InputError } from "../core/errors.js";
import type { ElementType } from "../onnx/graph.js";
import { toHalf } from "../onnx/floats.js";
import { rowChunks, type Checkpoint } from "../onnx/safetensors.js";
import { BLOCK, blocksOf, quantised } from "./quantise.js";
import type { Starcoder2 } from "./starcoder2.js";

/** Types of the matrices and of everything that is computed with. */
export interface Format {
  readonly matrices: "int8" | "float32" | "float16";
  readonly activations: "float32" | "float16";
}

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

/** Name of the embedding, which a tied head shares, and of the head of its own. */
export const EMBEDDING = "model.embed_tokens";
export const HEAD = "lm_head";

/** Names of a layer's weights. */
export const layerName = (layer: number, part: string): string => `model.layers.${layer}.${part}`;

/** All steps, in the order in which their weights lie in the file. */
export function weightPlan(model: Starcoder2, format: Format): readonly Step[] {
  const { hidden, inner, vocabulary, headDim } = model;
  const keys = model.kvHeads * headDim;
  const queries = model.heads * headDim;
  const vector = (name: string, sources: readonly (readonly [string, number])[]): Step =>
    vectorStep(name, sources, format);
  const matrix = (name: string, sources: readonly (readonly [string, number])[], columns: number): Step =>
    format.matrices === "int8"
      ? blockStep(name, sources, columns, format.activations)
      : matrixStep(name, sources, columns, format.matrices);
  const norm = (name: string): Step[] => [
    vector(`${name}.weight`, [[`${name}.weight`, hidden]]),
    vector(`${name}.bias`, [[`${name}.bias`, hidden]]),
  ];
  const linear = (name: string, rows: number, columns: number): Step[] => [
    matrix(name, [[`${name}.weight`, rows]], columns),
    ...(model.bias ? [vector(`${name}.bias`, [[`${name}.bias`, rows]])] : []),
  ];
  const projections = [
    ["q_proj", queries],
    ["k_proj", keys],
    ["v_proj", keys],
  ] as const;
  const attention = (layer: number): Step[] => {
    const sources = (suffix: string) =>
      projections.map(
        ([part, rows]) => [`${layerName(layer, "self_attn")}.${part}.${suffix}`, rows] as const,
      );
    const name = layerName(layer, "self_attn.qkv");
    return [
      matrix(name, sources("weight"), hidden),
      ...(model.bias ? [vector(`${name}.bias`, sources("bias"))] : []),
      ...linear(layerName(layer, "self_attn.o_proj"), hidden, queries),
    ];
  };
  const layers = Array.from({ length: model.layers }, (_, layer) => [
    ...norm(layerName(layer, "input_layernorm")),
    ...attention(layer),
    ...norm(layerName(layer, "post_attention_layernorm")),
    ...linear(layerName(layer, "mlp.c_fc"), inner, hidden),
    ...linear(layerName(layer, "mlp.c_proj"), hidden, inner),
  ]);
  return [
    rotaryStep(model, format),
    matrix(EMBEDDING, [[`${EMBEDDING}.weight`, vocabulary]], hidden),
    ...layers.flat(),
    ...norm("model.norm"),
    ...(model.tied ? [] : [matrix(HEAD, [[`${HEAD}.weight`, vocabulary]], hidden)]),
  ];
}

type Sources = readonly (readonly [tensor: string, rows: number])[];

const total = (sources: Sources): number => sources.reduce((sum, [, rows]) => sum + rows, 0);

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
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
function vectorStep(name: string, sources: Sources, { activations: type }: Format): Step {
  return {
    weights: [{ name, type, dims: [total(sources)] }],
    needs: sources.map(([tensor, rows]) => [tensor, [rows]]),
    async *pieces(checkpoint) {
      for (const [tensor] of sources)
        yield { name, bytes: narrowed(await checkpoint.read(tensor), type, tensor) };
    },
  };
}

function matrixStep(name: string, sources: Sources, columns: number, type: "float32" | "float16"): Step {
  return {
    weights: [{ name: `${name}.weight`, type, dims: [total(sources), columns] }],
    needs: sources.map(([tensor, rows]) => [tensor, [rows, columns]]),
    async *pieces(checkpoint) {
      for (const [tensor] of sources)
        for await (const { values } of rowChunks(checkpoint, tensor))
          yield { name: `${name}.weight`, bytes: narrowed(values, type, tensor) };
    },
  };
}

/** Blocks of int8 with their scales; these are few enough to be held until the bytes are written. */
function blockStep(name: string, sources: Sources, columns: number, type: "float32" | "float16"): Step {
  const rows = total(sources);
  const blocks = blocksOf(columns);
  return {
    weights: [
      { name: `${name}.blocks`, type: "uint8", dims: [rows, blocks, BLOCK] },
      { name: `${name}.scales`, type, dims: [rows, blocks] },
    ],
    needs: sources.map(([tensor, count]) => [tensor, [count, columns]]),
    async *pieces(checkpoint) {
      for (const [tensor] of sources) {
        for await (const { values } of rowChunks(checkpoint, tensor)) {
          const { bytes, scales } = quantised(values, columns);
          yield { name: `${name}.blocks`, bytes };
          yield { name: `${name}.scales`, bytes: narrowed(scales, type, tensor) };
        }
      }
    },
  };
}

/**
 * Cosines and sines of every position, [positions, headDim / 2]: the angle falls with the pair, from 1 to 1/theta. Angles
 * are rounded to single floats, as they were in training.
 */
function rotaryStep({ positions, headDim, ropeTheta }: Starcoder2, { activations: type }: Format): Step {
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
