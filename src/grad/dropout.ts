// Dropout whose masks depend on a key and on nothing else, so that a resumed run draws the same ones. A mask has a random
// number for each row and one for each column, hashed from the key; whether an element stays is told by the upper bits of
// their product modulo 2^32: odd random numbers, so that a product is as evenly spread as either, and two products in a row
// or a column are independent.
import { countOf } from "../onnx/header.js";
import { ELEMENT } from "../onnx/graph.js";
import { node, pairwise, scalar } from "./nodes.js";
import { record, type Tape, type Var } from "./tape.js";

/** Drops numbers of a value; each mask in a graph is another. */
export type Dropout = (x: Var, probability: number) => Var;

/** Lanes of one mask; more would run into the next one's. */
const LANES = 2 ** 24;

/** Dropout by an int32 key [2], of which every step needs another. */
export function dropoutBy(tape: Tape, key: Var<"int32">): Dropout {
  let masks = 0;
  return (x, probability) => {
    if (probability === 0) return x;
    const kept = keptOf(tape, x.dims, probability, masks++ * LANES, key);
    const factors = node(
      tape,
      "Where",
      [kept, scalar(tape, 1 / (1 - probability)), scalar(tape, 0)],
      x.dims,
      {},
      tape.real,
    );
    return record(tape, [x], pairwise(tape, "Mul", x, factors), (d) => [pairwise(tape, "Mul", d, factors)]);
  };
}

/** What stays: bool of this shape. */
function keptOf(tape: Tape, dims: readonly number[], probability: number, first: number, key: Var): Var {
  const columns = dims.at(-1) ?? 1;
  const rows = countOf(dims) / columns;
  const lanes = hashed(tape, first, rows + columns, key);
  const [down, across] = [tape.graph.fresh("rows"), tape.graph.fresh("columns")];
  tape.graph.ops("Split", [lanes.value, tape.graph.int64([rows, columns])], [down, across], { axis: 0 });
  const tall = { ...lanes, dims: dims.with(-1, 1) };
  const column = { ...tall, value: tape.graph.op("Reshape", [down, tape.graph.int64(tall.dims)]) };
  const product = pairwise(tape, "Mul", column, { ...lanes, value: across, dims: [columns] });
  const least = Math.round(probability * 2 ** 32) - 2 ** 31;
  return node(tape, "GreaterOrEqual", [product, constant(tape, least)], dims, {}, "bool");
}

/** Odd random int32 numbers, [count], by MurmurHash3's finaliser on lane and key. https://github.com/aappleby/smhasher */
function hashed(tape: Tape, first: number, count: number, key: Var): Var {
  const range = [first, first + count, 1].map((value) => constant(tape, value));
  const lanes = node(tape, "Range", range, [count], {}, "int32");
  const [one, two] = [tape.graph.fresh("key"), tape.graph.fresh("key")];
  tape.graph.ops("Split", [key.value], [one, two], { axis: 0, num_outputs: 2 });
  const mixed = (x: Var, value: string): Var => pairwise(tape, "BitwiseXor", x, { ...key, value, dims: [1] });
  const spread = pairwise(tape, "Mul", lanes, constant(tape, 0x9e3779b1));
  const hash = finalised(tape, mixed(finalised(tape, mixed(spread, one)), two));
  return pairwise(tape, "BitwiseOr", hash, constant(tape, 1));
}

function finalised(tape: Tape, x: Var): Var {
  const first = pairwise(tape, "Mul", folded(tape, x, 16), constant(tape, 0x85ebca6b));
  const second = pairwise(tape, "Mul", folded(tape, first, 13), constant(tape, 0xc2b2ae35));
  return folded(tape, second, 16);
}

/** x ^ (x >>> bits): shifts are of unsigned numbers alone. */
function folded(tape: Tape, x: Var, bits: number): Var {
  const { graph } = tape;
  const unsigned = graph.op("Cast", [x.value], { to: ELEMENT.uint32 });
  const shifted = graph.op("BitShift", [unsigned, graph.uint32(bits)], { direction: "RIGHT" });
  return pairwise(tape, "BitwiseXor", x, {
    ...x,
    value: graph.op("Cast", [shifted], { to: ELEMENT.int32 }),
  });
}

function constant({ graph }: Tape, value: number): Var<"int32"> {
  return { value: graph.int32(value), dims: [], type: "int32" };
}
