// Prompts out of a file, completions into another. A line that can't be understood, or that the engine does not answer, is a
// row with its reason.
import { createHash } from "node:crypto";
import { InputError } from "../core/errors.js";
import { doFileJob, type Made } from "../core/filejob.js";
import type { InputLine } from "../core/input.js";
import type { Draw } from "../core/progress.js";
import type { Engine, FinishReason, GenerateRequest } from "./engine.js";
import { idOf, parsed, textOr, type FileSummary, type RowId } from "./lines.js";
import { openEngine, type EngineOptions } from "./open.js";

export interface GenerateOptions extends EngineOptions {
  /** Most new tokens of a sample; default 256. */
  readonly maxTokens?: number;
  /** Default 0.7, as in the reference. 0 takes the likeliest token each time. */
  readonly temperature?: number;
  /** Default 1. */
  readonly topP?: number;
  readonly topK?: number;
  /** Strings before which a text ends; default none. */
  readonly stop?: readonly string[];
  /** Seeds the rows that have none of their own; default 0. */
  readonly seed?: number;
  readonly draw?: Draw;
  /** Stops the work; what was finished is kept. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
}

/** `reason` and `detail` only where there is no answer. */
export interface GeneratedRow {
  readonly id: RowId;
  readonly index: number;
  readonly text: string;
  readonly tokens: readonly number[] | null;
  readonly finish: FinishReason | "none";
  readonly reason?: string;
  readonly detail?: string;
}

/** A prompt of the file, or why it is none. */
interface Prompt {
  readonly id: RowId;
  readonly prompt: string | readonly number[] | null;
  readonly seed: number | null;
  readonly count: number;
  readonly detail: string;
}

/** Bumped by hand when rows change their meaning. */
const GENERATE_VERSION = 1;

/** As many seeds as servers take. */
const SEEDS = 2 ** 31;

/**
 * Completes every prompt of a JSONL file, `{id, prompt | tokens, seed?, n?}` (`.gz` too), and writes `{id, index, text, tokens,
 * finish}`; a second start does what is missing.
 */
export async function generateTo(
  model: string,
  input: string,
  output: string,
  options: GenerateOptions = {},
): Promise<FileSummary> {
  const { maxTokens = 256, temperature = 0.7, topP = 1, topK, stop = [], seed = 0 } = options;
  check("max-tokens", maxTokens, Number.isInteger(maxTokens) && maxTokens >= 1, "a whole number from 1");
  check("temperature", temperature, temperature >= 0, "0 or more");
  check("top-p", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
  if (topK !== undefined) check("top-k", topK, Number.isInteger(topK) && topK >= 1, "a whole number from 1");
  if (stop.includes(""))
    throw new InputError("a stop string is empty, and would end every text: leave it out");
  const asked = { generate: GENERATE_VERSION, model, maxTokens, temperature, topP, topK: topK ?? 0, seed };
  const counts = { rows: 0, unanswered: 0 };
  const rowTokens = options.rowTokens ?? 1_024 + maxTokens;
  const { worked } = await doFileJob<GeneratedRow>({
    name: "generate",
    input,
    output,
    asked: { ...asked, stop: JSON.stringify(stop) },
    rowsOf: ({ text }) => promptOf(text).count,
    async open(say, signal) {
      const engine = await openEngine(model, { ...options, rowTokens, onNotice: options.onNotice ?? say });
      const shared = { maxTokens, temperature, topP, stop, ...(topK === undefined ? {} : { topK }) };
      return {
        facts: { identity: engine.identity },
        make: (lines, isDone) => generated(engine, lines, isDone, shared, seed, signal),
        close: () => engine.close(),
      };
    },
    seen({ finish }) {
      counts.rows++;
      if (finish === "none") counts.unanswered++;
    },
    draw: options.draw,
    signal: options.signal,
  });
  return { ...counts, worked };
}

type Shared = Omit<GenerateRequest, "key" | "prompt" | "seed">;

async function* generated(
  engine: Engine,
  lines: AsyncIterable<InputLine>,
  isDone: (line: number, index: number) => boolean,
  shared: Shared,
  seed: number,
  signal: AbortSignal,
): AsyncGenerator<Made<GeneratedRow>> {
  const under = new Map<string, Omit<Made<GeneratedRow>, "row"> & { readonly id: RowId }>();
  const refused: Made<GeneratedRow>[] = [];
  async function* requests(): AsyncGenerator<GenerateRequest> {
    for await (const { text, line } of lines) {
      const { id, prompt, seed: own, count, detail } = promptOf(text);
      for (let index = 0; index < count; index++) {
        if (isDone(line, index)) continue;
        if (prompt === null) refused.push({ line, index, row: noText(id, index, "no-prompt", detail) });
        else {
          const key = `${line}.${index}`;
          under.set(key, { line, index, id });
          yield { ...shared, key, prompt, seed: ((own ?? drawnSeed(seed, line)) + index) % SEEDS };
        }
      }
    }
  }
  for await (const answer of engine.generate(requests(), signal)) {
    yield* refused.splice(0);
    const place = under.get(answer.key);
    if (place === undefined)
      throw new Error(`internal: the engine answered "${answer.key}", which nobody asked`);
    under.delete(answer.key);
    const { id, line, index } = place;
    if ("reason" in answer) yield { line, index, row: noText(id, index, answer.reason, answer.detail) };
    else {
      const { text, tokens, finish } = answer;
      yield { line, index, row: { id, index, text, tokens, finish } };
    }
  }
  yield* refused;
}

function noText(id: RowId, index: number, reason: string, detail: string): GeneratedRow {
  return { id, index, text: "", tokens: null, finish: "none", reason, detail };
}

/** A seed for a line without one: the same whatever stands before it. */
function drawnSeed(seed: number, line: number): number {
  return createHash("sha1").update(`${seed}:${line}`).digest().readUInt32LE(0) % SEEDS;
}

function promptOf(text: string): Prompt {
  const row = parsed(text);
  const id = idOf(row);
  const count = row?.["n"] ?? 1;
  const seed = row?.["seed"];
  const prompt = row === null ? null : textOr(row["prompt"] ?? row["tokens"]);
  const whole = typeof count === "number" && Number.isInteger(count) && count >= 1;
  const detail = row === null ? "not a JSON object" : `needs "prompt", a text, or "tokens", whole numbers`;
  return {
    id,
    prompt: whole ? prompt : null,
    seed: typeof seed === "number" && Number.isInteger(seed) ? Math.abs(seed) % SEEDS : null,
    count: whole ? count : 1,
    detail: whole ? detail : `"n" is ${JSON.stringify(count)}, a whole number from 1 is needed`,
  };
}

function check(what: string, value: number, holds: boolean, wanted: string): void {
  if (!holds) throw new InputError(`${what} must be ${wanted}, not "${value}"`);
}
