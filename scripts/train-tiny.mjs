#!/usr/bin/env node
// Makes the StarCoder2 that comes with the package, from nothing: trains it on the standard library, measures it on files that it
// has not seen, and packs it, with its log, into data/models. About an hour on two cores; goes on where it was stopped.
//   node scripts/train-tiny.mjs [--work DIR] [--out DIR]
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { convertModel, openCorpus, trainCausalTo, writeTinyModel } from "selfalign";
import { packed } from "../dist/model/packed.js";
import { PACKED } from "../dist/model/tiny.js";
import { folderSource, openSafetensors } from "../dist/onnx/safetensors.js";
import { writeSafetensors } from "../dist/onnx/save.js";
import { parseFlags, helpOf, reportError } from "./arguments.mjs";
import { modelBits, ngramBits, parsing } from "./tiny/measure.mjs";
import { RECIPE } from "./tiny/recipe.mjs";
import { sidesOf } from "./tiny/sides.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const FLAGS = {
  work: { kind: "text", value: "DIR", about: "what is trained lies here", fallback: "data/runs/tiny-model" },
  out: { kind: "text", value: "DIR", about: "the packed model", fallback: "data/models/starcoder2-tiny" },
};
const SAMPLING = { samples: 200, temperature: 0.7, topP: 0.95, maxTokens: 200, seed: RECIPE.seed };
const COPIED = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];

async function main() {
  const { values } = parseFlags(process.argv.slice(2), FLAGS);
  if (values.help)
    return console.log(helpOf("node scripts/train-tiny.mjs", "Trains the tiny StarCoder2.", FLAGS));
  const [work, out] = [values.work, values.out].map((folder) => path.resolve(ROOT, folder));
  const run = await trainCausalTo("stdlib", work, RECIPE);
  await pack(run.model, out);
  const sides = await sidesOf(work, RECIPE);
  const measured = await measure(run.model, work, out, sides);
  const log = {
    made: "node scripts/train-tiny.mjs",
    corpus: (await openCorpus("stdlib")).identity,
    licence: "Trained on CPython's standard library, which is under PSF-2.0 (data/licences/PSF-2.0.txt)",
    parameters: run.parameters,
    recipe: RECIPE,
    tokens: { corpus: run.data.tokens, seen: run.training.tokens },
    heldOut: Object.fromEntries(sides.valid.map(({ path, bytes }) => [path, bytes])),
    tokenizer: "learned from all files, the held-out ones too; the 5-gram model has the same tokens",
    curve: curveOf(work),
    bestStep: run.training.best.step,
    time: { minutes: minutesOf(work), machine: `${os.availableParallelism()} x ${os.cpus()[0].model}` },
    ...measured,
  };
  writeFileSync(path.join(out, "training.json"), `${JSON.stringify(log, null, 2)}\n`);
  console.log(JSON.stringify(measured, null, 2));
}

async function pack(model, out) {
  mkdirSync(out, { recursive: true });
  for (const name of COPIED) copyFileSync(path.join(model, name), path.join(out, name));
  const checkpoint = await openSafetensors(folderSource(model), "model.safetensors");
  const tensors = [];
  for (const name of checkpoint.names)
    tensors.push({ name, shape: checkpoint.shape(name), values: await checkpoint.read(name) });
  await writeSafetensors(path.join(out, PACKED), packed(tensors));
}

async function measure(model, work, out, sides) {
  const at = (name) => path.join(work, name);
  await convertModel(model, at("fp32"), { dtype: "fp32" });
  await writeTinyModel(at("unpacked"), out);
  await convertModel(at("unpacked"), at("int8"), { dtype: "int8" });
  const [fp32, int8] = [await modelBits(at("fp32"), sides.valid), await modelBits(at("int8"), sides.valid)];
  const fiveGram = ngramBits(sides, RECIPE.vocabSize);
  const { functions, parsed } = await parsing(at("int8"), sides.valid, SAMPLING);
  return {
    bitsPerByte: { fp32: rounded(fp32, 4), int8: rounded(int8, 4), fiveGram: rounded(fiveGram, 4) },
    belowFiveGram: rounded(1 - int8 / fiveGram, 4),
    completions: { ...SAMPLING, functions, parsed },
  };
}

/** Training loss since the evaluation before, and validation loss, in nats per token. */
function curveOf(work) {
  const curve = [];
  let losses = [];
  for (const { step, loss, validation } of linesOf(path.join(work, "training/metrics.jsonl"))) {
    if (loss !== null) losses.push(loss);
    if (validation === null) continue;
    const mean = losses.reduce((sum, one) => sum + one, 0) / losses.length;
    curve.push({
      step,
      loss: losses.length === 0 ? null : rounded(mean, 4),
      validation: rounded(validation, 4),
    });
    losses = [];
  }
  return curve;
}

/** Minutes of steps, evaluations and checkpoints, over all starts. */
function minutesOf(work) {
  const seconds = linesOf(path.join(work, "training/timings.jsonl")).map(
    ({ trainingSeconds, evaluationSeconds, savingSeconds }) =>
      trainingSeconds + evaluationSeconds + savingSeconds,
  );
  return rounded(seconds.reduce((sum, one) => sum + one, 0) / 60, 1);
}

function linesOf(file) {
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

try {
  await main();
} catch (error) {
  process.exitCode = reportError(error);
}
