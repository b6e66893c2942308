// Flags of the command line: a table per command, which gives parsing, defaults and help (arguments.mjs), and what the
// parsed values are as the library's options.
import { readFileSync } from "node:fs";
import path from "node:path";
import { InputError } from "selfalign";

/** Flags of whatever runs Python. */
export const SANDBOX_FLAGS = {
  sandbox: {
    kind: "text",
    value: "NAME",
    fallback: "auto",
    about: "native (Linux with bubblewrap), pyodide (everywhere), or auto",
  },
  python: { kind: "text", value: "PATH", about: "Python of the native sandbox, with its site-packages" },
  "allow-imports": {
    kind: "list",
    value: "A,B",
    about: "modules allowed beside the standard library, e.g. numpy,pandas",
  },
};

/** Flags of whatever judges programs. */
export const JUDGING_FLAGS = {
  mode: {
    kind: "text",
    value: "NAME",
    fallback: "auto",
    about: "split (code and tests in two worlds), one-world, or auto",
  },
  timeout: { kind: "number", value: "S", fallback: 10, about: "seconds for one program" },
  workers: {
    kind: "count",
    value: "N",
    about: "programs at the same time (default: what there is room for)",
  },
  ...SANDBOX_FLAGS,
};

/** Flags of `verify`. */
export const VERIFY_FLAGS = {
  out: { kind: "text", value: "OUT.jsonl", about: "where the verdicts go" },
  mutants: { kind: "number", value: "N", fallback: 0, about: "wrong variants tried on each row that passes" },
  ...JUDGING_FLAGS,
};

/** Flags of whatever asks a server. */
export const SERVER_FLAGS = {
  "base-url": { kind: "text", value: "URL", about: "address of the server of openai:, up to and with /v1" },
  api: { kind: "text", value: "NAME", about: "completions (default) or chat, of openai:" },
};

/** Flags of whatever runs a model. */
export const MODEL_FLAGS = {
  ...SERVER_FLAGS,
  "batch-size": {
    kind: "count",
    value: "N",
    about: "rows at a time (default: what fits into memory; int8-128 draws one)",
  },
  concurrency: { kind: "count", value: "N", about: "requests to a server at a time (default: up to 64)" },
  threads: { kind: "count", value: "N", about: "threads of the model (default: one per processor)" },
};

const ENGINE_FLAGS = {
  out: { kind: "text", value: "OUT.jsonl", about: "where the rows go" },
  ...MODEL_FLAGS,
};

/** Flags of `generate`. */
export const GENERATE_FLAGS = {
  prompts: { kind: "text", value: "IN.jsonl", about: "lines of {id, prompt | tokens, seed?, n?}" },
  ...ENGINE_FLAGS,
  "max-tokens": { kind: "count", value: "N", fallback: 256, about: "most new tokens" },
  temperature: { kind: "number", value: "T", fallback: 0.7, about: "0 takes the likeliest token each time" },
  "top-p": { kind: "number", value: "P", fallback: 1, about: "share of probability that is drawn from" },
  "top-k": {
    kind: "count",
    value: "N",
    about: "likeliest tokens that are drawn from (default 64, the most)",
  },
  stop: { kind: "texts", value: "TEXT", about: "text ends before this (repeatable; \\n is a line break)" },
  seed: { kind: "number", value: "N", fallback: 0, about: "seeds the lines that have no seed" },
  mode: {
    kind: "text",
    value: "NAME",
    fallback: "loop",
    about: "loop (rows come and go) or gen (a batch in one go); same text",
  },
};

/** Flags of `score`. */
export const SCORE_FLAGS = {
  pairs: {
    kind: "text",
    value: "IN.jsonl",
    about: "lines of {id, prompt | promptTokens, text | textTokens}",
  },
  ...ENGINE_FLAGS,
};

/** Flags of `export`. */
export const EXPORT_FLAGS = {
  out: { kind: "text", value: "FILE.jsonl", about: "where the rows go" },
  format: {
    kind: "text",
    value: "NAME",
    fallback: "messages",
    about: "messages (chat), prompt-completion, or text",
  },
  template: {
    kind: "text",
    value: "FILE",
    about: "text with {{ instruction }} and {{ response }}, for the two that are no chat",
  },
  split: { kind: "text", value: "NAME", fallback: "train", about: "train, test, or all" },
};

/** Flags of whatever learns from a corpus's files. */
export const SOURCE_FLAGS = {
  corpus: {
    kind: "text",
    value: "NAME",
    fallback: "stdlib",
    about: "what it learns from, as for run --corpus",
  },
  files: { kind: "count", value: "N", about: "files at most (default: all)" },
  scripts: {
    kind: "switch",
    about: "only .py at the top of a repository, of 1,000 to 100,000 bytes, no setup.py",
  },
  unique: { kind: "switch", about: "of files with equal contents only the first" },
  format: { kind: "switch", about: "as ruff's formatter writes them" },
  without: { kind: "list", value: "A,B", about: "what is taken out of files: comments, docstrings" },
};

/** Which files are read and what is taken out of them, from parsed flags. */
export function sourceOptions({ files, scripts, unique, format, without }) {
  for (const remark of without) oneOf("without", remark, ["comments", "docstrings"]);
  return { scripts, unique, format, without, ...known({ files }) };
}

