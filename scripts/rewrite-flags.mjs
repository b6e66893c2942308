// Flags of `rewrite`, and what the parsed values are as the library's options.
import { GENERATE_FLAGS, known } from "./flags.mjs";
import { COMPLETE_FLAGS } from "./complete-flags.mjs";

/** Flags of `rewrite`. */
export const REWRITE_FLAGS = {
  texts: { kind: "text", value: "IN.jsonl", about: "lines of {id, text | tokens}" },
  out: GENERATE_FLAGS.out,
  "num-beams": { kind: "count", value: "N", fallback: 4, about: "1 takes the likeliest token each time" },
  "length-penalty": COMPLETE_FLAGS["length-penalty"],
  "early-stopping": COMPLETE_FLAGS["early-stopping"],
  "max-tokens": { kind: "count", value: "N", fallback: 128, about: "most tokens that are written" },
  dtype: { kind: "text", value: "TYPE", fallback: "fp32", about: "of the matrices: fp32 or int8" },
  "batch-size": { kind: "count", value: "N", fallback: 32, about: "texts at a time" },
  threads: GENERATE_FLAGS.threads,
};

/** Options of `rewriteTo` from parsed flags. */
export function rewriteOptions(flags) {
  return {
    numBeams: flags["num-beams"],
    lengthPenalty: flags["length-penalty"],
    earlyStopping: flags["early-stopping"],
    maxTokens: flags["max-tokens"],
    dtype: flags.dtype,
    batchSize: flags["batch-size"],
    ...known({ threads: flags.threads }),
  };
}
