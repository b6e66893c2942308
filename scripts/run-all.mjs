#!/usr/bin/env zx
// Re-runs everything headlessly: builds, executes the stage notebooks in order on one run directory, then the others, and leaves
// executed notebooks and pages in reports/. What is finished is not done again.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { $, chalk, echo } from "zx";

const root = path.resolve(import.meta.dirname, "..");
await $({ cwd: root, stdio: "inherit" })`node scripts/build.mjs`;
const lab = await import("selfalign");
const { helpOf, parseFlags, reportError } = await import("./arguments.mjs");
const { pipelineOptions, RUN_FLAGS } = await import("./run-flags.mjs");
const { followLog } = await import("./follow-log.mjs");

const FLAGS = {
  ...RUN_FLAGS,
  "stages-only": {
    kind: "switch",
    about: "leave out the notebooks that belong to no stage; they take minutes",
  },
  "no-notebooks": { kind: "switch", about: "run the stages straight from src, all at once" },
};
const ABOUT =
  "Builds, runs the stage notebooks in order on one run directory, writes executed notebooks and pages into reports/.";

/** The stage notebooks and the stages that each runs. */
const NOTEBOOKS = [
  ["01_gather_seeds", ["seeds"]],
  ["02_write_instructions", ["instruct"]],
  ["03_validate_responses", ["validate"]],
  ["04_export_dataset", ["dataset", "report"]],
];

/** Notebooks that are about no run; they come last. */
const OTHERS = [
  "05_run_starcoder2",
  "06_prompt_lab",
  "07_train_causal_lm",
  "08_complete_code",
  "09_rewrite_intents",
  "10_what_a_filter_is_worth",
];

async function main(args) {
  const { values, others } = parseFlags(args, FLAGS);
  if (values.help) {
    echo(helpOf("npx zx scripts/run-all.mjs [flags]", ABOUT, FLAGS));
    return;
  }
  if (others.length > 0) throw new lab.InputError(`run-all takes flags only, not "${others[0]}": see --help`);
  const options = pipelineOptions(values);
  absolute(options);
  if (values["no-notebooks"]) await lab.runPipeline({ ...options, draw: lab.drawOn(process.stderr) });
  else await runNotebooks(options, values["stages-only"] ? [] : OTHERS);
  await tellWhere(options.outputDir, values["no-notebooks"]);
}

/** Notebooks run in a folder of their own, so that paths must not depend on it. */
function absolute(options) {
  const whole = (file) => (existsSync(file) ? path.resolve(file) : file);
  options.outputDir = path.resolve(options.outputDir);
  options.corpus = options.corpus.replace(
    /^(folder|git|parquet|jsonl):(.+)$/s,
    (_, kind, file) => `${kind}:${whole(file)}`,
  );
  const ofModel = (model) =>
    model.replace(
      /^(local|starcoder2|transformers|replay):(.+)$/s,
      (_, kind, file) => `${kind}:${whole(file)}`,
    );
  options.model = ofModel(options.model);
  if (options.align !== undefined) options.align = ofModel(options.align);
  if (options.solved !== undefined) options.solved = options.solved.map(whole);
  if (options.prompts !== undefined) options.prompts = whole(options.prompts);
  if (options.python !== undefined) options.python = whole(options.python);
  if (options.decontaminate !== undefined) options.decontaminate = options.decontaminate.map(whole);
}

async function runNotebooks(options, others) {
  // Mistakes in the options are told here, in one line, before a kernel starts.
  await lab.prepareRun(options);
  const stop = new AbortController();
  const onSignal = () =>
    stop.abort(
      new lab.Interrupted("stopped; what was finished is kept: the same command goes on from there"),
    );
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  for (const [name, stages] of NOTEBOOKS) {
    const wanted = stages.filter((stage) => options.stages === undefined || options.stages.includes(stage));
    if (wanted.length > 0)
      await runOne(name, wanted, parametersOf(stages, wanted, options), options, stop.signal);
  }
  if (options.stages !== undefined) return;
  for (const name of others) await runOne(name, [], {}, options, stop.signal);
}

function parametersOf(stages, wanted, options) {
  // The run directory is cleaned already, and which stages a notebook runs is its own affair.
  const params = Object.fromEntries(
    Object.entries(options).filter(([option]) => !["clean", "stages"].includes(option)),
  );
  return { params, ...(stages.length > 1 && { stages: wanted }) };
}

async function runOne(name, stages, parameters, { outputDir, retryFailed }, signal) {
  const input = path.join(root, "notebooks", `${name}.ipynb`);
  const output = path.join(root, "reports", `${name}.ipynb`);
  const page = output.replace(/ipynb$/, "html");
  const run = { input, output, page, stages, parameters, outputDir };
  if (!retryFailed && (await isCurrent(run))) {
    echo(chalk.dim(`${name}  finished already`));
    return;
  }
  echo(chalk.bold(name));
  const log = followLog(path.join(outputDir, "pipeline.log"), lab.drawOn(process.stderr));
  try {
    const executed = await lab.executeNotebook(input, output, { parameters, signal });
    executed.metadata.selfalign.stamp = await stampOf(run);
    await writeFile(output, lab.notebookText(executed));
    await writeFile(page, lab.notebookHtml(executed, { title: name }));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof lab.CellError)
      await writeFile(page, lab.notebookHtml(await lab.readNotebook(output), { title: name }));
    if (error instanceof lab.CellError && error.ename === "InputError") {
      throw new lab.InputError(`${path.relative(root, input)}, cell ${error.cellIndex + 1}: ${error.evalue}`);
    }
    throw error;
  } finally {
    log.stop();
  }
}

/** What an executed notebook was made from: its own bytes, its parameters, and what its stages came to. */
async function stampOf({ input, stages, parameters, outputDir }) {
  const finished = await lab.finishedStages(outputDir);
  const digests = stages.map((stage) => finished[stage] ?? null);
  const text = JSON.stringify([await readFile(input, "utf8"), parameters, stages, digests]);
  return createHash("sha256").update(text).digest("hex");
}

async function isCurrent(run) {
  const { output, page, stages, outputDir } = run;
  if (!existsSync(output) || !existsSync(page)) return false;
  const finished = await lab.finishedStages(outputDir);
  if (!stages.every((stage) => finished[stage] !== undefined)) return false;
  const { metadata } = JSON.parse(await readFile(output, "utf8"));
  return metadata.selfalign?.stamp === (await stampOf(run));
}

async function tellWhere(dir, noNotebooks) {
  const shown = (file) => path.relative(process.cwd(), file) || ".";
  const rows = (await lab.readManifest(dir))?.stages.dataset?.rows;
  if (rows !== undefined)
    echo(`dataset    ${shown(path.join(dir, "final_dataset/instruction_dataset.jsonl"))} (${rows} rows)`);
  if (!noNotebooks) echo(`notebooks  ${shown(path.join(root, "reports"))}`);
  if (rows !== undefined) echo(`report     ${shown(path.join(dir, "pipeline_report.html"))}`);
}

if (existsSync(".env")) process.loadEnvFile(".env");
try {
  await main(process.argv.slice(process.argv.findIndex((word) => /run-all(\.mjs)?$/.test(word)) + 1));
} catch (error) {
  process.exitCode = error instanceof lab.CellError ? (console.error(error.message), 1) : reportError(error);
}
