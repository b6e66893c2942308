// A model with its adapters worked into its weights, as a folder in the Hugging Face layout: it needs no adapters any more, and
// loads wherever the model did. All its weights are single floats.
import { mkdir, realpath, rmdir } from "node:fs/promises";
import path from "node:path";
import { InputError, Interrupted } from "../core/errors.js";
import { writeWhole } from "../core/files.js";
import { stoppable } from "../core/interrupt.js";
import { inMegabytes, startProgress, type Draw } from "../core/progress.js";
import { COPIED, copyFiles, textOf } from "../model/files.js";
import type { SourceOptions } from "../model/source.js";
import { countOf } from "../onnx/header.js";
import { writeSafetensors, type LaterTensor, type WrittenTensor } from "../onnx/save.js";
import { LOGITS_BIAS } from "./bart.js";
import { openBase, type Base } from "./base.js";
import { adaptersOf, merged } from "./lora.js";
import { readAdapters, type SavedAdapters } from "./peft.js";

/** Bytes of a number that is written. */
const WIDTH = 4;

export interface Merge {
  /** Projections that were changed, and numbers of the model in all. */
  readonly merged: number;
  readonly parameters: number;
}

export interface MergeOptions extends SourceOptions {
  readonly draw?: Draw;
}

/**
 * Writes the model with the adapters of a folder into the folder `out`, one tensor after another.
 * @throws InputError where the adapters are not this model's, and where `out` is the model's or the adapters' own folder;
 * Interrupted when stopped: then there is no merged model.
 */
export async function mergeAdaptersTo(
  model: string,
  adapters: string,
  out: string,
  options: MergeOptions = {},
): Promise<Merge> {
  for (const own of [model, adapters])
    if ((await placeOf(own)) === (await placeOf(out)))
      throw new InputError(`"${out}" is what is merged, and would be written over; choose another --out`);
  return stoppable(options.signal, async (signal) => {
    const progress = startProgress(options.draw === undefined ? {} : { draw: options.draw });
    try {
      const onNotice = (text: string): void => progress.say(text);
      const base = await openBase(model, { onNotice, ...options, signal });
      const saved = await readAdapters(adapters, base.parameters);
      await mkdir(out, { recursive: true });
      const parameters = base.parameters.reduce((sum, { dims }) => sum + countOf(dims), 0);
      const task = progress.start("weights (MB)", Math.ceil((WIDTH * parameters) / 1e6));
      const onBytes = inMegabytes(task);
      await writeSafetensors(
        path.join(out, "model.safetensors"),
        mergedTensors(base, saved, { signal, onBytes }),
      );
      task.end(`${Math.ceil((WIDTH * parameters) / 1e6)} written`);
      await copySmallFiles(base, out);
      return { merged: adaptersOf(base.parameters, saved.options).length, parameters };
    } catch (error) {
      if (signal.aborted && !(error instanceof InputError))
        throw new Interrupted("stopped; the merged model is not finished: the same command begins again");
      throw error;
    } finally {
      progress.close();
      // Only if nothing came into it.
      await rmdir(out).catch(() => undefined);
    }
  });
}

/** Where a folder really is; one that is not there, or no folder at all, by its name. */
function placeOf(folder: string): Promise<string> {
  return realpath(folder).catch(() => path.resolve(folder));
}

function* mergedTensors(
  base: Base,
  { options, learned }: SavedAdapters,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (count: number) => void },
): Generator<WrittenTensor | LaterTensor> {
  const byName = new Map(adaptersOf(base.parameters, options).map((one) => [one.weight.name, one]));
  for (const parameter of base.parameters) {
    const { name, dims: shape } = parameter;
    const make = async (): Promise<Float32Array> => {
      signal.throwIfAborted();
      const { data } = await base.read(parameter);
      onBytes(data.byteLength);
      const adapter = byName.get(name);
      return adapter === undefined ? data : merged(data, adapter, learned, options);
    };
    yield { name, shape, make };
  }
  const { logitsBias } = base;
  if (logitsBias !== null) yield { name: LOGITS_BIAS, shape: [1, logitsBias.length], values: logitsBias };
}

/** The tokenizer's files as they are, and the configuration with the type that the weights have now. */
async function copySmallFiles({ source }: Base, out: string): Promise<void> {
  await copyFiles(source, out, [...COPIED, "chat_template.jinja"]);
  // Changed as text: 0.0 would become 0, which transformers takes for no float. Up to version 4 it is torch_dtype.
  const text = (await textOf(source, "config.json")) ?? "{}";
  const written = text.replace(/("(?:torch_)?dtype"\s*:\s*)"[^"]*"/g, '$1"float32"');
  // Last: a folder with a config is a model.
  await writeWhole(path.join(out, "config.json"), written);
}
