// A checkpoint in a quarter of its bytes, for one that comes with the package: matrices as signed bytes in blocks with a half
// as their scale, the numbers that int8 conversion makes of them, everything else as it is. Only our own reader knows what the
// bytes mean, so that a stranger's I8 tensors are never taken for these.
import { readFile } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { fromHalf } from "../onnx/floats.js";
import { headerLength, LENGTH_BYTES, readHeader, type Place } from "../onnx/header.js";
import type { WrittenTensor } from "../onnx/save.js";
import { BLOCK, quantised } from "./quantise.js";

const SCALES = ".scales";
const ZERO = 128;

/** Tensors to write instead of these. @throws InputError for a matrix whose rows are no whole blocks. */
export function* packed(tensors: Iterable<WrittenTensor>): Generator<WrittenTensor> {
  for (const { name, shape, values } of tensors) {
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2) {
      yield { name, shape, values };
      continue;
    }
    if (columns % BLOCK !== 0)
      throw new InputError(`"${name}" has ${columns} columns; only multiples of ${BLOCK} are packed`);
    const { bytes, scales } = quantised(values, columns, BLOCK);
    yield { name, shape, values: Float32Array.from(bytes, (byte) => byte - ZERO), dtype: "I8" };
    yield { name: `${name}${SCALES}`, shape: [rows, columns / BLOCK], values: scales, dtype: "F16" };
  }
}

/** The tensors of a packed file as single floats, by their first names. */
export async function* unpacked(file: string): AsyncGenerator<WrittenTensor> {
  const whole = await readFile(file);
  const behind = LENGTH_BYTES + headerLength(whole, whole.length, file);
  const places = readHeader(whole.subarray(LENGTH_BYTES, behind), whole.length, file);
  const bytesOf = ({ start, end }: Place): ArrayBuffer => new Uint8Array(whole.subarray(start, end)).buffer;
  for (const [name, place] of places) {
    if (name.endsWith(SCALES)) continue;
    const scales = places.get(`${name}${SCALES}`);
    yield {
      name,
      shape: place.shape,
      values:
        scales === undefined
          ? new Float32Array(bytesOf(place))
          : scaled(new Int8Array(bytesOf(place)), fromHalf(new Uint16Array(bytesOf(scales)))),
    };
  }
}

function scaled(bytes: Int8Array, scales: Float32Array): Float32Array {
  return Float32Array.from(bytes, (byte, at) => byte * (scales[Math.floor(at / BLOCK)] ?? 0));
}
