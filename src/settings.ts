// Options of a run: their defaults, and what is refused. Mistakes are told in one line that names what exists.
import { availableParallelism } from "node:os";
import { InputError } from "./core/errors.js";
import type { Draw } from "./core/progress.js";
import type { Price } from "./engine/meter.js";
import { ENGINES } from "./engine/open.js";
import type { Api } from "./engine/wire.js";
import { DOCSTRING_MODEL } from "./instruct/docstring.js";
import type { Sampling } from "./instruct/prompted.js";
import { SANDBOX_CHOICES, type SandboxChoice } from "./sandbox/open.js";
import { SEED_DEFAULTS, type SeedOptions } from "./seeds/seeds.js";
import { thresholdsOf, type Filters } from "./seeds/thresholds.js";
import { PAIR_THRESHOLD, SEED_THRESHOLD } from "./overlap/dedupe.js";
import { SHIPPED_BENCHMARKS } from "./overlap/shipped.js";
import { STAGES, type StageName } from "./plans.js";

export interface PipelineOptions {
  /** Default `data/runs/default`. */
  readonly outputDir?: string;
  /** One of `CORPORA`, default `stdlib`. */
  readonly corpus?: string;
  /** Who writes concepts, instruction and response; default `docstring`, which needs no model. */
  readonly model?: string;
  /** Seeds to keep, default 20. May grow from start to start of the same run. */
  readonly numSamples?: number;
  /** Decides every draw, default 3407. */
  readonly seed?: number;
  /** Stages to run, default all. */
  readonly stages?: readonly string[];
  /** Removes what an earlier run left; with `stages`, only theirs and what was made from them. Default false. */
  readonly clean?: boolean;
  /** Makes failed items again. Default false. */
  readonly retryFailed?: boolean;
  /** Items worked on at the same time; default 4, with a model 64 requests. */
  readonly batchSize?: number;
  /** Seconds without a request after each batch sent to a server, default 0.5; nothing else waits. */
  readonly delay?: number;
  /** Of the server of `openai:`, e.g. `http://localhost:8000/v1`. */
  readonly baseUrl?: string;
  /** Of that server: `completions` (default) or `chat`. */
  readonly api?: string;
  /** Prompt set of a model: `starcoder2` (default), `chat` (default with that API) or a folder. */
  readonly prompts?: string;
  /** How a model draws: default 0.7, 1 and 1,536 tokens, as the reference does. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  /** Most responses that a model gives to an instruction, default 10; with temperature 0, which repeats itself, 1. */
  readonly samples?: number;
  /** Responses drawn before the next are decided on, default 2. */
  readonly round?: number;
  /** Verified responses with which an instruction is done, and published of it at most; default 1. */
  readonly keep?: number;
  /** Engine that says how likely instruction and code are to each other (`local:FOLDER`, `openai:MODEL`); default none. */
  readonly align?: string;
  /** Files of benchmark problems with tests: rows tell those whose tests their code passes; default none. */
  readonly solved?: readonly string[];
  /** Similarity of pairs from which the later one is left out; 0 keeps all. Default 0.7. */
  readonly nearPairs?: number;
  /** Price of a million tokens sent and of a million drawn, `[sent, drawn]`, to tell what a run costs; default none. */
  readonly price?: readonly number[];
  /** What a seed must measure up to: a named set or thresholds; default `default`. */
  readonly filters?: Filters;
  /** Refuses seeds in which pyright finds errors, at some 20 ms each. Default false. */
  readonly types?: boolean;
  /** Jaccard similarity of functions from which a seed is a near-duplicate of one kept; 0 keeps all. Default 0.5. */
  readonly nearDuplicates?: number;
  /** Benchmarks (`HumanEval`, `MBPP`) and files of problems whose copies are refused; default those two, `none` refuses none. */
  readonly decontaminate?: readonly string[];
  /** Sandbox processes, and threads that read a large corpus; default one per processor, at most 8. */
  readonly workers?: number;
  /** `native`, `pyodide` or `auto` (default): native where it works and its Python is new enough for the corpus. */
  readonly sandbox?: string;
  /** Interpreter of the native sandbox instead of the system's, with its site-packages. */
  readonly python?: string;
  /** Top-level modules that seeds and programs may import beside the standard library's, default none. */
  readonly allowImports?: readonly string[];
  /** Stops the run; what was finished is kept. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw;
}

type Given =
  | "stages"
  | "signal"
  | "draw"
  | "python"
  | "filters"
  | "sandbox"
  | "batchSize"
  | "baseUrl"
  | "api"
  | "prompts"
  | "price"
  | "align"
  | "temperature"
  | "topP"
  | "maxTokens"
  | "samples"
  | "round"
  | "keep";

export interface Settings extends Required<Omit<PipelineOptions, Given>> {
  readonly batchSize: number | undefined;
  readonly baseUrl: string | undefined;
  readonly api: Api | undefined;
  readonly prompts: string | undefined;
  readonly price: Price | null;
  readonly align: string | undefined;
  readonly sampling: Sampling;
  readonly sandbox: SandboxChoice;
  /** Filters with every default filled in. */
  readonly filters: Required<SeedOptions>;
  readonly python: string | undefined;
  readonly stages: ReadonlySet<StageName>;
}

