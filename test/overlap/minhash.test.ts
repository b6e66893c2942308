import { expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { openSigner, similarityOf } from "../../src/overlap/minhash.js";
import { jaccard, plantedPair } from "./planted.js";

it("gives the same bits with vectors and without", () => {
  for (const permutations of [16, 128, 256, 1_024]) {
    const [vectors, plain] = [openSigner({ permutations }), openSigner({ permutations, simd: false })];
    for (const length of [1, 4, 5, 6, 99, 4_099, 4_100, 4_101, 9_000]) {
      const text = Array.from({ length }, (_, at) => `t${(at * 7_919) % 5_003}`).join(" ");
      expect(vectors.sketch(text), `${permutations} permutations, ${length} tokens`).toEqual(
        plain.sketch(text),
      );
    }
  }
});

it("has nothing to say about a text without tokens", () => {
  expect(openSigner().sketch("+ - ()")).toBeNull();
});

it("estimates similarity as closely as 256 permutations can", () => {
  const signer = openSigner();
  const squares: number[] = [];
  const signed: number[] = [];
  for (let pair = 0; pair < 200; pair++) {
    const [a, b] = plantedPair(`p${pair}`, 100, (pair % 10) / 10);
    const one = Uint8Array.from(signer.sketch(a) ?? []);
    const other = signer.sketch(b) ?? new Uint8Array();
    const error = similarityOf(one.filter((byte, at) => byte === other[at]).length, 256) - jaccard(a, b);
    squares.push(error ** 2);
    signed.push(error);
  }
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  // The standard error of a share of 256 is at most 0.031.
  expect(Math.sqrt(mean(squares))).toBeLessThan(0.035);
  expect(Math.abs(mean(signed))).toBeLessThan(0.01);
});

it("takes agreement by chance off", () => {
  expect(similarityOf(256, 256)).toBe(1);
  expect(similarityOf(1, 256)).toBe(0);
  expect(similarityOf(0, 256)).toBe(0);
});

it("refuses permutations that the vectors can't do", () => {
  for (const permutations of [0, 15, 100, 2_048, 16.5, Number.NaN])
    expect(() => openSigner({ permutations })).toThrow(InputError);
});
