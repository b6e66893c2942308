// Flags of `evaluate`, and what the parsed values are as the library's options.
import { engineOptions, JUDGING_FLAGS, judgingOptions, known, MODEL_FLAGS } from "./flags.mjs";

/** Flags of `evaluate`. */
export const EVALUATE_FLAGS = {
  tasks: { kind: "text", value: "FILE", about: "HumanEval, MBPP, or EvalPlus's editions; .gz too" },
  samples: {
    kind: "text",
    value: "FILE",
    about: "judge these instead of a model's: lines of {task_id, solution | completion}",
  },
  "output-dir": { kind: "text", value: "DIR", about: "folder for samples, verdicts and summary" },
  "num-samples": { kind: "count", value: "N", fallback: 1, about: "samples of each task" },
  temperature: {
    kind: "number",
    value: "T",
    about: "0 takes the likeliest token each time (default 0 for one sample, 0.8 for several)",
  },
  "top-p": { kind: "number", value: "P", fallback: 0.95, about: "share of probability that is drawn from" },
  "max-tokens": { kind: "count", value: "N", fallback: 512, about: "most new tokens of a sample" },
  seed: { kind: "number", value: "N", fallback: 0, about: "draws the samples" },
  k: {
    kind: "list",
    value: "A,B",
    about: "the ks of pass@k (default 1,10,100, as far as there are samples)",
  },
  ...MODEL_FLAGS,
  ...JUDGING_FLAGS,
};

/** Options of `evaluateTo` from parsed flags. */
export function evaluateOptions(model, flags) {
  return {
    numSamples: flags["num-samples"],
    topP: flags["top-p"],
    maxTokens: flags["max-tokens"],
    seed: flags.seed,
    engine: engineOptions(flags),
    judging: judgingOptions(flags),
    ...(flags.k.length === 0 ? {} : { k: flags.k.map(Number) }),
    ...known({ model, samples: flags.samples, temperature: flags.temperature }),
  };
}

/** What came of it, in lines. */
export function evaluationTold({ tasks, samples, unanswered, dropped, passAt, verdicts }) {
  const lines = Object.entries(passAt).map(
    ([k, { value, low, high }]) =>
      `${`pass@${k}`.padEnd(9)}${value.toFixed(3)} (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`,
  );
  const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
  const missing = unanswered > 0 ? `, ${unanswered} without one count as not solved` : "";
  lines.push(`samples  ${samples} of ${tasks} tasks${missing}: ${counts.join(", ")}`);
  for (const [what, reasons] of Object.entries(dropped)) {
    const told = Object.entries(reasons).map(([reason, count]) => `${count} (${reason})`);
    if (told.length > 0) lines.push(`left out ${what}: ${told.join(", ")}`);
  }
  return lines.join("\n");
}
