// A tensor as it goes into the runtime and comes out of it: plain data, so that it passes between threads.

/** The array that holds a tensor's numbers, by their type. Half floats are held as their bits, booleans as 0 and 1. */
export interface TensorData {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly float64: Float64Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}

export type TensorType = keyof TensorData;

/** Numbers of one type, row by row; `dims` is the shape, [] for a single number. */
export type Tensor<Type extends TensorType = TensorType> = {
  readonly [T in Type]: { readonly type: T; readonly dims: readonly number[]; readonly data: TensorData[T] };
}[Type];
