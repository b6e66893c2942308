import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { columnChunks, type ColumnOptions } from "../../src/onnx/columns.js";
import { folderSource, openCheckpoint, type Checkpoint } from "../../src/onnx/safetensors.js";
import { writeSafetensors } from "../../src/onnx/save.js";

const [ROWS, COLUMNS] = [37, 23];

let folder: string;
let checkpoint: Checkpoint;
let reads = 0;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-"));
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => at);
  await writeSafetensors(path.join(folder, "model.safetensors"), [
    { name: "matrix", shape: [ROWS, COLUMNS], values },
    { name: "none", shape: [ROWS, 0], values: new Float32Array() },
    { name: "thin", shape: [1, 3], values: Float32Array.of(5, 6, 7) },
  ]);
  const opened = await openCheckpoint(folderSource(folder));
  checkpoint = { ...opened, rows: (...asked) => (reads++, opened.rows(...asked)) };
});
afterAll(() => rmSync(folder, { recursive: true }));

async function chunks(name: string, options?: ColumnOptions): Promise<number[][]> {
  const all: number[][] = [];
  for await (const values of columnChunks(checkpoint, name, options)) all.push([...values]);
  return all;
}

/** By definition: number `row * COLUMNS + column` of the matrix, column by column. */
const transposed = Array.from({ length: COLUMNS }, (_, column) =>
  Array.from({ length: ROWS }, (__, row) => row * COLUMNS + column),
).flat();

it.each([
  ["all at once", {}, 1, 1],
  ["some held at a time", { heldBytes: 4 * ROWS * 5 }, 5, 5],
  ["one held at a time", { heldBytes: 1 }, COLUMNS, COLUMNS],
  ["some given at a time", { bytes: 4 * ROWS * 4 + 3 }, 1, 6],
  ["fewer given than held", { heldBytes: 4 * ROWS * 9, bytes: 4 * ROWS * 2 }, 3, 13],
])("gives columns in order: %s", async (_, options, passes, given) => {
  reads = 0;
  const all = await chunks("matrix", options);
  expect(all.flat()).toEqual(transposed);
  expect(all).toHaveLength(given);
  for (const chunk of all) expect(chunk.length % ROWS).toBe(0);
  expect(reads).toBe(passes);
});

it("gives the columns of one row, and none where there are none", async () => {
  expect(await chunks("thin", { bytes: 4 })).toEqual([[5], [6], [7]]);
  expect(await chunks("none")).toEqual([]);
});
