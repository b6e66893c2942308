// A GPT-2 of random weights with the tokenizer of our random StarCoder2, in the Hugging Face layout.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { uniforms } from "../../src/core/random.js";
import { gpt2Of } from "../../src/model/gpt2.js";
import { weightPlan } from "../../src/model/weights.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { writeRandomModel } from "./random-model.js";

/** Writes the checkpoint with this configuration, 257 tokens, into a folder; weights lie within half of `spread` around 0. */
export async function writeRandomGpt2(folder: string, config: object, spread: number): Promise<void> {
  await writeRandomModel(folder);
  await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
  const format = { matrices: "float32", activations: "float32" } as const;
  const plan = weightPlan(gpt2Of({ ...config }, "config.json"), format, "transformer.");
  const next = uniforms(1, "gpt2");
  const tensors = plan
    .flatMap(({ needs }) => needs)
    .map(([name, shape]) => {
      const middle = /ln_\w+\.weight$/.test(name) ? 1 : 0;
      const length = shape.reduce((product, dim) => product * dim, 1);
      return { name, shape, values: Float32Array.from({ length }, () => middle + spread * (next() - 0.5)) };
    });
  await writeSafetensors(path.join(folder, "model.safetensors"), tensors);
}
