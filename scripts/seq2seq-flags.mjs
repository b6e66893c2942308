// Flags of `train seq2seq`, and what the parsed values are as the library's options.
import { readFileSync } from "node:fs";
import { InputError, PAIR_SOURCES, SEQ2SEQ_PRESETS } from "selfalign";
import { known } from "./flags.mjs";
import { FITTING_FLAGS, preset } from "./train-flags.mjs";

/** Flags of `train seq2seq`. */
export const SEQ2SEQ_FLAGS = {
  data: { kind: "text", value: "NAME", about: `pairs to learn: ${PAIR_SOURCES.join(", ")}` },
  out: { kind: "text", value: "DIR", about: "folder for tokenizer, training and model" },
  preset: {
    kind: "text",
    value: "NAME",
    fallback: "tiny",
    about: `model and settings: ${Object.keys(SEQ2SEQ_PRESETS).join(", ")}`,
  },
  config: { kind: "text", value: "FILE", about: `config.json of a T5 to train (${preset})` },
  tokenizer: { kind: "text", value: "DIR", about: "folder of a tokenizer (default: learned from the pairs)" },
  "vocab-size": { kind: "count", value: "N", about: `tokens of a tokenizer that is learned (${preset})` },
  context: { kind: "count", value: "N", about: `longest text in tokens, on either side (${preset})` },
  "batch-size": { kind: "count", value: "N", about: `pairs of a batch (${preset})` },
  accumulation: { kind: "count", value: "N", about: `batches of a step (${preset})` },
  validation: {
    kind: "number",
    value: "X",
    fallback: 0.1,
    about: "share kept for validation; CoNaLa has files of its own for it",
  },
  epochs: { kind: "number", value: "N", about: `times that every pair is seen (${preset})` },
  ...FITTING_FLAGS,
  seed: { kind: "number", value: "N", fallback: 0, about: "draws split, first weights and batches" },
};

/** Options of `trainSeq2SeqTo` from parsed flags; what was not given is left to the preset. */
export function seq2seqOptions(flags) {
  const { preset: name, tokenizer, context, accumulation, validation, epochs, steps } = flags;
  const { rate, warmup, schedule, patience, seed, threads } = flags;
  return {
    preset: name,
    validation,
    seed,
    ...known({
      ...{ tokenizer, context, accumulation, epochs, steps, rate, warmup, schedule, patience, threads },
      config: flags.config === undefined ? undefined : configOf(flags.config),
      vocabSize: flags["vocab-size"],
      rows: flags["batch-size"],
      evaluateEvery: flags["evaluate-every"],
    }),
  };
}

function configOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new InputError(`--config "${file}" can't be read as JSON: name a T5's config.json`, { cause });
  }
}

/** What came of it, in lines. */
export function seq2seqTold({ model, parameters, pairs, validation, dropped, training: { best } }) {
  const left = Object.entries(dropped).map(([reason, count]) => `, ${count} left out (${reason})`);
  return [
    `pairs      ${pairs} to learn, ${validation} to validate${left.join("")}`,
    `model      ${model} (${parameters} parameters)`,
    ...(best === null ? [] : [`validation ${best.validation.toFixed(4)} after step ${best.step}`]),
  ].join("\n");
}
