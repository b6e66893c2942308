// Flags of `sweep`, and what the parsed values are as the library's options.
import { readFileSync } from "node:fs";
import { InputError } from "selfalign";
import { CAUSAL_FLAGS, causalOptions } from "./train-flags.mjs";

const OTHER = ["out", "steps", "epochs", "overfit-one-batch"];
const common = Object.fromEntries(Object.entries(CAUSAL_FLAGS).filter(([name]) => !OTHER.includes(name)));

/** Flags of `sweep`: those of `train causal`, which all trials have in common, and its own. */
export const SWEEP_FLAGS = {
  out: { ...CAUSAL_FLAGS.out, about: "folder for tokenizer, tokens, trials and sweep.jsonl" },
  space: {
    kind: "text",
    value: "FILE",
    about:
      'JSON of what is tried, e.g. {"rate": {"log": [0.0003, 0.01]}, "config.n_layer": [2, 4]} (default: rate, rows, warmup)',
  },
  trials: { kind: "count", value: "N", fallback: 9, about: "settings in the first round" },
  steps: { kind: "count", value: "N", fallback: 100, about: "steps of each in the first round" },
  "keep-one-of": {
    kind: "count",
    value: "N",
    fallback: 3,
    about: "of so many one goes on to the next round, for so many times the steps",
  },
  ...common,
};

/** Options of `sweepTo` from parsed flags. */
export function sweepOptions({ space, trials, steps, "keep-one-of": keepOneOf, ...flags }) {
  return {
    ...causalOptions(flags),
    trials,
    steps,
    keepOneOf,
    ...(space === undefined ? {} : { space: spaceIn(space) }),
  };
}

function spaceIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new InputError(`--space "${file}" can't be read as JSON`, { cause });
  }
}

/** The last round's table, best first, and how to go on. */
export function sweepTold(folder, { rows, best }) {
  const line = ({ round, trial, steps, validation, reason, drawn }) => {
    const loss = validation === null ? reason : validation.toFixed(4);
    const values = Object.entries(drawn).map(([name, value]) => `${name} ${value}`);
    return `${String(round).padStart(5)} ${String(trial).padStart(5)} ${String(steps).padStart(6)} ${loss.padStart(10)}  ${values.join(", ")}`;
  };
  return [
    "round trial  steps validation",
    ...rows.map(line),
    `best     trial ${best.trial} of ${folder}/sweep.jsonl`,
  ].join("\n");
}
