// Flags of `lora` and `merge-adapters`, and what the parsed values are as the library's options.
import { known } from "./flags.mjs";

/** Flags of `lora`. */
export const LORA_FLAGS = {
  data: {
    kind: "text",
    value: "NAME",
    about:
      "exchanges to learn: a file as export writes it, conala:FOLDER, synthetic:CORPUS or denoise:CORPUS",
  },
  out: { kind: "text", value: "DIR", about: "folder for tokenizer, training and adapters" },
  rank: { kind: "count", value: "N", fallback: 8, about: "rows of an adapter's first matrix" },
  alpha: { kind: "number", value: "X", fallback: 16, about: "what adapters add counts alpha / rank" },
  dropout: { kind: "number", value: "X", fallback: 0, about: "share of an adapter's input that is dropped" },
  targets: {
    kind: "list",
    value: "A,B",
    about:
      "projections with adapters, by the ends of their names, or all-linear (default: queries and values)",
  },
  base: { kind: "text", value: "TYPE", fallback: "fp32", about: "the model's own matrices: fp32 or int8" },
  context: {
    kind: "count",
    value: "N",
    fallback: 512,
    about: "longest row in tokens; longer exchanges are left out",
  },
  packed: { kind: "switch", about: "several exchanges in a row instead of filling rows up" },
  "batch-size": { kind: "count", value: "N", fallback: 4, about: "rows of a batch" },
  accumulation: { kind: "count", value: "N", fallback: 4, about: "batches of a step" },
  validation: {
    kind: "number",
    value: "X",
    fallback: 0.05,
    about: "share of the exchanges for validation; CoNaLa has files of its own for it",
  },
  epochs: { kind: "number", value: "N", fallback: 1, about: "times that every exchange is seen" },
  steps: { kind: "count", value: "N", about: "steps in all (default: what the epochs take)" },
  rate: { kind: "number", value: "X", fallback: 2e-4, about: "highest learning rate" },
  warmup: { kind: "number", value: "X", fallback: 0.03, about: "share of the steps until it is reached" },
  schedule: {
    kind: "text",
    value: "NAME",
    fallback: "cosine",
    about: "cosine, linear or constant after that",
  },
  "evaluate-every": {
    kind: "count",
    value: "N",
    fallback: 50,
    about: "steps between evaluations and checkpoints",
  },
  patience: {
    kind: "count",
    value: "N",
    about: "evaluations without a better one that end it (default: none do)",
  },
  seed: { kind: "number", value: "N", fallback: 0, about: "draws first weights, validation and batches" },
  threads: { kind: "count", value: "N", about: "threads of the model (default: one per processor)" },
};

/** Flags of `merge-adapters`. */
export const MERGE_FLAGS = {
  adapters: { kind: "text", value: "DIR", about: "folder of the adapters, ours or PEFT's" },
  out: { kind: "text", value: "DIR", about: "folder for the merged model" },
};

/** Options of `trainLoraTo` from parsed flags. */
export function loraOptions(flags) {
  const { targets, "batch-size": rows, "evaluate-every": evaluateEvery } = flags;
  const { steps, patience, threads } = flags;
  const chosen = targets.length === 0 ? undefined : targets[0] === "all-linear" ? "all-linear" : targets;
  const { rank, alpha, dropout, base, context, packed, accumulation } = flags;
  const { validation, epochs, rate, warmup, schedule, seed } = flags;
  return {
    ...{ rank, alpha, dropout, base, context, packed, rows, accumulation },
    ...{ validation, epochs, rate, warmup, schedule, evaluateEvery, seed },
    ...known({ targets: chosen, steps, patience, threads }),
  };
}

/** What came of it, in lines. */
export function loraTold({ adapters, learned, parameters, lessons, validation, dropped, training }) {
  const left = Object.entries(dropped).map(([reason, count]) => `, ${count} left out (${reason})`);
  const { best } = training;
  return [
    `exchanges  ${lessons} to learn, ${validation} to validate${left.join("")}`,
    `adapters   ${adapters} (${learned} of ${parameters} numbers)`,
    ...(best === null ? [] : [`validation ${best.validation.toFixed(4)} after step ${best.step}`]),
  ].join("\n");
}
