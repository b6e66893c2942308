// Flags of a run of the pipeline, and what the parsed values are as the library's options.
import { readFileSync } from "node:fs";
import { InputError } from "selfalign";
import { known, SANDBOX_FLAGS, sandboxOptions, SERVER_FLAGS } from "./flags.mjs";

/** Flags that runs of the pipeline take, with or without notebooks. */
export const RUN_FLAGS = {
  "output-dir": { kind: "text", value: "DIR", fallback: "data/runs/default", about: "run directory" },
  corpus: {
    kind: "text",
    value: "NAME",
    fallback: "stdlib",
    about:
      "stdlib, folder:PATH, git:PATH, parquet:PATH, jsonl:PATH, hf:REPO, the-stack-v2, github and others (README)",
  },
  model: {
    kind: "text",
    value: "NAME",
    fallback: "docstring",
    about: "docstring (no model needed), openai:MODEL, local:DIR, transformers:REPO, or replay:FILE-or-RUN",
  },
  ...SERVER_FLAGS,
  prompts: {
    kind: "text",
    value: "SET",
    about: "a model's prompt set: starcoder2, chat, or a folder of yours",
  },
  samples: {
    kind: "count",
    value: "N",
    about: "responses that a model gives to an instruction at most (default 10)",
  },
  round: { kind: "count", value: "N", about: "responses drawn before the next are decided on (default 2)" },
  keep: {
    kind: "count",
    value: "N",
    about: "verified responses with which an instruction is done (default 1)",
  },
  temperature: { kind: "number", value: "T", about: "of a model, default 0.7; 0 takes the likeliest token" },
  "top-p": { kind: "number", value: "P", about: "share of probability that a model draws from (default 1)" },
  "max-tokens": { kind: "count", value: "N", about: "most new tokens of an answer (default 1536)" },
  align: {
    kind: "text",
    value: "MODEL",
    about: "model that says how likely instruction and code are to each other",
  },
  solved: {
    kind: "list",
    value: "FILE",
    about: "benchmark problems with tests: rows tell those whose tests their code passes",
  },
  "near-pairs": {
    kind: "number",
    value: "S",
    about: "similarity from which a row repeats an earlier one; 0 keeps all (default 0.7)",
  },
  price: { kind: "list", value: "A,B", about: "of a million tokens sent, and drawn: the cost is told" },
  "num-samples": {
    kind: "count",
    value: "N",
    fallback: 20,
    about: "seeds to keep; may grow from start to start",
  },
  seed: { kind: "number", value: "N", fallback: 3407, about: "decides every draw" },
  stage: {
    kind: "list",
    value: "NAME",
    about: "run this stage alone (repeatable): seeds, instruct, validate, dataset, report",
  },
  clean: { kind: "switch", about: "remove what an earlier run left there; with --stage, from that stage on" },
  "retry-failed": { kind: "switch", about: "make failed items again" },
  "batch-size": {
    kind: "count",
    value: "N",
    about: "items worked on at the same time (default 4; with a model 64 requests)",
  },
  delay: {
    kind: "number",
    value: "S",
    fallback: 0.5,
    about: "seconds without a request after each batch sent to a server; nothing else waits",
  },
  filters: {
    kind: "text",
    value: "SET",
    fallback: "default",
    about: "default, reference, data-science, or thresholds: JSON or a .json file",
  },
  "near-duplicates": {
    kind: "number",
    value: "S",
    about: "similarity from which a seed repeats one kept; 0 keeps all (default 0.5)",
  },
  decontaminate: {
    kind: "list",
    value: "NAME",
    about: "HumanEval, MBPP (the default) and files of problems whose copies are refused; none refuses none",
  },
  types: { kind: "switch", about: "refuse seeds in which pyright finds errors (some 20 ms each)" },
  workers: {
    kind: "count",
    value: "N",
    about: "sandbox processes, and threads that read a large corpus (default: one per processor, at most 8)",
  },
  ...SANDBOX_FLAGS,
};

/** A set's name as it is, or the thresholds that a JSON text or file holds. */
function filtersFrom(given) {
  const isFile = given.endsWith(".json");
  if (!isFile && !given.trimStart().startsWith("{")) return given;
  try {
    return JSON.parse(isFile ? readFileSync(given, "utf8") : given);
  } catch (cause) {
    const what = isFile ? "a file that can be read and holds JSON" : 'JSON, e.g. {"maxLines": 60}';
    throw new InputError(`--filters SET must be ${what}, not "${given}"`, { cause });
  }
}

/** Options of `runPipeline` from parsed flags. */
export function pipelineOptions(flags) {
  return {
    outputDir: flags["output-dir"],
    corpus: flags.corpus,
    model: flags.model,
    numSamples: flags["num-samples"],
    seed: flags.seed,
    clean: flags.clean,
    retryFailed: flags["retry-failed"],
    ...known({
      batchSize: flags["batch-size"],
      baseUrl: flags["base-url"],
      api: flags.api,
      prompts: flags.prompts,
      samples: flags.samples,
      round: flags.round,
      keep: flags.keep,
      temperature: flags.temperature,
      topP: flags["top-p"],
      maxTokens: flags["max-tokens"],
      align: flags.align,
      nearPairs: flags["near-pairs"],
    }),
    ...(flags.solved.length === 0 ? {} : { solved: flags.solved }),
    ...(flags.price.length === 0 ? {} : { price: flags.price.map(Number) }),
    delay: flags.delay,
    filters: filtersFrom(flags.filters),
    types: flags.types,
    ...(flags["near-duplicates"] === undefined ? {} : { nearDuplicates: flags["near-duplicates"] }),
    ...(flags.decontaminate.length === 0 ? {} : { decontaminate: flags.decontaminate }),
    ...sandboxOptions(flags),
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
    ...(flags.stage.length === 0 ? {} : { stages: flags.stage }),
  };
}
