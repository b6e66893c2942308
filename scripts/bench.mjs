#!/usr/bin/env node
// Benchmarks: `npm run bench -- NAME [--json FILE]` prints a table and, if asked, writes it as JSON. Each measures ours
// and the peer in one run; nothing here is a test.
import { readdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

await import("./build.mjs");
const { InputError } = await import("selfalign");
const { helpOf, parseFlags, reportError } = await import("./arguments.mjs");

const folder = path.join(import.meta.dirname, "bench");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => path.basename(file, ".mjs"));
const FLAGS = {
  json: {
    kind: "text",
    value: "FILE",
    about: "write {name, environment, rows, ratios, figures, details} there",
  },
  "num-samples": { kind: "count", value: "N", about: "size of the measured job (default: its own)" },
  python: {
    kind: "text",
    value: "COMMAND",
    fallback: process.env.SELFALIGN_PYTHON ?? "python3",
    about: "Python with the packages of peers and oracles",
  },
  humaneval: { kind: "text", value: "FILE", about: "HumanEval.jsonl, to measure the sandboxes on it too" },
  corpus: {
    kind: "text",
    value: "NAME",
    fallback: "stdlib",
    about: "seeds, tokenizer, tokenizer-training, code-tokenizer, completion: stdlib, or folder:PATH",
  },
  files: { kind: "count", value: "N", fallback: 1_000, about: "the same five: files measured at most" },
  steps: {
    kind: "count",
    value: "N",
    about: "code-tokenizer: training steps of a model with BPE (default: none)",
  },
  tokenizer: {
    kind: "text",
    value: "FILE",
    about: "tokenizer, prompts: a model's tokenizer.json (default: a small one of ours)",
  },
  geometry: {
    kind: "text",
    value: "NAME",
    fallback: "157m",
    about: "generate: 157m, or starcoder2-3b (13 GB of disk, 16 with llama.cpp)",
  },
  "base-url": {
    kind: "text",
    value: "URL",
    about:
      "prompts: a vLLM server whose own count of cached tokens is shown too, e.g. http://127.0.0.1:8000/v1",
  },
  model: {
    kind: "text",
    value: "NAME",
    about: "alignment: model whose likelihoods are tried too, e.g. local:DIR",
  },
  llama: {
    kind: "text",
    value: "DIR",
    fallback: process.env.SELFALIGN_LLAMA,
    about: "generate: folder where node-llama-cpp was installed for this bench (default: left out)",
  },
};

async function main(args) {
  const { values, others } = parseFlags(args, FLAGS);
  if (values.help) {
    console.log(helpOf("npm run bench -- NAME [flags]", `Benchmarks: ${names.join(", ")}.`, FLAGS));
    return;
  }
  const [name] = others;
  if (!names.includes(name))
    throw new InputError(`benchmark "${name ?? ""}" does not exist: choose from ${names.join(", ")}`);
  const { bench } = await import(`./bench/${name}.mjs`);
  const {
    rows,
    ratios = {},
    figures = {},
    details = [],
  } = await bench({
    size: values["num-samples"],
    python: values.python,
    humaneval: values.humaneval,
    corpus: values.corpus,
    files: values.files,
    steps: values.steps,
    tokenizer: values.tokenizer,
    geometry: values.geometry,
    baseUrl: values["base-url"],
    model: values.model,
    llama: values.llama,
  });
  const environment = {
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadBefore: os.loadavg()[0],
  };
  console.table(rows);
  for (const [what, ratio] of Object.entries(ratios)) console.log(`${what}: ${ratio.toFixed(2)}x`);
  for (const [what, figure] of Object.entries(figures)) console.log(`${what}: ${figure}`);
  console.log(
    Object.entries(environment)
      .map(([key, value]) => `${key} ${value}`)
      .join(", "),
  );
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ name, environment, rows, ratios, figures, details }, null, 2)}\n`,
    );
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
