// One prompt, completed: by any engine with samples or the likeliest tokens, by a converted model with beams too. Comes from a
// text, or from a place in a file, of which all that stands before the place is the prompt.
import { readFile } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { isMissing } from "../core/files.js";
import { openBeams, type BeamSearchOptions } from "./beams.js";
import type { Completion, Engine, FinishReason } from "./engine.js";
import { openFolder } from "./folder.js";
import { folderOf, openEngine, type EngineOptions } from "./open.js";

export interface CompleteOptions
  extends EngineOptions, Pick<BeamSearchOptions, "lengthPenalty" | "earlyStopping"> {
  /** Most new tokens; default 64. */
  readonly maxTokens?: number;
  /** 0, the default, takes the likeliest token each time. */
  readonly temperature?: number;
  /** Default 1. */
  readonly topP?: number;
  readonly topK?: number;
  /** Strings before which a completion ends; default none. */
  readonly stop?: readonly string[];
  /** Seeds the first sample, the next seed the second one, and so on; default 0. */
  readonly seed?: number;
  /** Completions; default 1. */
  readonly count?: number;
  /** Above 1, beam search, of a converted model alone, with no temperature; default 1. */
  readonly numBeams?: number;
  /** Hears a single completion as it comes, where it is not searched for. */
  readonly onText?: (piece: string) => void;
  readonly signal?: AbortSignal;
}

export interface CompletedText {
  readonly text: string;
  /**
   * Beams: log-probability over length to the power of the length penalty. Others: mean log-probability of a token; null where
   * the engine does not tell.
   */
  readonly score: number | null;
  /** New tokens; null where the engine does not tell. */
  readonly tokens: number | null;
  readonly finish: FinishReason;
}

/**
 * Completions of a prompt, those of beams best first. For a converted model a prompt may be of any length: it is cut on the left
 * to what leaves room for `maxTokens`.
 * @throws InputError for a model or options that don't fit, and for a prompt that the engine does not answer.
 */
export async function complete(
  model: string,
  prompt: string,
  options: CompleteOptions = {},
): Promise<readonly CompletedText[]> {
  const { maxTokens = 64, temperature = 0, count = 1, numBeams = 1 } = options;
  const whole = { "max-tokens": maxTokens, "num-return": count, "num-beams": numBeams };
  for (const [what, value] of Object.entries(whole))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`${what} must be a whole number from 1, not "${value}"`);
  if (options.stop?.includes("") === true)
    throw new InputError("a stop string is empty, and would end every completion: leave it out");
  if (numBeams > 1 && temperature > 0)
    throw new InputError("beams take the likeliest tokens: leave the temperature out, or the beams");
  if (numBeams === 1 && temperature === 0 && count > 1)
    throw new InputError(
      `${count} completions without a temperature would be the same: give a temperature, or more beams`,
    );
  const folder = folderOf(model);
  const taken = folder === null ? prompt : await lastOf(folder, prompt, maxTokens);
  if (numBeams > 1) return searched(model, taken, options);
  const engine = await openEngine(model, options);
  try {
    return await drawn(engine, taken, options);
  } finally {
    await engine.close();
  }
}

/** The tokens of a prompt that leave a model room for so many more. */
async function lastOf(folder: string, prompt: string, maxTokens: number): Promise<readonly number[]> {
  const { manifest, idsOf } = await openFolder(folder);
  const { positions } = manifest.model;
  if (maxTokens >= positions)
    throw new InputError(
      `max-tokens ${maxTokens} leaves no room for a prompt: the model has ${positions} positions`,
    );
  return idsOf(prompt).slice(-(positions - maxTokens));
}

async function searched(
  model: string,
  prompt: string | readonly number[],
  options: CompleteOptions,
): Promise<readonly CompletedText[]> {
  const { count = 1, threads, ...search } = options;
  const searcher = await openBeams(model, threads === undefined ? {} : { threads });
  try {
    const [found = []] = await searcher.search([prompt], { ...search, numReturn: count });
    return found.map(({ text, score, tokens, finish }) => ({ text, score, tokens: tokens.length, finish }));
  } finally {
    await searcher.close();
  }
}

async function drawn(
  engine: Engine,
  prompt: string | readonly number[],
  options: CompleteOptions,
): Promise<readonly CompletedText[]> {
  const { maxTokens = 64, temperature = 0, topP = 1, topK, stop = [], seed = 0, count = 1 } = options;
  const shared = { prompt, maxTokens, temperature, topP, stop, ...(topK === undefined ? {} : { topK }) };
  const heard = count === 1 && options.onText !== undefined ? { onText: options.onText } : {};
  const keys = Array.from({ length: count }, (_, at) => String(at));
  const requests = keys.map((key, at) => ({ ...shared, ...heard, key, seed: seed + at }));
  const completions: Completion[] = [];
  for await (const answer of engine.generate(each(requests), options.signal)) {
    if ("reason" in answer)
      throw new InputError(`the prompt has no answer: ${answer.reason} (${answer.detail})`);
    completions[Number(answer.key)] = answer;
  }
  const scores = new Map<string, number>();
  const pairs = completions.map(({ key, text, tokens }) => ({ key, prompt, text: tokens ?? text }));
  for await (const answer of engine.score(each(pairs), options.signal))
    if (!("reason" in answer)) scores.set(answer.key, -answer.nll);
  return completions.map(({ key, text, newTokens, finish }) => ({
    text,
    score: scores.get(key) ?? null,
    tokens: newTokens,
    finish,
  }));
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  await Promise.resolve();
  yield* items;
}

/**
 * What stands before a place in a file; `line` counts from 1, and so does `column`, in characters: column 1 is before the first,
 * and one more than the line's length behind the last. Default of `column`: the line's end; of `line`: the file's.
 * @throws InputError for a file that can't be read, and for a place that it has not.
 */
export async function promptAt(file: string, line?: number, column?: number): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    const problem = isMissing(cause) ? "does not exist" : "can't be read";
    throw new InputError(`file "${file}" ${problem}: name a text file`, { cause });
  });
  if (line === undefined) return text;
  const lines = text.split("\n");
  const own = lines[line - 1];
  if (own === undefined)
    throw new InputError(`"${file}" has ${lines.length} lines, no line ${line}: give one that is there`);
  const characters = Array.from(own.replace(/\r$/, ""));
  const end = column ?? characters.length + 1;
  if (!(end >= 1 && end <= characters.length + 1))
    throw new InputError(
      `line ${line} of "${file}" has columns 1 to ${characters.length + 1}, no column ${end}: give one that is there`,
    );
  return [...lines.slice(0, line - 1), characters.slice(0, end - 1).join("")].join("\n");
}
