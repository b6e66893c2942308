// Tensors to a file in the safetensors layout, in pieces; a tensor may be made when its turn has come, so that memory is that of
// the largest one.
import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { syncFolder } from "../core/files.js";
import { toBfloat, toHalf } from "./floats.js";
import * as header from "./header.js";

interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Type in the file, default "F32". */
  readonly dtype?: header.Described["dtype"];
}

/** A tensor to write. */
export interface WrittenTensor extends NamedTensor {
  readonly values: Float32Array;
}

/** A tensor that is made when its turn has come, and forgotten when it is written. */
export interface LaterTensor extends NamedTensor {
  readonly make: () => Promise<Float32Array>;
}

/** Bytes that are narrowed and written at a time. */
const PIECE_BYTES = 8 * 2 ** 20;

const NARROW: Readonly<Record<header.Described["dtype"], (values: Float32Array) => ArrayBufferView>> = {
  F32: (values) => values,
  F16: toHalf,
  BF16: toBfloat,
  I8: (values) => Int8Array.from(values),
};

/** Writes a safetensors file as a whole or not at all; wide numbers come first, so that all are aligned. */
export async function writeSafetensors(
  file: string,
  tensors: Iterable<WrittenTensor | LaterTensor>,
): Promise<void> {
  const described = [...tensors].map((tensor) => ({ dtype: "F32" as const, ...tensor }));
  const sorted = described.sort((a, b) => (header.widthOf(b.dtype) ?? 0) - (header.widthOf(a.dtype) ?? 0));
  const names = new Set<string>(["__metadata__"]);
  for (const tensor of sorted) {
    const { name } = tensor;
    if (names.has(name)) throw new InputError(`"${name}" can't be written twice, nor be "__metadata__"`);
    names.add(name);
    if ("values" in tensor) checked(tensor, tensor.values);
  }
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(header.writeHeader(sorted));
    for (const tensor of sorted) {
      const { dtype } = tensor;
      const values = "values" in tensor ? tensor.values : checked(tensor, await tensor.make());
      for (let at = 0; at < values.length; at += PIECE_BYTES / 4) {
        const { buffer, byteOffset, byteLength } = NARROW[dtype](values.subarray(at, at + PIECE_BYTES / 4));
        await handle.writeFile(new Uint8Array(buffer, byteOffset, byteLength));
      }
    }
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(path.dirname(file));
}

function checked({ name, shape }: NamedTensor, values: Float32Array): Float32Array {
  if (header.countOf(shape) === values.length) return values;
  throw new InputError(
    `"${name}" has ${values.length} numbers, its shape [${shape.join(", ")}] takes others`,
  );
}
