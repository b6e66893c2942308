import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "..");

// The public names. A change here is a change of what users may rely on: make it on purpose.
const NAMES = [
  "CORPORA",
  "CellError",
  "ENGINES",
  "InputError",
  "Interrupted",
  "FILTER_SETS",
  "PAIR_THRESHOLD",
  "PAIR_SOURCES",
  "PRESETS",
  "SEED_DEFAULTS",
  "SEED_THRESHOLD",
  "SEQ2SEQ_PRESETS",
  "SHIPPED_BENCHMARKS",
  "SHIPPED_PROMPTS",
  "STAGES",
  "TRAINING_FORMATS",
  "TRAINING_TEMPLATE",
  "callsFor",
  "changeChart",
  "clusterNearDuplicates",
  "collect",
  "comparePrompts",
  "compareTokenizers",
  "complete",
  "conceptsOf",
  "convertModel",
  "costOfRun",
  "cutoffChart",
  "conalaPairs",
  "conalaTokens",
  "curatedConala",
  "distributionGrid",
  "drawOn",
  "editPrompts",
  "estimate",
  "estimateDifference",
  "estimateMean",
  "evaluateTo",
  "editSimilarity",
  "evaluateTexts",
  "examineTo",
  "examplesOf",
  "exchangesOf",
  "executeNotebook",
  "explainStep",
  "exportTo",
  "extractTo",
  "finishedStages",
  "funnelChart",
  "generateTo",
  "highlight",
  "histogram",
  "intervalChart",
  "loadGrammar",
  "loadPlotly",
  "loadTokenizer",
  "mergeAdaptersTo",
  "lossChart",
  "notebookHtml",
  "notebookProgress",
  "notebookText",
  "openBeams",
  "openCorpus",
  "openDecontamination",
  "openEngine",
  "openNearDuplicates",
  "openExchanges",
  "openPairs",
  "openPrompts",
  "openSandbox",
  "openSeq2Seq",
  "parseTemplate",
  "passAt",
  "passOver",
  "prepareRun",
  "probeSandbox",
  "promptAt",
  "pushFolder",
  "rankChart",
  "readConala",
  "readConcepts",
  "readDatasetStats",
  "readFunnel",
  "readInstructions",
  "readManifest",
  "readMetrics",
  "readNotebook",
  "readRejects",
  "readResponses",
  "readResults",
  "readRows",
  "readSamples",
  "readSeeds",
  "readSummary",
  "readTimes",
  "reasonsChart",
  "refilter",
  "refusal",
  "rewriteScore",
  "rewriteTo",
  "runPipeline",
  "scatter",
  "scoreTo",
  "seedFunnel",
  "select",
  "showChart",
  "showCode",
  "showHtml",
  "showMarkdown",
  "shareDifference",
  "showTable",
  "spreadOf",
  "stepsOf",
  "survey",
  "syntheticPairs",
  "tally",
  "testText",
  "timeChart",
  "toFrame",
  "sweepChart",
  "sweepTo",
  "tokensChart",
  "trainCausalTo",
  "trainCodeTokenizerTo",
  "trainLoraTo",
  "trainSeq2SeqTo",
  "trainTokenizerTo",
  "validate",
  "verdictChart",
  "verifyTo",
  "writeArms",
  "writeTinyModel",
];

it("is what the list says", () => {
  const lab = createRequire(import.meta.url)("selfalign") as Record<string, unknown>;
  expect(Object.keys(lab).sort()).toEqual([...NAMES].sort());
});

it("loads no heavy dependency before it is used", () => {
  const hooks = `export async function resolve(name, context, next) {
    const found = await next(name, context);
    process._rawDebug(found.url);
    return found;
  }`;
  const program = `import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
    await import("selfalign");
    console.log(JSON.stringify(Object.keys((await import("node:module")).default._cache)));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  expect(stderr).toContain("dist/index.js");
  const loaded = `${stderr}\n${stdout}`;
  for (const heavy of [
    "web-tree-sitter",
    "ruff-wasm",
    "hyparquet",
    "danfojs",
    "plotly",
    "transformers",
    "onnxruntime",
    "pyodide/pyodide",
    "tslab",
    "huggingface",
  ]) {
    expect(loaded).not.toContain(`node_modules/${heavy}`);
    expect(loaded).not.toMatch(new RegExp(`node_modules/@[^/]+/${heavy}`));
  }
});
