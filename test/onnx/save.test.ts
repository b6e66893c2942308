// The oracle is our reader, which is tested on bytes written by hand; that others read these files is tested with Python.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { folderSource, openCheckpoint } from "../../src/onnx/safetensors.js";
import { writeSafetensors } from "../../src/onnx/save.js";

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-save-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what we write", () => {
  const tensors = [
    { name: "odd", shape: [3], values: Float32Array.of(1, 2, 3), dtype: "BF16" as const },
    { name: "wide", shape: [2, 1], values: Float32Array.of(0.1, -0) },
    { name: "half", shape: [], values: Float32Array.of(65_536), dtype: "F16" as const },
  ];

  it("is read again from a folder", async () => {
    await writeSafetensors(path.join(folder, "model.safetensors"), tensors);
    const checkpoint = await openCheckpoint(folderSource(folder));
    expect(checkpoint.names).toEqual(["wide", "odd", "half"]);
    expect(await checkpoint.read("wide")).toEqual(Float32Array.of(0.1, -0));
    expect(await checkpoint.read("odd")).toEqual(Float32Array.of(1, 2, 3));
    expect(await checkpoint.read("half")).toEqual(Float32Array.of(Infinity));
    expect(checkpoint.shape("half")).toEqual([]);
  });

  it("begins its data at a multiple of eight and says that it is PyTorch's layout", () => {
    const bytes = readFileSync(path.join(folder, "model.safetensors"));
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString("utf8", 8, 8 + length))).toMatchObject({
      __metadata__: { format: "pt" },
    });
  });

  it("is refused when a shape or a name is wrong", async () => {
    const file = path.join(folder, "never.safetensors");
    const good = { name: "w", shape: [2], values: new Float32Array(2) };
    await expect(writeSafetensors(file, [good, good])).rejects.toThrow('"w" can\'t be written twice');
    await expect(writeSafetensors(file, [{ ...good, shape: [3] }])).rejects.toThrow(
      '"w" has 2 numbers, its shape [3] takes others',
    );
    await expect(writeSafetensors(file, [{ ...good, name: "__metadata__" }])).rejects.toThrow("__metadata__");
  });

  it("has the same bytes when each tensor is made at its turn, and is not there when one can't be", async () => {
    const [now, later] = [path.join(folder, "now.safetensors"), path.join(folder, "later.safetensors")];
    const tensors = [1, 2, 3].map((number) => ({
      name: `w${number}`,
      shape: [number],
      values: new Float32Array(number).fill(number),
    }));
    await writeSafetensors(now, tensors);
    const written: number[] = [];
    const promised = (file: string) =>
      tensors.map(({ values, ...tensor }) => ({
        ...tensor,
        make: () => {
          written.push(statSync(`${file}.tmp`).size);
          return Promise.resolve(values);
        },
      }));
    await writeSafetensors(later, promised(later));
    expect(readFileSync(later)).toEqual(readFileSync(now));
    const whole = statSync(now).size;
    expect(written).toEqual([whole - 24, whole - 20, whole - 12]);

    const failing = { name: "w4", shape: [1], make: () => Promise.reject(new Error("gone")) };
    const wrong = { name: "w4", shape: [1], make: () => Promise.resolve(new Float32Array(2)) };
    for (const [bad, message] of [
      [failing, "gone"],
      [wrong, '"w4" has 2 numbers'],
    ] as const) {
      const before = readdirSync(folder);
      const file = path.join(folder, "bad");
      await expect(writeSafetensors(file, [...promised(file), bad])).rejects.toThrow(message);
      expect(readdirSync(folder)).toEqual(before);
    }
  });

  it("is noticed when it becomes shorter under the reader", async () => {
    const checkpoint = await openCheckpoint(folderSource(folder));
    const file = path.join(folder, "model.safetensors");
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    await expect(checkpoint.read("half")).rejects.toThrow("became shorter while it was read");
  });
});
