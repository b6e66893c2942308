// Adapters in the layout of Hugging Face's PEFT, a folder with adapter_config.json and adapter_model.safetensors, so that
// PEFT loads ours and we load PEFT's. Refuses by a setting's name what our adapters do not compute.
// Source: https://huggingface.co/docs/peft/developer_guides/checkpoint
import { copyFile, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import { isRecord } from "../core/json.js";
import type { Parameter } from "../grad/parameters.js";
import { folderSource, openSafetensors } from "../onnx/safetensors.js";
import type { Tensor } from "../onnx/tensor.js";
import type { Base } from "./base.js";
import { adaptersOf, type Lora, type Targets } from "./lora.js";
import type { Tensors } from "./store.js";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

export interface SavedAdapters {
  readonly options: Lora;
  /** By PEFT's names, which are those of our parameters. */
  readonly learned: Tensors;
}

/** Writes adapters into a folder; `weights` is a safetensors file of what was learned, which is copied. */
export async function saveAdapters(
  folder: string,
  base: Pick<Base, "model" | "twoSided" | "parameters">,
  { rank, alpha, dropout, targets }: Lora,
  weights: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const config = {
    peft_type: "LORA",
    task_type: base.twoSided ? "SEQ_2_SEQ_LM" : "CAUSAL_LM",
    base_model_name_or_path: base.model,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    target_modules: targets,
    fan_in_fan_out: base.parameters.some(({ projection }) => projection === "in-out"),
    bias: "none",
    init_lora_weights: true,
    inference_mode: true,
  };
  await copyFile(weights, path.join(folder, WEIGHTS));
  // Last: a folder with a config has adapters.
  await writeWhole(path.join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}

/**
 * Reads the adapters of a model from a folder.
 * @throws InputError for other kinds of adapters, and for ones of another model.
 */
export async function readAdapters(folder: string, parameters: readonly Parameter[]): Promise<SavedAdapters> {
  const options = loraOf(await configIn(folder), path.join(folder, CONFIG));
  const wanted = new Map(
    adaptersOf(parameters, options).flatMap(({ a, b }) =>
      [a, b].map(({ name, dims }) => [name, dims] as const),
    ),
  );
  const file = await openSafetensors(folderSource(folder), WEIGHTS);
  const stray = file.names.find((name) => !wanted.has(name));
  if (stray !== undefined)
    throw new InputError(
      `${folder}: the model has no place for "${stray}"; name the model that it was made for`,
    );
  const learned = new Map<string, Tensor<"float32">>();
  for (const [name, dims] of wanted) {
    if (String(file.shape(name)) !== String(dims))
      throw new InputError(
        `${folder}: "${name}" is [${file.shape(name).join(", ")}], the model takes [${dims.join(", ")}]; ` +
          "name the model that it was made for",
      );
    learned.set(name, { type: "float32", dims, data: await file.read(name) });
  }
  return { options, learned };
}

async function configIn(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const file = path.join(folder, CONFIG);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) throw new InputError(`"${folder}" has no ${CONFIG}; name a folder of adapters`);
    throw error;
  });
  try {
    const config = JSON.parse(text) as unknown;
    if (isRecord(config)) return config;
  } catch {
    // Said below, as of any other text.
  }
  throw new InputError(`${file} is not a JSON object; fetch it again`);
}

/** Settings that have one value in all that we compute, where they are there. */
const KNOWN: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ["LORA"],
  bias: ["none"],
  // Others begin with a changed base.
  init_lora_weights: [true, false, "gaussian"],
};

/** Settings that must be absent or say nothing. */
const NONE = [
  "alora_invocation_tokens",
  "alpha_pattern",
  "arrow_config",
  "exclude_modules",
  "kasa_config",
  "layer_replication",
  "layers_pattern",
  "layers_to_transform",
  "lora_bias",
  "modules_to_save",
  "monteclora_config",
  "rank_pattern",
  "target_parameters",
  "trainable_token_indices",
  "use_bdlora",
  "use_dora",
  "use_qalora",
  "use_rslora",
  "velora_config",
];

function loraOf(config: Readonly<Record<string, unknown>>, file: string): Lora {
  const refuse = (name: string, known: string): never => {
    throw new InputError(`${file}: ${name} is ${JSON.stringify(config[name])}; only ${known} is known`);
  };
  for (const [name, values] of Object.entries(KNOWN))
    if (config[name] !== undefined && !values.includes(config[name]))
      refuse(name, values.map((value) => JSON.stringify(value)).join(" or "));
  for (const name of NONE) if (!saysNothing(config[name])) refuse(name, "none");
  const number = (name: string, otherwise: number): number => {
    const value = config[name] ?? otherwise;
    return typeof value === "number" && Number.isFinite(value) ? value : refuse(name, "a number");
  };
  return {
    rank: number("r", 8),
    alpha: number("lora_alpha", 8),
    dropout: number("lora_dropout", 0),
    targets:
      targetsOf(config["target_modules"]) ?? refuse("target_modules", 'a list of names or "all-linear"'),
  };
}

/** Null for an expression, which names are matched with as a whole, and for what is no target at all. */
function targetsOf(value: unknown): Targets | null {
  if (value === "all-linear") return value;
  if (!Array.isArray(value)) return null;
  const names = value.filter((name): name is string => typeof name === "string");
  return names.length === value.length ? names : null;
}

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
