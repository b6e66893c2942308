// Frozen weights in eight-bit blocks: what a projection computes with them, against the blocks' own numbers.
import { expect, it } from "vitest";
import type { Lying } from "../../src/grad/parameters.js";
import { newTape } from "../../src/grad/tape.js";
import { BLOCK, blocksOf, quantised } from "../../src/model/quantise.js";
import { newGraph } from "../../src/onnx/graph.js";
import type { Tensor } from "../../src/onnx/tensor.js";
import { frozenBase } from "../../src/train/frozen.js";
import { buildingOf } from "../../src/train/graphs.js";
import { drawn, openedGraph } from "../grad/differences.js";

/** What a number of the matrix [out, in] is after it went through its block. */
function rounded(matrix: Float32Array, columns: number): Float32Array {
  const { bytes, scales } = quantised(matrix, columns, BLOCK);
  const blocks = blocksOf(columns, BLOCK);
  return matrix.map((_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const block = row * blocks + Math.floor(column / BLOCK);
    return ((bytes[block * BLOCK + (column % BLOCK)] ?? 0) - 128) * (scales[block] ?? 0);
  });
}

it.each<[Lying, number]>([
  ["out-in", 64],
  ["out-in", 40],
  ["in-out", 64],
  ["in-out", 5],
])("a projection that lies as %s and reads %i numbers has the blocks' numbers", async (projection, from) => {
  const outer = 3;
  const matrix = Float32Array.from(drawn("matrix", [outer, from]));
  const turned = matrix.map((_, at) => matrix[(at % outer) * from + Math.floor(at / outer)] ?? 0);
  const [dims, data] = projection === "out-in" ? [[outer, from], matrix] : [[from, outer], turned];
  const weight = {
    name: "layer.weight",
    dims,
    decayed: true,
    projection,
    initial: { kind: "xavier" },
  } as const;
  const { frozen, building } = frozenBase(
    [weight],
    () => Promise.resolve({ type: "float32", dims, data: data.slice() }),
    "int8",
  );
  const identity = Float32Array.from({ length: from * from }, (_, at) => Number(at % (from + 1) === 0));
  const batch = { x: { type: "float32", dims: [from, from], data: identity } } as const;

  const tape = newTape(newGraph("projection"));
  const trainable = { parameters: [], frozen, loss: (_: unknown, weights: never) => weights };
  const within = building(buildingOf(tape, trainable, batch, false).building);
  const y = within.project(within.input("x"), "layer");
  tape.graph.output(y.value, "float32", y.dims);
  const session = await openedGraph(tape.graph);
  const given: [string, Tensor][] = [];
  for (const { name, read } of frozen) given.push([name, await read()]);
  const outputs = await session.run({ ...Object.fromEntries(given), "batch x": batch.x });
  await session.close();

  const expected = rounded(matrix, from);
  const ours = outputs[y.value]?.data ?? [];
  expect(y.dims).toEqual([from, outer]);
  for (const [at, value] of expected.entries())
    expect(ours[(at % from) * outer + Math.floor(at / from)]).toBeCloseTo(value, 6);
  expect(expected).not.toEqual(matrix);
});
