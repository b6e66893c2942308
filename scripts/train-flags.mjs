// Flags of `train`, and what the parsed values are as the library's options.
import { readFileSync } from "node:fs";
import { InputError, PRESETS } from "selfalign";
import { known, SOURCE_FLAGS, sourceOptions } from "./flags.mjs";

const NAMES = Object.keys(PRESETS).join(", ");
/** What a flag without a value of its own falls back to. */
export const preset = "default: the preset's";

/** How long, how fast and by what a model is trained from first weights: as the preset says, unless they do. */
export const FITTING_FLAGS = {
  steps: { kind: "count", value: "N", about: "steps in all (default: what the epochs take)" },
  rate: { kind: "number", value: "X", about: `highest learning rate (${preset})` },
  warmup: { kind: "number", value: "N", about: `steps until it is reached (${preset})` },
  schedule: { kind: "text", value: "NAME", about: `cosine, linear or constant after that (${preset})` },
  "evaluate-every": {
    kind: "count",
    value: "N",
    about: `steps between evaluations and checkpoints (${preset})`,
  },
  patience: {
    kind: "count",
    value: "N",
    about: "evaluations without a better one that end it (default: none do)",
  },
  threads: { kind: "count", value: "N", about: "threads of the model (default: one per processor)" },
};

/** Flags of `train causal`. */
export const CAUSAL_FLAGS = {
  out: { kind: "text", value: "DIR", about: "folder for tokenizer, tokens, training and model" },
  ...SOURCE_FLAGS,
  preset: { kind: "text", value: "NAME", fallback: "laptop", about: `model and settings: ${NAMES}` },
  config: { kind: "text", value: "FILE", about: `config.json of a GPT-2 or StarCoder2 to train (${preset})` },
  tokenizer: {
    kind: "text",
    value: "DIR",
    about: "folder of a tokenizer (default: learned from the corpus)",
  },
  "vocab-size": { kind: "count", value: "N", about: `tokens of a tokenizer that is learned (${preset})` },
  mentions: {
    kind: "list",
    value: "A,B",
    about: `files that hold none of these texts are left out (${preset})`,
  },
  "key-words": { kind: "list", value: "A,B", about: `words that make a sample count for more (${preset})` },
  context: { kind: "count", value: "N", about: `tokens of a sample (${preset})` },
  "batch-size": { kind: "count", value: "N", about: `samples of a batch (${preset})` },
  accumulation: { kind: "count", value: "N", about: `batches of a step (${preset})` },
  validation: {
    kind: "number",
    value: "X",
    about: `share of the samples that is kept for validation at most (${preset})`,
  },
  epochs: { kind: "number", value: "N", fallback: 1, about: "times that every sample is seen" },
  ...FITTING_FLAGS,
  seed: { kind: "number", value: "N", fallback: 0, about: "draws files, split, first weights and batches" },
  "overfit-one-batch": { kind: "switch", about: "only show that one batch can be learned by heart" },
};

/** Options of `trainCausalTo` from parsed flags; what was not given is left to the preset. */
export function causalOptions(flags) {
  const given = {
    config: flags.config === undefined ? undefined : configOf(flags.config),
    tokenizer: flags.tokenizer,
    vocabSize: flags["vocab-size"],
    mentions: flags.mentions.length === 0 ? undefined : flags.mentions,
    keyWords: flags["key-words"].length === 0 ? undefined : flags["key-words"],
    context: flags.context,
    rows: flags["batch-size"],
    accumulation: flags.accumulation,
    steps: flags.steps,
    validation: flags.validation,
    rate: flags.rate,
    warmup: flags.warmup,
    schedule: flags.schedule,
    evaluateEvery: flags["evaluate-every"],
    patience: flags.patience,
    threads: flags.threads,
  };
  return {
    preset: flags.preset,
    ...sourceOptions(flags),
    epochs: flags.epochs,
    seed: flags.seed,
    overfitOneBatch: flags["overfit-one-batch"],
    ...known(given),
  };
}

function configOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new InputError(`--config "${file}" can't be read as JSON: name a model's config.json`, { cause });
  }
}

/** What became of a corpus's files. */
export function sourcesTold({ kept, dropped, unparsed }) {
  const left = Object.entries(dropped).map(([reason, count]) => `, ${count} left out (${reason})`);
  return `${kept} files${left.join("")}${unparsed > 0 ? `, ${unparsed} left whole (not parsed)` : ""}`;
}

/** What came of it, in lines. */
export function causalTold({ model, parameters, data, training }) {
  const { sources, tokens, split, train, valid, severalTokens } = data;
  const lines = [
    `tokens   ${tokens} from ${sourcesTold(sources)}`,
    `samples  ${train.chunks} to learn, ${valid.chunks} to validate, kept apart by ${split.unit}`,
  ];
  if (severalTokens.length > 0)
    lines.push(
      `warning  key words of several tokens count nothing: ${severalTokens.map((word) => JSON.stringify(word)).join(", ")}`,
    );
  const { learned, first, last, steps } = training;
  if (model !== null) lines.push(`model    ${model} (${parameters} parameters)`);
  else
    lines.push(
      `batch    ${learned ? "" : "not "}learned by heart: loss ${first.toFixed(3)} to ${last.toFixed(3)} in ${steps} steps`,
    );
  return lines.join("\n");
}
