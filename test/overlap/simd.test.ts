import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { BLOCK, openSimd } from "../../src/overlap/simd.js";

const next = uniforms(1, "simd");
const draw = (): number => Math.floor(next() * 2 ** 32);

describe.each([16, 48, 256, 1_024])("with %d permutations", (permutations) => {
  it.each([1, 7, BLOCK])("lowers the minima by %d shingles as big integers do", (count) => {
    const simd = openSimd(permutations);
    if (simd === null) throw new Error("this engine has no vectors");
    const { multipliers, increments, minima, shingles, lower } = simd;
    for (let at = 0; at < permutations; at++)
      [multipliers[at], increments[at], minima[at]] = [draw(), draw(), draw()];
    for (let at = 0; at < BLOCK; at++) shingles[at] = draw();
    // Some permutations are enough for the slow oracle.
    const probed = [0, 1, 5, 15, permutations - 16, permutations - 1];
    const expected = probed.map((at) => {
      const [a, b] = [BigInt(multipliers[at] ?? 0), BigInt(increments[at] ?? 0)];
      let minimum = BigInt(minima[at] ?? 0);
      for (const shingle of shingles.subarray(0, count)) {
        const hash = (BigInt(shingle) * a + b) & 0xffffffffn;
        if (hash < minimum) minimum = hash;
      }
      return Number(minimum);
    });
    lower(count);
    expect(probed.map((at) => minima[at])).toEqual(expected);
  });
});

it("changes nothing without shingles", () => {
  const simd = openSimd(16);
  simd?.minima.fill(5);
  simd?.lower(0);
  expect([...(simd?.minima ?? [])]).toEqual(Array(16).fill(5));
});
