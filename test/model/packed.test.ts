import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { uniforms } from "../../src/core/random.js";
import { packed, unpacked } from "../../src/model/packed.js";
import { BLOCK, quantised } from "../../src/model/quantise.js";
import { folderSource, openSafetensors } from "../../src/onnx/safetensors.js";
import { writeSafetensors, type WrittenTensor } from "../../src/onnx/save.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-packed-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const next = uniforms(1, "packed");
const tensor = (name: string, ...shape: number[]): WrittenTensor => ({
  name,
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 4 * (next() - 0.5)),
});

it("keeps vectors, and of matrices what int8 conversion takes of them", async () => {
  const tensors = [tensor("a.weight", 5, 64), tensor("a.bias", 5), tensor("b.weight", 3, 32)];
  const file = path.join(folder, "model.int8.safetensors");
  await writeSafetensors(file, packed(tensors));
  const again = new Map((await collect(unpacked(file))).map((one) => [one.name, one]));
  expect([...again.keys()].sort()).toEqual(["a.bias", "a.weight", "b.weight"]);
  for (const { name, shape, values } of tensors) {
    const back = again.get(name);
    expect(back?.shape).toEqual(shape);
    if (shape.length === 1) {
      expect(back?.values).toEqual(values);
      continue;
    }
    const columns = shape[1] ?? 0;
    const [before, after] = [
      quantised(values, columns, BLOCK),
      quantised(back?.values ?? values, columns, BLOCK),
    ];
    expect(after.bytes).toEqual(before.bytes);
    // A half has eleven bits.
    for (const [at, scale] of before.scales.entries())
      expect(Math.abs((after.scales[at] ?? 0) / scale - 1)).toBeLessThan(2 ** -11);
    // Packed again it is the same to the bit.
    expect(after.scales).toEqual(quantised(back?.values ?? values, columns, BLOCK).scales);
  }
});

it("is not taken for a checkpoint of numbers, and takes no rows that are no blocks", async () => {
  const checkpoint = await openSafetensors(folderSource(folder), "model.int8.safetensors");
  await expect(checkpoint.read("a.weight")).rejects.toThrow("is I8");
  expect(() => [...packed([tensor("odd", 2, 33)])]).toThrow("only multiples of 32");
});
