// MinHash: a text becomes a fixed number of bytes, and the share of equal bytes of two texts estimates how many of their
// shingles they share. The hash functions are x -> a·x + b modulo 2^32, a odd; the minimum of each is kept as one byte
// (b-bit minwise hashing), so that 256 permutations take 256 bytes per text. Vectors where there are any, else plain
// JavaScript, to the same bits.
// Sources: A. Broder, 1997; P. Li and A. C. König, "b-Bit Minwise Hashing", WWW 2010, https://arxiv.org/abs/0910.3349
import { InputError } from "../core/errors.js";
import { uniforms } from "../core/random.js";
import { openShingles, scrambled } from "./shingles.js";
import { BLOCK, LANES, openSimd, type SimdMinima } from "./simd.js";

export interface SignerOptions {
  /** Hash functions per text, a multiple of 16 up to 1,024; default 256. */
  readonly permutations?: number;
  /** Use vectors where the engine has them; default true. The bits are the same either way. */
  readonly simd?: boolean;
}

/** Turns texts into sketches. */
export interface Signer {
  readonly permutations: number;
  /** One byte per permutation, in a buffer that the next call overwrites; null for a text without a single token. */
  readonly sketch: (text: string) => Uint8Array | null;
}

/** A signer; equal options give equal sketches on every machine. */
export function openSigner({ permutations = 256, simd = true }: SignerOptions = {}): Signer {
  if (!Number.isInteger(permutations) || permutations < LANES || permutations > 1_024 || permutations % LANES)
    throw new InputError(
      `permutations must be a multiple of ${LANES} from ${LANES} to 1024, not ${permutations}`,
    );
  const minima = (simd ? openSimd(permutations) : null) ?? openPlain(permutations);
  const next = uniforms(1, "minhash");
  const draw = (): number => Math.floor(next() * 2 ** 32);
  for (let at = 0; at < permutations; at++) {
    minima.multipliers[at] = draw() | 1;
    minima.increments[at] = draw();
  }
  const shingles = openShingles();
  const bytes = new Uint8Array(permutations);
  return {
    permutations,
    sketch(text) {
      const count = shingles.read(text);
      if (count === 0) return null;
      lowerAll(minima, shingles.hashes(), count);
      for (let at = 0; at < permutations; at++) bytes[at] = scrambled(minima.minima[at] ?? 0) >>> 24;
      return bytes;
    },
  };
}

function lowerAll(state: SimdMinima, hashes: Uint32Array, count: number): void {
  state.minima.fill(0xffffffff);
  for (let start = 0; start < count; start += BLOCK) {
    const block = hashes.subarray(start, Math.min(start + BLOCK, count));
    state.shingles.set(block);
    state.lower(block.length);
  }
}

/** The same minima without vectors. */
function openPlain(permutations: number): SimdMinima {
  const multipliers = new Uint32Array(permutations);
  const increments = new Uint32Array(permutations);
  const minima = new Uint32Array(permutations);
  const shingles = new Uint32Array(BLOCK);
  const lower = (count: number): void => {
    for (let at = 0; at < permutations; at++) {
      const multiplier = multipliers[at] ?? 0;
      const increment = increments[at] ?? 0;
      let minimum = minima[at] ?? 0;
      for (let shingle = 0; shingle < count; shingle++) {
        const hash = (Math.imul(multiplier, shingles[shingle] ?? 0) + increment) >>> 0;
        if (hash < minimum) minimum = hash;
      }
      minima[at] = minimum;
    }
  };
  return { multipliers, increments, minima, shingles, lower };
}

/**
 * Estimated Jaccard similarity, 0..1, of two texts from the number of equal bytes of their sketches. Bytes of unequal
 * minima agree by chance once in 256 times, which is taken off (Li and König, theorem 1, for sparse sets).
 */
export function similarityOf(equal: number, permutations: number): number {
  const chance = 1 / 256;
  return Math.max(0, (equal / permutations - chance) / (1 - chance));
}
