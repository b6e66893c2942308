// A model's weights that are not learned, as single floats or, the matrices of its projections, as eight-bit blocks with the
// numbers that our converted models have (quantise.ts): a quarter of the memory between steps, as each step widens them to
// single floats. They are made from a checkpoint one by one.
import { BLOCK, blocksOf, quantised } from "../model/quantise.js";
import { node, reshaped } from "../grad/nodes.js";
import type { Parameter } from "../grad/parameters.js";
import { slice } from "../grad/shapes.js";
import type { Tape, Var } from "../grad/tape.js";
import type { Tensor } from "../onnx/tensor.js";
import type { ReadWeight } from "./pretrained.js";
import { projecting } from "./project.js";
import type { Building, Frozen } from "./trainable.js";

export const BASE_TYPES = ["fp32", "int8"] as const;
export type BaseType = (typeof BASE_TYPES)[number];

export interface FrozenBase {
  readonly frozen: readonly Frozen[];
  /** As a model sees it: its parameters are frozen. */
  readonly building: (building: Building) => Building;
}

const scalesName = (name: string): string => `${name} scales`;

/** Freezes a model's parameters. */
export function frozenBase(parameters: readonly Parameter[], read: ReadWeight, type: BaseType): FrozenBase {
  const narrow = (one: Parameter): boolean => type === "int8" && one.projection !== undefined;
  const blocked = new Map(parameters.filter(narrow).map((one) => [one.name, one]));
  // Blocks run along what a row is multiplied with, so that they lie as [out, in] whatever the checkpoint has.
  const lying = parameters.map((one): Parameter => (narrow(one) ? { ...one, projection: "out-in" } : one));
  return {
    frozen: parameters.flatMap((one) => (narrow(one) ? blocksIn(one, read) : [wholeOf(one, read)])),
    building(building) {
      const { tape } = building;
      const made = new Map<string, Var>();
      const parameter = (name: string): Var => {
        const one = blocked.get(name);
        if (one === undefined) return building.parameter(name);
        const weight = made.get(name) ?? widened(tape, building, one);
        made.set(name, weight);
        return weight;
      };
      return { ...building, parameter, project: projecting(tape, lying, parameter) };
    },
  };
}

function wholeOf(parameter: Parameter, read: ReadWeight): Frozen {
  const { name, dims } = parameter;
  return { name, type: "float32", dims, read: () => read(parameter) };
}

/** Bytes [rows * blocks, BLOCK] and scales [rows * blocks] of a matrix. */
function blocksIn(parameter: Parameter, read: ReadWeight): readonly Frozen[] {
  const { name } = parameter;
  const [rows, columns] = outIn(parameter);
  const count = rows * blocksOf(columns, BLOCK);
  // Both come of one reading: the second to be asked for takes what the first left.
  let left: ReturnType<typeof quantised> | null = null;
  const halves = async (): Promise<ReturnType<typeof quantised>> => {
    if (left !== null) {
      const given = left;
      left = null;
      return given;
    }
    const { data } = await read(parameter);
    const matrix = parameter.projection === "in-out" ? transposed(data, rows, columns) : data;
    left = quantised(matrix, columns, BLOCK);
    return left;
  };
  const bytes = async (): Promise<Tensor> => {
    // Zero is 128 there and 0 here, where ONNX needs no zero points then.
    const data = Int8Array.from((await halves()).bytes, (byte) => byte - 128);
    return { type: "int8", dims: [count, BLOCK], data };
  };
  const scales = async (): Promise<Tensor> => {
    return { type: "float32", dims: [count], data: (await halves()).scales };
  };
  return [
    { name, type: "int8", dims: [count, BLOCK], read: bytes },
    { name: scalesName(name), type: "float32", dims: [count], read: scales },
  ];
}

/** The matrix of a projection's blocks, [out, in]. */
function widened(tape: Tape, { parameter }: Building, of: Parameter): Var {
  const [rows, columns] = outIn(of);
  const wide = blocksOf(columns, BLOCK) * BLOCK;
  const given = [parameter(of.name), parameter(scalesName(of.name))];
  const dims = given[0]?.dims ?? [];
  const numbers = node(tape, "DequantizeLinear", given, dims, { axis: 0 }, "float32");
  const matrix = reshaped(tape, numbers, [rows, wide]);
  return wide === columns ? matrix : slice(tape, matrix, 1, 0, columns);
}

/** Sizes of a projection's matrix as [out, in]. */
function outIn({ dims: [first = 0, second = 0], projection }: Parameter): readonly [number, number] {
  return projection === "in-out" ? [second, first] : [first, second];
}

/** A matrix [columns, rows] as [rows, columns]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++)
    turned[(at % rows) * columns + Math.floor(at / rows)] = values[at] ?? 0;
  return turned;
}