/** Options with their defaults, checked. */
export function settingsOf(options: PipelineOptions): Settings {
  checkNames(options);
  const { outputDir = "data/runs/default", corpus = "stdlib", model = DOCSTRING_MODEL } = options;
  const { numSamples = 20, seed = 3407, clean = false, retryFailed = false } = options;
  const { batchSize, delay = 0.5, workers = Math.min(8, availableParallelism()) } = options;
  const { sandbox = "auto", python, allowImports = [], types = false } = options;
  const { solved = [], nearPairs = PAIR_THRESHOLD } = options;
  const { nearDuplicates = SEED_THRESHOLD, decontaminate = SHIPPED_BENCHMARKS } = options;
  const filters = {
    ...SEED_DEFAULTS,
    ...thresholdsOf(options.filters),
    allowImports: [...allowImports].sort(),
  };
  checkModel(model);
  checkCounts({ numSamples, workers, ...(batchSize === undefined ? {} : { batchSize }) });
  if (!(delay >= 0)) throw new InputError(`delay must be a number of seconds, not "${delay}"`);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InputError(`seed must be a whole number of at least 0, not "${seed}"`);
  }
  for (const [name, value] of Object.entries({ nearDuplicates, nearPairs })) {
    if (!(value >= 0 && value <= 1))
      throw new InputError(`${name} must be a similarity from 0 to 1, not "${value}"`);
  }
  const stages = stageNames(options.stages ?? STAGES);
  return {
    outputDir,
    corpus,
    model,
    numSamples,
    seed,
    clean,
    retryFailed,
    batchSize,
    delay,
    baseUrl: options.baseUrl,
    api: options.api === undefined ? undefined : apiNamed(options.api),
    prompts: options.prompts,
    price: priceOf(options.price),
    sampling: samplingOf(options),
    workers,
    sandbox: sandboxNamed(sandbox),
    python,
    allowImports,
    filters,
    types,
    align: options.align,
    solved,
    nearPairs,
    nearDuplicates,
    decontaminate: decontaminate.length === 1 && decontaminate[0] === "none" ? [] : decontaminate,
    stages,
  };
}

const NAMES = [
  "outputDir",
  "corpus",
  "model",
  "numSamples",
  "seed",
  "stages",
  "clean",
  "retryFailed",
  "batchSize",
  "delay",
  "baseUrl",
  "api",
  "prompts",
  "temperature",
  "topP",
  "maxTokens",
  "samples",
  "round",
  "keep",
  "price",
  "align",
  "solved",
  "nearPairs",
  "workers",
  "sandbox",
  "python",
  "allowImports",
  "filters",
  "types",
  "nearDuplicates",
  "decontaminate",
  "signal",
  "draw",
] as const satisfies readonly (keyof PipelineOptions)[];

/** Notebook cells are checked loosely, so a misspelt option would pass unseen. */
function checkNames(options: PipelineOptions): void {
  const unknown = Object.keys(options).find((name) => !NAMES.some((known) => known === name));
  if (unknown === undefined) return;
  throw new InputError(`option "${unknown}" does not exist: choose from ${NAMES.join(", ")}`);
}

function stageNames(names: readonly string[]): ReadonlySet<StageName> {
  return new Set(
    names.map((name) => {
      const stage = STAGES.find((known) => known === name);
      if (stage === undefined)
        throw new InputError(`stage "${name}" does not exist: choose from ${STAGES.join(", ")}`);
      return stage;
    }),
  );
}

function sandboxNamed(name: string): SandboxChoice {
  const choice = SANDBOX_CHOICES.find((known) => known === name);
  if (choice !== undefined) return choice;
  throw new InputError(`sandbox "${name}" does not exist: choose from ${SANDBOX_CHOICES.join(", ")}`);
}

function checkModel(model: string): void {
  const kinds = ENGINES.map((name) => name.slice(0, name.indexOf(":") + 1));
  if (model === DOCSTRING_MODEL || kinds.some((kind) => model.startsWith(kind))) return;
  throw new InputError(
    `model "${model}" does not exist: choose ${DOCSTRING_MODEL} (no model needed), ${ENGINES.join(", ")}`,
  );
}

function apiNamed(name: string): Api {
  if (name === "completions" || name === "chat") return name;
  throw new InputError(`api "${name}" does not exist: choose completions or chat`);
}

function samplingOf(options: PipelineOptions): Sampling {
  const { temperature = 0.7, topP = 1, maxTokens = 1_536 } = options;
  const { samples = temperature === 0 ? 1 : 10, round = 2, keep = 1 } = options;
  checkCounts({ maxTokens, samples, round, keep });
  if (!(temperature >= 0)) throw new InputError(`temperature must be at least 0, not "${temperature}"`);
  if (!(topP > 0 && topP <= 1)) throw new InputError(`topP must be above 0 and at most 1, not "${topP}"`);
  return { temperature, topP, maxTokens, budget: samples, width: round, wanted: keep };
}

function priceOf(price: readonly number[] | undefined): Price | null {
  if (price === undefined) return null;
  const [prompt, completion] = price;
  if (
    price.length === 2 &&
    prompt !== undefined &&
    completion !== undefined &&
    prompt >= 0 &&
    completion >= 0
  )
    return { prompt, completion };
  throw new InputError(
    `price must be two numbers, of a million tokens sent and of a million drawn, not "${price.join(",")}"`,
  );
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new InputError(`${name} must be a whole number of at least 1, not "${value}"`);
  }
}
