#!/usr/bin/env node
// Makes data/benchmarks.bin, the hashes by which the default run finds copies of benchmark problems, from the original
// files: `node scripts/build-benchmarks.mjs HumanEval=HumanEval.jsonl.gz MBPP=mbpp.jsonl MBPP=sanitized-mbpp.json`.
// Both editions of MBPP count: the sanitised one words many tasks anew and mends some solutions.
import { writeFileSync } from "node:fs";
import path from "node:path";

await import("./build.mjs");
const { readBenchmark } = await import("../dist/overlap/benchmarks.js");
const { packPrints, printedOf } = await import("../dist/overlap/shipped.js");
const { InputError } = await import("selfalign");
const { reportError } = await import("./arguments.mjs");

const target = path.resolve(import.meta.dirname, "../data/benchmarks.bin");

async function main(args) {
  if (args.length === 0) throw new InputError("no files: name them as HumanEval=FILE MBPP=FILE");
  const printed = [];
  for (const argument of args) {
    const [name, file] = argument.split("=");
    if (!name || !file) throw new InputError(`argument "${argument}" must be NAME=FILE`);
    const items = await readBenchmark(file, name);
    printed.push(...items.map(printedOf));
    console.log(`${name}: ${items.length} problems from ${path.basename(file)}`);
  }
  const bytes = packPrints(printed);
  writeFileSync(target, bytes);
  console.log(`${path.relative(process.cwd(), target)}: ${bytes.length} bytes`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
