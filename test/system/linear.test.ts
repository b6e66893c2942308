// A text must not depend on its batch: a row's product with a matrix is the same numbers alone and among others, to the bit, at the
// widths of real models, where a row has many blocks. ONNX Runtime's kernels hold this for blocks of 32 and 64. Of 128 they
// round the last row of an odd number otherwise, one alone among them, and no other: such models draw one text at a time.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { addLinear } from "../../src/model/linear.js";
import { matrix, type Format } from "../../src/model/weights.js";
import { newGraph } from "../../src/onnx/graph.js";
import { modelBytes } from "../../src/onnx/model.js";
import { openSession } from "../../src/onnx/session.js";
import { quantised } from "../../src/model/quantise.js";

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-linear-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  [32, 3_072],
  [64, 3_072],
  [128, 3_072],
  [32, 12_288],
  [64, 12_288],
  [128, 12_288],
])("is the same alone and among others: blocks of %d, %d columns", async (block, columns) => {
  const [rows, most] = [64, 33];
  const format: Format = { matrices: "int8", block, activations: "float32" };
  const next = uniforms(1, `${block} ${columns}`);
  const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, () => next() - 0.5);
  const { bytes, scales } = quantised(drawn(rows * columns), columns, block);
  const parts = new Map([
    ["w.blocks", bytes],
    ["w.scales", new Uint8Array(scales.buffer)],
  ]);
  const plan = matrix("w", [{ tensor: "w", rows }], columns, format);
  const graph = newGraph("linear");
  const x = graph.input("x", "float32", ["batch", columns]);
  const weight = (_: unknown, name: string): string => {
    const found = plan.weights.find((one) => one.name === name);
    const data = parts.get(name);
    if (found === undefined || data === undefined) throw new Error(`no weight "${name}"`);
    return graph.weight({ ...found, data });
  };
  const y = addLinear(graph, { format, weight }, x, { name: "w", rows, columns, bias: false });
  graph.named("y", "Identity", [y]);
  graph.output("y", "float32", ["batch", rows]);
  const file = path.join(folder, `${block}-${columns}.onnx`);
  writeFileSync(file, modelBytes(graph));

  const session = await openSession(file, { threads: 1 });
  const inputs = drawn((most + 1) * columns);
  const products = async (from: number, to: number): Promise<number[]> => {
    const data = inputs.slice(from * columns, to * columns);
    const { y: made } = await session.run({ x: { type: "float32", dims: [to - from, columns], data } });
    return [...(made?.data as Float32Array)];
  };
  const paired = block > 64;
  const expected = [];
  for (let row = 0; row < most; row++)
    expected.push(...(paired ? await products(row, row + 2) : await products(row, row + 1)).slice(0, rows));
  expect(new Set(expected).size).toBeGreaterThan((most * rows) / 2);
  for (const count of [2, 3, 5, 8, 16, most]) {
    const sure = (paired ? count - (count % 2) : count) * rows;
    expect((await products(0, count)).slice(0, sure)).toEqual(expected.slice(0, sure));
  }
  await session.close();
});
