// Beam search with a converted causal model: prompts in, for each the likeliest texts that the search finds, with their scores.
// Runs on the processor; a folder from before there was a graph for it gets that graph when it is first wanted.
import { InputError } from "../core/errors.js";
import { beamSearch, checkBeams, type Beam, type BeamOptions } from "../model/beam.js";
import { causalBeams } from "../model/causalbeam.js";
import { addedGraph, type Manifest } from "../model/convert.js";
import { batchSizeFor, freeBytes } from "../model/memory.js";
import type { Decoding } from "../model/run.js";
import { goesAlone } from "../model/weights.js";
import { openSession } from "../onnx/session.js";
import type { FinishReason } from "./engine.js";
import { openFolder, type Folder } from "./folder.js";
import { folderOf } from "./open.js";

export interface BeamSearchOptions extends Omit<BeamOptions, "stopTokens" | "ends" | "forced"> {
  /** Most new tokens of a text; default 64. */
  readonly maxTokens?: number;
  /** Strings before which a text ends; default none. */
  readonly stop?: readonly string[];
  /** Prompts at a time. Default: what fits into free memory. A model of the dtype int8-128 searches for one at a time. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A text of a beam search. */
export interface FoundText {
  /** Without the stop string; empty where the folder has no tokenizer. */
  readonly text: string;
  /** Without a stop token, but with those of a stop string. */
  readonly tokens: readonly number[];
  /** Natural logarithm of the text's probability, what it stopped with included. */
  readonly logProbability: number;
  /** The same over the number of tokens to the power of the length penalty: what texts are ranked by. */
  readonly score: number;
  readonly finish: FinishReason;
}

export interface BeamSearcher {
  /**
   * The best texts for each prompt, best first; the same whatever prompts go together.
   * @throws InputError for options that make no sense, and for a prompt that the model can't take.
   */
  search(
    prompts: readonly (string | readonly number[])[],
    options?: BeamSearchOptions,
  ): Promise<readonly (readonly FoundText[])[]>;
  close(): Promise<void>;
}

/** Opens a converted model, `FOLDER`, `local:FOLDER` or `starcoder2:FOLDER`, for beam search. @throws InputError for others. */
export async function openBeams(
  model: string,
  { threads }: { readonly threads?: number } = {},
): Promise<BeamSearcher> {
  const name = folderOf(model);
  if (name === null)
    throw new InputError(`"${model}" can't be searched with beams: name a converted folder, local:FOLDER`);
  const folder = await openFolder(name);
  const { manifest, format } = folder;
  const session = await openSession(
    await choiceGraphOf(name, manifest),
    threads === undefined ? {} : { threads },
  );
  const decoding = { session, model: manifest.model, format };
  return {
    async search(prompts, options = {}) {
      check(options);
      const all = prompts.map((prompt) => fitting(folder, prompt));
      const found: (readonly FoundText[])[] = [];
      for (const places of batchesOf(all, decoding, options)) {
        const batch = places.map((place) => all[place] ?? []);
        for (const [at, texts] of (await searchBatch(decoding, folder, batch, options)).entries())
          found[places[at] ?? 0] = texts;
      }
      return found;
    },
    close: () => session.close(),
  };
}

const MAX_TOKENS = 64;

function check({ maxTokens = MAX_TOKENS, stop = [], ...beams }: BeamSearchOptions): void {
  checkBeams(beams);
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    throw new InputError(`maxTokens must be a whole number from 1, not "${maxTokens}"`);
  if (stop.includes(""))
    throw new InputError("a stop string is empty, and would end every text: leave it out");
}

/** Where the graph for searches is. */
function choiceGraphOf(folder: string, manifest: Manifest): Promise<string> {
  if (manifest.device !== "cpu")
    throw new InputError(
      `"${folder}" was converted for ${manifest.device}, and beams are searched on the processor: convert with --device cpu`,
    );
  return addedGraph(folder, manifest, "choose");
}

function fitting(
  { manifest, idsOf, strangerIn }: Folder,
  prompt: string | readonly number[],
): readonly number[] {
  const ids = idsOf(prompt);
  const { positions } = manifest.model;
  const stranger = strangerIn(ids);
  if (stranger !== null) throw new InputError(`a prompt does not fit the model: ${stranger}`);
  if (ids.length >= positions)
    throw new InputError(
      `a prompt has ${ids.length} tokens, and the model ${positions} positions: shorten it to leave some to go on`,
    );
  return ids;
}

/** Places of prompts that go together: of like length, and so many that their hypotheses fit into memory. */
function batchesOf(
  prompts: readonly (readonly number[])[],
  { model, format }: Decoding,
  { numBeams = 1, maxTokens = MAX_TOKENS, batchSize }: BeamSearchOptions,
): readonly (readonly number[])[] {
  const lengthOf = (place: number): number => prompts[place]?.length ?? 0;
  const places = prompts.map((_, place) => place).sort((a, b) => lengthOf(a) - lengthOf(b));
  const tokens = Math.min(lengthOf(places.at(-1) ?? 0) + maxTokens, model.positions);
  const rows = batchSizeFor(model, format, "step", tokens, freeBytes("cpu"));
  const size = goesAlone(format) ? 1 : (batchSize ?? Math.max(1, Math.floor(rows / numBeams)));
  return Array.from({ length: Math.ceil(places.length / size) }, (_, at) =>
    places.slice(at * size, (at + 1) * size),
  );
}

async function searchBatch(
  decoding: Decoding,
  { tokenizer, stopTokens }: Folder,
  prompts: readonly (readonly number[])[],
  options: BeamSearchOptions,
): Promise<readonly (readonly FoundText[])[]> {
  const { maxTokens = MAX_TOKENS, stop = [], signal } = options;
  const { positions } = decoding.model;
  if (tokenizer === null && stop.length > 0)
    throw new InputError("the model has no tokenizer.json, so that stop strings can't be looked for");
  const textOf = (tokens: readonly number[]): string => tokenizer?.decode(tokens) ?? "";
  const cutOf = (text: string): number =>
    Math.min(...stop.map((wanted) => text.indexOf(wanted)).filter((place) => place >= 0), text.length);
  const stops = (tokens: readonly number[]): boolean => {
    const text = textOf(tokens);
    return cutOf(text) < text.length;
  };
  const requests = prompts.map((prompt) => ({
    prompt,
    maxTokens: Math.min(maxTokens, positions - prompt.length),
  }));
  const longest = Math.max(...requests.map((request) => request.maxTokens));
  const beams = await beamSearch(causalBeams(decoding, { maxTokens: longest, signal }), requests, {
    ...options,
    stopTokens,
    ...(stop.length === 0 ? {} : { ends: stops }),
  });
  const told = ({ tokens, ended: finish, score, logProbability }: Beam): FoundText => {
    const text = textOf(tokens);
    return { text: text.slice(0, cutOf(text)), tokens, logProbability, score, finish };
  };
  return beams.map((texts) => texts.map(told));
}
