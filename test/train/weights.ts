// All weights of a model at once, for tests that look at them.
import type { Parameter } from "../../src/grad/parameters.js";
import type { Tensor } from "../../src/onnx/tensor.js";
import type { ReadWeight } from "../../src/train/pretrained.js";
import type { Tensors } from "../../src/train/store.js";

/** All parameters' numbers, by their names. */
export async function readWeights(read: ReadWeight, parameters: readonly Parameter[]): Promise<Tensors> {
  const weights = new Map<string, Tensor<"float32">>();
  for (const parameter of parameters) weights.set(parameter.name, await read(parameter));
  return weights;
}
