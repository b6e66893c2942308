// The weights of a checkpoint in the Hugging Face layout, one file or several, as a model's parameters: to learn all of them
// on, or to freeze them under adapters.
import { InputError } from "../core/errors.js";
import { openCheckpoint, type Checkpoint, type CheckpointSource } from "../onnx/safetensors.js";
import type { Tensor } from "../onnx/tensor.js";
import type { Parameter } from "../grad/parameters.js";

/** Gives a parameter's numbers, new ones each time. */
export type ReadWeight = (parameter: Parameter) => Promise<Tensor<"float32">>;

/**
 * Opens a checkpoint for a model's parameters. A tensor may have another name that is the parameter's `also`, or stand
 * without the name of the model that all others are in ("transformer.", "model.").
 * @throws InputError where a tensor is missing, or of another shape.
 */
export async function openPretrained(
  source: CheckpointSource,
  parameters: readonly Parameter[],
): Promise<ReadWeight> {
  const checkpoint = await openCheckpoint(source);
  const found = new Map(parameters.map((one) => [one.name, checkedName(source.name, checkpoint, one)]));
  return async ({ name, dims }) => {
    const there = found.get(name);
    if (there === undefined) throw new Error(`internal: "${name}" was not looked for`);
    return { type: "float32", dims, data: await checkpoint.read(there) };
  };
}

const PREFIX = /^(?:transformer|model)\./;

/** Name of a parameter's tensor in the checkpoint. */
function checkedName(where: string, checkpoint: Checkpoint, { name, dims, also = [] }: Parameter): string {
  const names = [name, ...also];
  const found = [...names, ...names.map((one) => one.replace(PREFIX, ""))].find((one) => checkpoint.has(one));
  if (found === undefined)
    throw new InputError(
      `${where} has no tensor "${name}": take a checkpoint of the model that its config.json says`,
    );
  const shape = checkpoint.shape(found);
  if (String(shape) === String(dims)) return found;
  throw new InputError(
    `${where}: "${found}" is [${shape.join(", ")}], by config.json it must be [${dims.join(", ")}]`,
  );
}
