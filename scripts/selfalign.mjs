#!/usr/bin/env node
// The command line: one verb per task, thin over the library.
import { existsSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
if (!existsSync(path.join(root, "dist/index.js"))) await import("./build.mjs");

const {
  complete,
  convertModel,
  drawOn,
  ENGINES,
  evaluateTo,
  exportTo,
  extractTo,
  generateTo,
  InputError,
  pushFolder,
  rewriteTo,
  runPipeline,
  scoreTo,
  STAGES,
  verifyTo,
} = await import("selfalign");
const { helpOf, parseFlags, reportError } = await import("./arguments.mjs");
const flags = await import("./flags.mjs");
const { modelFolder, verifyOptions } = flags;
const { pipelineOptions, RUN_FLAGS } = await import("./run-flags.mjs");
const { EVALUATE_FLAGS, evaluateOptions, evaluationTold } = await import("./evaluate-flags.mjs");
const { REWRITE_FLAGS, rewriteOptions } = await import("./rewrite-flags.mjs");
const { COMPLETE_FLAGS, completeOptions, printCompletions, promptOf } = await import("./complete-flags.mjs");
const { PUSH_FLAGS, pushOptions } = await import("./push-flags.mjs");
const { modelAnd } = await import("./named.mjs");
const { TRAINING_VERBS } = await import("./train-verbs.mjs");

/** What answers prompts that it has not seen before. */
const MODELS = ENGINES.filter((engine) => !engine.startsWith("replay:"));

const VERBS = {
  run: {
    usage: "selfalign run [flags]",
    about: `Real Python functions into a dataset, in stages (${STAGES.join(", ")}). Resumes where it stopped.`,
    flags: RUN_FLAGS,
    async run({ values, others }) {
      if (others.length > 0)
        throw new InputError(`run takes flags only, not "${others[0]}": see selfalign run --help`);
      const { dir, rows } = await runPipeline({ ...pipelineOptions(values), draw: drawOn(process.stderr) });
      if (rows.dataset !== undefined)
        console.log(`dataset  ${path.join(dir, "final_dataset")} (${rows.dataset} rows)`);
      if (rows.report !== undefined) console.log(`report   ${path.join(dir, "pipeline_report.html")}`);
      if (rows.dataset === undefined) console.log(`run      ${dir}`);
    },
  },
  extract: {
    usage: "selfalign extract CORPUS --out FILE.jsonl",
    about: "Every function of a corpus (as for run --corpus), unfiltered, one JSON line each.",
    flags: { out: { kind: "text", value: "FILE.jsonl", about: "where the rows go" } },
    async run({ values, others }) {
      if (others.length !== 1)
        throw new InputError("extract needs one corpus: selfalign extract stdlib --out FILE.jsonl");
      if (values.out === undefined) throw new InputError("extract needs --out FILE.jsonl");
      const counts = await extractTo(others[0], values.out, { draw: drawOn(process.stderr) });
      const skipped = Object.entries(counts.skipped).map(
        ([reason, count]) => `, ${count} left out (${reason})`,
      );
      console.log(
        `${values.out}: ${counts.functions} functions from ${counts.files} files, ` +
          `${counts.filesWithErrors} with syntax errors${skipped.join("")}`,
      );
    },
  },
  verify: {
    usage: "selfalign verify IN.jsonl --out OUT.jsonl [flags]",
    about:
      "Verdicts on code with tests: our rows, HumanEval, MBPP, or {id, code, tests}; .gz too. Resumes where it stopped.",
    flags: flags.VERIFY_FLAGS,
    async run({ values, others }) {
      if (others.length !== 1)
        throw new InputError("verify needs one input: selfalign verify IN.jsonl --out OUT.jsonl");
      if (values.out === undefined) throw new InputError("verify needs --out OUT.jsonl");
      const options = { ...verifyOptions(values), draw: drawOn(process.stderr) };
      const { rows, verdicts } = await verifyTo(others[0], values.out, options);
      const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
      console.log(`${values.out}: ${rows} rows${counts.length > 0 ? `: ${counts.join(", ")}` : ""}`);
    },
  },
  convert: {
    usage: "selfalign convert MODEL [--out DIR] [flags]",
    about:
      "A StarCoder2 or GPT-2 checkpoint, a folder or owner/name[@revision] on the Hub, into a model that runs here. Resumes.",
    flags: flags.CONVERT_FLAGS,
    async run({ values: { out, dtype, device }, others }) {
      if (others.length !== 1)
        throw new InputError("convert needs one model: selfalign convert bigcode/starcoder2-3b");
      const [model] = others;
      const draw = drawOn(process.stderr);
      const made = await convertModel(model, out ?? modelFolder(model, dtype), { dtype, device, draw });
      console.log(`${made.folder}: ${made.origin} as ${made.dtype} for ${made.device}`);
    },
  },
  generate: {
    usage: "selfalign generate MODEL --prompts IN.jsonl --out OUT.jsonl [flags]",
    about: `Completions of the prompts in a file, by ${MODELS.join(" or ")}. Resumes where it stopped.`,
    flags: flags.GENERATE_FLAGS,
    async run({ values, others }) {
      const [model, input, output] = modelAnd("generate", others, values, "prompts");
      const options = { ...flags.generateOptions(values), draw: drawOn(process.stderr) };
      console.log(told(output, await generateTo(model, input, output, options)));
    },
  },
  complete: {
    usage: "selfalign complete MODEL --prompt TEXT [flags]",
    about: `One prompt, or a place in a file, completed by ${MODELS.join(" or ")}, as it comes.`,
    flags: COMPLETE_FLAGS,
    async run({ values, others }) {
      if (others.length !== 1)
        throw new InputError(
          'complete needs one model: selfalign complete local:FOLDER --prompt "def add(a, b):"',
        );
      const [prompt, options] = [await promptOf(values), completeOptions(values)];
      let told = false;
      const onText = (piece) => {
        told = true;
        process.stdout.write(piece);
      };
      printCompletions(
        await complete(others[0], prompt, { ...options, onText, onNotice: console.error }),
        told,
      );
    },
  },
  score: {
    usage: "selfalign score MODEL --pairs IN.jsonl --out OUT.jsonl [flags]",
    about: "Mean negative log-likelihood per token of texts after prompts. Resumes where it stopped.",
    flags: flags.SCORE_FLAGS,
    async run({ values, others }) {
      const [model, input, output] = modelAnd("score", others, values, "pairs");
      const options = { ...flags.scoreOptions(values), draw: drawOn(process.stderr) };
      console.log(told(output, await scoreTo(model, input, output, options)));
    },
  },
  evaluate: {
    usage: "selfalign evaluate [MODEL] --tasks FILE --output-dir DIR [flags]",
    about: "pass@k of a model, or of samples given, on tasks with tests. Resumes where it stopped.",
    flags: EVALUATE_FLAGS,
    async run({ values, others }) {
      const usage = "selfalign evaluate MODEL --tasks HumanEval.jsonl.gz --output-dir DIR";
      if (others.length > 1)
        throw new InputError(`evaluate takes one model, not "${others[1]}" too: ${usage}`);
      if (values.tasks === undefined) throw new InputError(`evaluate needs --tasks FILE: ${usage}`);
      const folder = values["output-dir"];
      if (folder === undefined) throw new InputError(`evaluate needs --output-dir DIR: ${usage}`);
      const options = { ...evaluateOptions(others[0], values), draw: drawOn(process.stderr) };
      console.log(evaluationTold(await evaluateTo(values.tasks, folder, options)));
    },
  },
  rewrite: {
    usage: "selfalign rewrite FOLDER --texts IN.jsonl --out OUT.jsonl [flags]",
    about:
      "What a T5 or BART in the Hugging Face layout writes for each text of a file, by beam search. Resumes where it stopped.",
    flags: REWRITE_FLAGS,
    async run({ values, others }) {
      const [folder, input, output] = modelAnd("rewrite", others, values, "texts");
      const options = { ...rewriteOptions(values), draw: drawOn(process.stderr) };
      console.log(told(output, await rewriteTo(folder, input, output, options)));
    },
  },
  ...TRAINING_VERBS,
  push: {
    usage: "selfalign push FOLDER OWNER/NAME [flags]",
    about: "A model's or dataset's folder onto the Hugging Face Hub, in one commit. Wants HF_TOKEN.",
    flags: PUSH_FLAGS,
    async run({ values, others }) {
      if (others.length !== 2)
        throw new InputError(
          "push needs a folder and a repository: selfalign push models/mine/model OWNER/NAME",
        );
      const [folder, repo] = others;
      const options = { ...pushOptions(values), draw: drawOn(process.stderr) };
      const { url, files, bytes } = await pushFolder(folder, repo, options);
      console.log(`${url}: ${files} files, ${(bytes / 1e6).toFixed(1)} MB`);
    },
  },
  export: {
    usage: "selfalign export DIR --out FILE.jsonl [flags]",
    about: "The dataset of a run directory as what trainers take.",
    flags: flags.EXPORT_FLAGS,
    async run({ values, others }) {
      if (others.length !== 1)
        throw new InputError("export needs one run directory: selfalign export DIR --out FILE.jsonl");
      if (values.out === undefined) throw new InputError("export needs --out FILE.jsonl");
      const rows = await exportTo(others[0], values.out, flags.exportOptions(values));
      console.log(`${values.out}: ${rows} rows`);
    },
  },
};

function told(output, { rows, unanswered }) {
  return `${output}: ${rows} rows${unanswered > 0 ? `, ${unanswered} without an answer` : ""}`;
}

function help(names = Object.keys(VERBS)) {
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const verbs = names.map((name) => `  ${name.padEnd(width)}${VERBS[name].about}`);
  return ["Usage: selfalign VERB [flags]", "", ...verbs, "", "selfalign VERB --help tells more."].join("\n");
}

async function main(args) {
  const [name, second] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(help());
    return;
  }
  // A verb is one word or two.
  const words = Object.hasOwn(VERBS, name) ? 1 : 2;
  const called = words === 1 ? name : `${name} ${second}`;
  if (!Object.hasOwn(VERBS, called)) {
    const near = Object.keys(VERBS).filter((verb) => verb.startsWith(`${name} `));
    if (near.length > 0 && ["--help", "-h", undefined].includes(second)) {
      console.log(help(near));
      return;
    }
    const known = near.length > 0 ? near : Object.keys(VERBS);
    throw new InputError(
      `verb "${args.slice(0, words).join(" ")}" does not exist: choose from ${known.join(", ")}`,
    );
  }
  const verb = VERBS[called];
  const parsed = parseFlags(args.slice(words), verb.flags);
  if (parsed.values.help) console.log(helpOf(verb.usage, verb.about, verb.flags));
  else await verb.run(parsed);
}

if (existsSync(".env")) process.loadEnvFile(".env");
try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
