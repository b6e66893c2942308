// A matrix of a checkpoint turned on its side while it is read. Its columns are scattered over the whole tensor, so some of
// them are held at a time and all rows are read for these: once, but for matrices that are larger than what may be held.
import { rowChunks, type Checkpoint } from "./safetensors.js";

export interface ColumnOptions {
  /** What is held of a matrix, as single floats; default 64 MB, one column at least. */
  readonly heldBytes?: number;
  /** What is given at a time; default 8 MB, one column at least. */
  readonly bytes?: number;
}

/** A matrix's columns in order, so many at a time, each as `rowChunks` gives a row. */
export async function* columnChunks(
  checkpoint: Checkpoint,
  name: string,
  { heldBytes = 64 * 2 ** 20, bytes = 8 * 2 ** 20 }: ColumnOptions = {},
): AsyncGenerator<Float32Array> {
  const [rows = 0, columns = 0] = checkpoint.shape(name);
  const fitting = (limit: number): number => Math.max(1, Math.floor(limit / (4 * Math.max(1, rows))));
  const [most, step] = [fitting(heldBytes), rows * fitting(bytes)];
  for (let from = 0; from < columns; from += most) {
    const to = Math.min(from + most, columns);
    const held = new Float32Array((to - from) * rows);
    for await (const { from: row, values } of rowChunks(checkpoint, name)) {
      const count = values.length / columns;
      for (let column = from; column < to; column++)
        for (let at = 0; at < count; at++)
          held[(column - from) * rows + row + at] = values[at * columns + column] ?? 0;
    }
    for (let at = 0; at < held.length; at += step) yield held.subarray(at, at + step);
  }
}