/** Flags of `tokenizer train`. */
export const TOKENIZER_FLAGS = {
  out: { kind: "text", value: "DIR", about: "folder for tokenizer.json and tokenizer_config.json" },
  kind: {
    kind: "text",
    value: "NAME",
    fallback: "bpe",
    about: "bpe (bytes joined in pairs) or code (parts of identifiers, their case apart)",
  },
  ...SOURCE_FLAGS,
  "vocab-size": {
    kind: "count",
    value: "N",
    about:
      "tokens at most, special ones and bytes included (default: 52000 of bpe, of code all that are frequent)",
  },
  "min-frequency": {
    kind: "count",
    value: "N",
    about: "pairs (bpe, default 2) or pieces (code, default 10) that are rarer make no token",
  },
  special: {
    kind: "texts",
    value: "TOKEN",
    about: "special token (repeatable); the first one ends texts (default <|endoftext|>)",
  },
  digits: {
    kind: "text",
    value: "NAME",
    fallback: "words",
    about: "of bpe: words (numbers as GPT-2 cuts them), single (each digit alone, as StarCoder2), or grouped",
  },
  mentions: { kind: "list", value: "A,B", about: "files that hold none of these texts are left out" },
  seed: { kind: "number", value: "N", fallback: 0, about: "draws the order of the files" },
  workers: { kind: "count", value: "N", about: "threads that count words (default: one per processor)" },
};

/** Options of `trainTokenizerTo` and `trainCodeTokenizerTo` from parsed flags; the latter knows no `digits`. */
export function tokenizerOptions(flags) {
  return {
    ...sourceOptions(flags),
    digits: oneOf("digits", flags.digits, ["words", "single", "grouped"]),
    mentions: flags.mentions,
    seed: flags.seed,
    ...(flags.special.length === 0 ? {} : { special: flags.special }),
    ...known({
      vocabSize: flags["vocab-size"],
      minFrequency: flags["min-frequency"],
      workers: flags.workers,
    }),
  };
}

/** Options of `exportTo` from parsed flags. */
export function exportOptions({ format, split, template }) {
  return { format, split, ...(template === undefined ? {} : { template: textOf("template", template) }) };
}

function textOf(flag, file) {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new InputError(`--${flag} FILE must be a file that can be read, not "${file}"`, { cause });
  }
}

/** Options of whatever runs a model, from parsed flags. */
export function engineOptions(flags) {
  return {
    baseUrl: flags["base-url"],
    ...known({
      api: flags.api,
      batchSize: flags["batch-size"],
      concurrency: flags.concurrency,
      threads: flags.threads,
    }),
  };
}

/** Line breaks as they are typed made line breaks. */
export const broken = (texts) => texts.map((text) => text.replaceAll("\\n", "\n"));

/** Options of `generateTo` from parsed flags. */
export function generateOptions(flags) {
  return {
    ...engineOptions(flags),
    maxTokens: flags["max-tokens"],
    temperature: flags.temperature,
    topP: flags["top-p"],
    stop: broken(flags.stop),
    seed: flags.seed,
    mode: oneOf("mode", flags.mode, ["gen", "loop"]),
    ...known({ topK: flags["top-k"] }),
  };
}

/** Options of `scoreTo` from parsed flags. */
export const scoreOptions = engineOptions;

export function known(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

export function oneOf(flag, value, choices) {
  if (choices.includes(value)) return value;
  throw new InputError(`--${flag} "${value}" does not exist: choose from ${choices.join(", ")}`);
}

/** Flags of `convert`. */
export const CONVERT_FLAGS = {
  out: { kind: "text", value: "DIR", about: "folder of the model (default models/NAME-DTYPE)" },
  dtype: {
    kind: "text",
    value: "TYPE",
    fallback: "int8",
    about:
      "of the matrices: int8 (blocks of 32), int8-64 or int8-128 (faster on the processor, less exact; 128 draws one text at a time), fp32 or fp16",
  },
  device: { kind: "text", value: "NAME", fallback: "cpu", about: "what it is to run on: cpu or cuda" },
};

/** Where a converted model goes unless `--out` says otherwise. */
export function modelFolder(model, dtype) {
  // A revision may hold slashes; a folder's name may hold an @.
  const repository = /^([\w.-]+\/[\w.-]+)@/.exec(model)?.[1] ?? model;
  return path.join("models", `${path.basename(path.resolve(repository))}-${dtype}`);
}

/** Options of both from parsed flags. */
export function sandboxOptions(flags) {
  return {
    sandbox: flags.sandbox,
    allowImports: flags["allow-imports"],
    ...(flags.python === undefined ? {} : { python: flags.python }),
  };
}

/** Options of whatever judges programs, from parsed flags. */
export function judgingOptions(flags) {
  return {
    ...sandboxOptions(flags),
    mode: flags.mode,
    timeoutMs: Math.round(flags.timeout * 1_000),
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
  };
}

/** Options of `verifyTo` from parsed flags. */
export function verifyOptions(flags) {
  return { ...judgingOptions(flags), mutants: flags.mutants };
}
