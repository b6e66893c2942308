// Flags of `complete`, what the parsed values are as the library's options, and how completions are printed.
import { InputError, promptAt } from "selfalign";
import { broken, GENERATE_FLAGS, known, SERVER_FLAGS } from "./flags.mjs";

/** Flags of `complete`. */
export const COMPLETE_FLAGS = {
  prompt: { kind: "text", value: "TEXT", about: "what to go on from" },
  file: { kind: "text", value: "FILE", about: "a file to go on in, in the place of --prompt" },
  line: { kind: "count", value: "N", about: "line of the place in it (default: its end)" },
  column: { kind: "count", value: "N", about: "column of the place, from 1 (default: behind the line)" },
  "max-tokens": { kind: "count", value: "N", fallback: 64, about: "most new tokens" },
  temperature: { kind: "number", value: "T", fallback: 0, about: "0 takes the likeliest token each time" },
  "top-p": GENERATE_FLAGS["top-p"],
  "top-k": GENERATE_FLAGS["top-k"],
  stop: GENERATE_FLAGS.stop,
  seed: { kind: "number", value: "N", fallback: 0, about: "seeds the first of the samples" },
  "num-return": { kind: "count", value: "N", fallback: 1, about: "completions" },
  "num-beams": {
    kind: "count",
    value: "N",
    fallback: 1,
    about: "above 1, beam search: local: models only, without a temperature",
  },
  "length-penalty": {
    kind: "number",
    value: "X",
    fallback: 1,
    about: "of beams: scores are log-probability / length^X",
  },
  "early-stopping": { kind: "switch", about: "of beams: done as soon as as many texts have ended" },
  ...SERVER_FLAGS,
  threads: GENERATE_FLAGS.threads,
};

/** Options of `complete` from parsed flags. */
export function completeOptions(flags) {
  return {
    baseUrl: flags["base-url"],
    maxTokens: flags["max-tokens"],
    temperature: flags.temperature,
    topP: flags["top-p"],
    stop: broken(flags.stop),
    seed: flags.seed,
    count: flags["num-return"],
    numBeams: flags["num-beams"],
    lengthPenalty: flags["length-penalty"],
    earlyStopping: flags["early-stopping"],
    ...known({ topK: flags["top-k"], api: flags.api, threads: flags.threads }),
  };
}

/** What `complete` goes on from, of its flags. */
export async function promptOf({ prompt, file, line, column }) {
  if ((prompt === undefined) === (file === undefined))
    throw new InputError("complete needs --prompt TEXT or --file FILE [--line N --column N], one of them");
  if (file === undefined && (line ?? column) !== undefined)
    throw new InputError("--line and --column are a place in a file: give --file FILE");
  if (file === undefined) return prompt;
  if (line === undefined && column !== undefined)
    throw new InputError("--column is a place in a line: give --line N");
  return promptAt(file, line, column);
}

/** What a completion came to. */
function scoreOf({ score, tokens, finish }) {
  const parts = [
    score === null ? [] : `score ${score.toFixed(4)}`,
    tokens === null ? [] : `${tokens} tokens`,
  ];
  return [...parts.flat(), finish].join(", ");
}

/** Prints completions; of a single one `told` says whether its text was told as it came. */
export function printCompletions(texts, told) {
  if (texts.length > 1)
    for (const [at, text] of texts.entries()) console.log(`--- ${at + 1}: ${scoreOf(text)}\n${text.text}`);
  else {
    console.log(told ? "" : texts[0].text);
    console.error(scoreOf(texts[0]));
  }
}
