// A model that was trained before, from a folder or a repository of Hugging Face: what it is made of, its weights, and how
// it is trained on. Its weights are not read before they are asked for.
import type { Parameter } from "../grad/parameters.js";
import { bartOf } from "../model/bart.js";
import { jsonOf } from "../model/files.js";
import { openSource, type SourceOptions } from "../model/source.js";
import { t5Of } from "../model/t5.js";
import { openCheckpoint, type CheckpointSource } from "../onnx/safetensors.js";
import { bart, LOGITS_BIAS } from "./bart.js";
import { causal, type CausalOptions } from "./causal.js";
import { causalModelOf, type Config } from "./models.js";
import { openPretrained, type ReadWeight } from "./pretrained.js";
import { seq2seq } from "./seq2seq.js";
import { t5 } from "./t5.js";
import type { Trainable } from "./trainable.js";

export interface Base {
  /** What it was opened by, and which contents that has: a repository's commit, a folder's name and hash. */
  readonly model: string;
  readonly origin: string;
  readonly source: CheckpointSource;
  readonly config: Config;
  /** `model_type` */
  readonly type: string;
  /** Whether it reads one text and writes another. */
  readonly twoSided: boolean;
  /** Begins each of these texts, and ends each; null: nothing begins them, and the tokenizer tells what ends a causal model's. */
  readonly begin: number | null;
  readonly end: number | null;
  readonly parameters: readonly Parameter[];
  readonly read: ReadWeight;
  /** How it learns: all its parameters, unless adapters are put over them. */
  readonly trainable: (options?: CausalOptions) => Trainable;
  /** What is added to the logits of a BART, [1, vocabulary]; nothing learns it. */
  readonly logitsBias: Float32Array | null;
}

/**
 * Opens a model of one of the types gpt2, starcoder2, t5 and bart; `model` is a folder or a repository's name.
 * @throws InputError where there is none, or one that our graphs do not compute.
 */
export async function openBase(model: string, options: SourceOptions = {}): Promise<Base> {
  const { source, origin } = await openSource(model, options);
  const config = await jsonOf(source, "config.json");
  const type = typeof config["model_type"] === "string" ? config["model_type"] : "starcoder2";
  const logitsBias = type === "bart" ? await logitsBiasIn(source) : null;
  const made = trainableOf(type, config, logitsBias);
  const { parameters } = made.trainable();
  const read = await openPretrained(source, parameters);
  return { model, origin, source, config, type, parameters, read, logitsBias, ...made };
}

function trainableOf(
  type: string,
  config: Config,
  logitsBias: Float32Array | null,
): Pick<Base, "trainable" | "twoSided" | "begin" | "end"> {
  if (type !== "t5" && type !== "bart") {
    const model = causalModelOf(config);
    return { trainable: (options) => causal(model, options), twoSided: false, begin: null, end: null };
  }
  const shape = type === "t5" ? t5Of(config, "config.json") : bartOf(config, "config.json");
  const model = "encoder" in shape ? bart(shape, logitsBias === null ? {} : { logitsBias }) : t5(shape);
  return {
    trainable: (options) => seq2seq(model, options),
    twoSided: true,
    begin: shape.tokens.begin,
    end: shape.tokens.end,
  };
}

/** Null where there is none, or one of zeros as in all that are published. */
async function logitsBiasIn(source: CheckpointSource): Promise<Float32Array | null> {
  const checkpoint = await openCheckpoint(source);
  if (!checkpoint.has(LOGITS_BIAS)) return null;
  const bias = await checkpoint.read(LOGITS_BIAS);
  return bias.every((value) => value === 0) ? null : bias;
}
