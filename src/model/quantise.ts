// Eight-bit weights in blocks: the numbers of a block share a scale, the largest magnitude over 127. Zero is 128, so no zero
// points are kept, and ONNX Runtime's MatMulNBits takes the bytes as they are, on CPU and CUDA.
// Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits

/** Numbers that share a scale: half the error of 128 for an eighth more bytes, and what CUDA's kernels are made for. */
export const BLOCK = 32;

const ZERO = 128;
const LARGEST = 127;
/** Scale of a block of zeros. */
const SMALLEST_SCALE = 1e-8;

/** Blocks that a row of so many numbers takes; the last one is filled up with zeros. */
export function blocksOf(columns: number, block: number): number {
  return Math.ceil(columns / block);
}

/**
 * Rows of weights, [rows, columns], as bytes, [rows, blocks, size of a block], and scales, [rows, blocks]. Where a block has
 * an infinite number or a NaN, so is its scale.
 */
export function quantised(
  values: Float32Array,
  columns: number,
  size: number,
): { bytes: Uint8Array; scales: Float32Array } {
  const rows = values.length / columns;
  const blocks = blocksOf(columns, size);
  const bytes = new Uint8Array(rows * blocks * size).fill(ZERO);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const from = row * columns + block * size;
      const to = Math.min(from + size, (row + 1) * columns);
      let largest = 0;
      for (let at = from; at < to; at++) largest = Math.max(largest, Math.abs(values[at] ?? 0));
      const scale = largest === 0 ? SMALLEST_SCALE : largest / LARGEST;
      scales[row * blocks + block] = scale;
      const target = (row * blocks + block) * size - from;
      for (let at = from; at < to; at++) bytes[target + at] = Math.round((values[at] ?? 0) / scale) + ZERO;
    }
  }
  return { bytes, scales };
}
