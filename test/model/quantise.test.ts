// The oracle is MatMulNBits' definition: a weight is its byte less 128, times its block's scale.
import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { BLOCK, blocksOf, quantised } from "../../src/model/quantise.js";

function randoms(count: number, spread: number): Float32Array {
  const next = uniforms(7, `${count}`);
  return Float32Array.from({ length: count }, () => spread * (next() - 0.5) ** 3);
}

/** The numbers as they are multiplied with. */
function restored(
  { bytes, scales }: ReturnType<typeof quantised>,
  columns: number,
  size = BLOCK,
): Float32Array {
  const width = Math.ceil(columns / size) * size;
  const rows = bytes.length / width;
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const byte = bytes[row * width + column] ?? NaN;
    return (byte - 128) * (scales[(row * width + column - (column % size)) / size] ?? NaN);
  });
}

describe("weights in blocks", () => {
  it.each([
    [1, 32],
    [31, 32],
    [32, 32],
    [33, 32],
    [64, 32],
    [100, 32],
    [33, 64],
    [64, 64],
    [100, 64],
    [300, 64],
  ])("come back within half a step, %d to a row, in blocks of %d", (columns, size) => {
    const values = randoms(5 * columns, 3);
    const made = quantised(values, columns, size);
    expect(made.bytes.length).toBe(5 * blocksOf(columns, size) * size);
    expect(made.scales.length).toBe(5 * blocksOf(columns, size));
    for (const [at, value] of restored(made, columns, size).entries()) {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const from = row * columns + column - (column % size);
      const block = values.subarray(from, Math.min(from + size, (row + 1) * columns));
      const step = Math.max(...block.map(Math.abs)) / 127;
      expect(Math.abs(value - (values[at] ?? NaN))).toBeLessThanOrEqual(step * (0.5 + 1e-4));
    }
  });

  it("keep their largest magnitude, of either sign, and never use the byte 0", () => {
    for (const largest of [1, -1, 1e30, -3e-30]) {
      const values = Float32Array.from({ length: 32 }, (_, at) => (largest * (at + 1)) / 32);
      const made = quantised(values, 32, BLOCK);
      expect((restored(made, 32)[31] ?? 0) / largest).toBeCloseTo(1, 6);
      expect(Math.min(...made.bytes)).toBeGreaterThan(0);
    }
  });

  it("fill a row's last block with zeros, which are 128", () => {
    const { bytes } = quantised(
      Float32Array.from({ length: 2 * 33 }, () => 1),
      33,
      BLOCK,
    );
    const row = [...new Array<number>(33).fill(255), ...new Array<number>(31).fill(128)];
    expect([...bytes]).toEqual([...row, ...row]);
  });

  it("give zeros for zeros, with a scale that is a number above 0", () => {
    const made = quantised(new Float32Array(64), 64, BLOCK);
    expect([...restored(made, 64)]).toEqual(new Array(64).fill(0));
    expect(Math.min(...made.scales)).toBeGreaterThan(0);
  });

  it("have nothing to do with their neighbours' sizes", () => {
    const values = new Float32Array(64).fill(1e-6).fill(1e6, 32);
    const back = restored(quantised(values, 64, BLOCK), 64);
    expect((back[0] ?? 0) / 1e-6).toBeCloseTo(1, 6);
    expect((back[63] ?? 0) / 1e6).toBeCloseTo(1, 6);
  });

  it.each([NaN, Infinity, -Infinity])("tell %d by the scale of its block alone", (odd) => {
    const values = new Float32Array(96).fill(1);
    values[40] = odd;
    const [first, second, third] = quantised(values, 96, BLOCK).scales;
    expect([first, third].map((scale) => 127 * (scale ?? 0))).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
    ]);
    expect(Number.isFinite(second)).toBe(false);
  });
});
