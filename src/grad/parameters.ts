// The parameters of a model and the numbers that they begin with, drawn for a seed and a name: the same on every machine,
// whatever else is drawn.
import { uniforms } from "../core/random.js";
import { countOf } from "../onnx/header.js";

/** What a parameter begins with: one number, draws from a normal distribution, or Xavier's evenly spread numbers. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** Evenly spread from -bound to bound. */
  | { readonly kind: "uniform"; readonly bound: number }
  /** Within the square root of 6 / (in + out) of a matrix, https://proceedings.mlr.press/v9/glorot10a.html */
  | { readonly kind: "xavier" };

export interface Parameter {
  /** Its name in a checkpoint. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly initial: Initial;
  /** Whether weight decay pulls it to zero: so for matrices, not for biases and gains. */
  readonly decayed: boolean;
  /** Other names that a checkpoint may keep it under. */
  readonly also?: readonly string[];
  /** How the weight of a projection lies; absent: it is none. A projection's bias has its name, too. */
  readonly projection?: Lying;
}

/** A matrix of [out, in], as in most layers, or of [in, out]. */
export type Lying = "out-in" | "in-out";

/** A vector that begins with one number and is not decayed: a bias, or the gain of a normalisation. */
export function constant(name: string, size: number, value: number): Parameter {
  return { name, dims: [size], initial: { kind: "constant", value }, decayed: false };
}

/** Gain and bias of a layer normalisation. */
export function layerNormOf(name: string, size: number): Parameter[] {
  return [constant(`${name}.weight`, size, 1), constant(`${name}.bias`, size, 0)];
}

/** The numbers that a parameter begins with. */
export function initialNumbers({ name, dims, initial }: Parameter, seed: number): Float32Array {
  const numbers = new Float32Array(countOf(dims));
  if (initial.kind === "constant") return numbers.fill(initial.value);
  const next = fastUniforms(seed, `initial ${name}`);
  if (initial.kind === "normal") return normals(numbers, initial.deviation, next);
  const [rows = 0, columns = 0] = dims;
  const bound = initial.kind === "uniform" ? initial.bound : Math.sqrt(6 / (rows + columns));
  return numbers.map(() => bound * (2 * next() - 1));
}

/** Fills with draws from a normal distribution, two at a time: Box and Muller, https://doi.org/10.1214/aoms/1177706645 */
function normals(numbers: Float32Array, deviation: number, next: () => number): Float32Array {
  for (let at = 0; at < numbers.length; at += 2) {
    const length = deviation * Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    numbers[at] = length * Math.cos(angle);
    // Beyond the end of an odd array this does nothing.
    numbers[at + 1] = length * Math.sin(angle);
  }
  return numbers;
}

/**
 * A stream of uniforms in [0, 1) for one key that is fast enough for millions: C. Doty-Humphrey's sfc32, begun with the
 * first numbers of the slow stream. Source: https://pracrand.sourceforge.net
 */
function fastUniforms(seed: number, key: string): () => number {
  const slow = uniforms(seed, key);
  const word = (): number => (slow() * 2 ** 32) | 0;
  let [a, b, c, counter] = [word(), word(), word(), 1];
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}
