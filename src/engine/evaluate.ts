// What a converted causal model is worth on files that it has not learned: perplexity, bits per byte, how often the next token
// is its first or among its first five guesses, and how near its completions of lines come to what stands there.
import { InputError } from "../core/errors.js";
import { uniforms } from "../core/random.js";
import { addedGraph } from "../model/convert.js";
import { foretell, foretoldTogether, NOTHING_FORETOLD, windowsOf } from "../model/foretell.js";
import { openSession } from "../onnx/session.js";
import type { GenerateRequest } from "./engine.js";
import { openFolder } from "./folder.js";
import { openLocal } from "./local.js";
import { folderOf } from "./open.js";

export interface TextEvaluationOptions {
  /** Tokens of a window; default 1,024 or the model's positions, whichever is less. */
  readonly window?: number;
  /** Tokens from one window's beginning to the next one's; default half a window. */
  readonly stride?: number;
  /** Lines completed of each file; default 0. */
  readonly lines?: number;
  /** Most tokens of a completed line; default 64. */
  readonly maxTokens?: number;
  /** Draws the lines and where they are cut; default 0. */
  readonly seed?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

export interface TextEvaluation {
  readonly files: number;
  readonly tokens: number;
  readonly bytes: number;
  /** The exponential of the mean negative log-likelihood of a token. */
  readonly perplexity: number;
  readonly bitsPerByte: number;
  /** Shares of tokens that were the likeliest, and among the five likeliest. */
  readonly top1: number;
  readonly top5: number;
  /** Mean similarity of completed lines, and the share of those that are the same; null where no line was completed. */
  readonly editSimilarity: number | null;
  readonly sameLines: number | null;
  readonly lines: number;
}

/**
 * Evaluates a converted model on texts. Every text begins with the token that texts begin with, so that all its tokens count.
 * @throws InputError for a model without a tokenizer, for windows that it has no positions for, and for texts that are all empty.
 */
export async function evaluateTexts(
  model: string,
  texts: AsyncIterable<string>,
  options: TextEvaluationOptions = {},
): Promise<TextEvaluation> {
  const name = folderOf(model);
  if (name === null)
    throw new InputError(`"${model}" can't be evaluated: name a converted folder, local:FOLDER`);
  const folder = await openFolder(name);
  const { positions } = folder.manifest.model;
  const { window = Math.min(1_024, positions), lines = 0, seed = 0, threads, signal } = options;
  const { stride = Math.max(1, Math.floor(window / 2)) } = options;
  if (!(window >= 2 && window <= positions && stride >= 1 && stride < window))
    throw new InputError(
      `windows of ${window} tokens every ${stride} don't fit: up to ${positions}, and a stride that is less`,
    );
  const how = threads === undefined ? {} : { threads };
  const { device } = folder.manifest;
  const session = await openSession(await addedGraph(name, folder.manifest, "rank"), { device, ...how });
  const begin = folder.idsOf([]);
  const cuts: LineCut[] = [];
  let [sum, bytes, files] = [NOTHING_FORETOLD, 0, 0];
  try {
    for await (const text of texts) {
      const tokens = [...begin, ...folder.idsOf(text, false)];
      for (const one of windowsOf(tokens, { length: window, stride }))
        sum = foretoldTogether(sum, await foretell(session, [one], signal));
      bytes += Buffer.byteLength(text);
      cuts.push(...cutLines(text, lines, `${seed}:${files++}`));
    }
  } finally {
    await session.close();
  }
  if (sum.tokens === 0)
    throw new InputError("the texts have no token to foretell: give some that are not empty");
  const nearness = cuts.length === 0 ? [] : await completed(name, cuts, options);
  const share = (count: number): number => count / sum.tokens;
  return {
    files,
    tokens: sum.tokens,
    bytes,
    perplexity: Math.exp(share(sum.nll)),
    bitsPerByte: sum.nll / Math.LN2 / bytes,
    top1: share(sum.first),
    top5: share(sum.firstFive),
    editSimilarity: meanOf(nearness),
    sameLines: meanOf(nearness.map((near) => Number(near === 1))),
    lines: nearness.length,
  };
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** A place in a text, and the rest of its line. */
export interface LineCut {
  readonly before: string;
  readonly rest: string;
}

/** Up to `count` lines of a text, each cut at a place within what it says; drawn, the same for the same seed. */
export function cutLines(text: string, count: number, seed: string): readonly LineCut[] {
  const next = uniforms(0, `cut ${seed}`);
  const places: { readonly from: number; readonly to: number }[] = [];
  let at = 0;
  for (const line of text.split("\n")) {
    const said = line.trim().length;
    const from = at + line.length - line.trimStart().length;
    if (said > 1) places.push({ from, to: from + said });
    at += line.length + 1;
  }
  const chosen = places.map((place) => ({ place, rank: next() })).sort((a, b) => a.rank - b.rank);
  return chosen.slice(0, count).map(({ place: { from, to } }) => {
    const cut = from + 1 + Math.floor(next() * (to - from - 1));
    return { before: text.slice(0, cut), rest: text.slice(cut, to) };
  });
}

/** How near the likeliest completion of each cut line comes to its rest. */
async function completed(
  name: string,
  cuts: readonly LineCut[],
  { maxTokens = 64, threads, signal }: TextEvaluationOptions,
): Promise<readonly number[]> {
  const { manifest, idsOf } = await openFolder(name);
  const room = Math.max(1, manifest.model.positions - maxTokens);
  async function* requests(): AsyncGenerator<GenerateRequest> {
    await Promise.resolve();
    for (const [key, { before }] of cuts.entries()) {
      const prompt = idsOf(before).slice(-room);
      yield { key: String(key), prompt, maxTokens, temperature: 0, topP: 1, stop: ["\n"], seed: 0 };
    }
  }
  const engine = await openLocal(name, threads === undefined ? {} : { threads });
  const near: number[] = [];
  try {
    for await (const answer of engine.generate(requests(), signal)) {
      const rest = cuts[Number(answer.key)]?.rest ?? "";
      near.push("reason" in answer ? 0 : editSimilarity(answer.text.trimEnd(), rest));
    }
  } finally {
    await engine.close();
  }
  return near;
}

/**
 * 1 less the least number of insertions, removals and replacements of characters that make one text of the other, over the
 * length of the longer one; two empty texts are the same. Source: https://en.wikipedia.org/wiki/Levenshtein_distance
 */
export function editSimilarity(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  const longest = Math.max(left.length, right.length);
  if (longest === 0) return 1;
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [at, character] of left.entries()) {
    const above = row;
    row = [at + 1];
    for (const [place, other] of right.entries()) {
      const replaced = (above[place] ?? 0) + Number(character !== other);
      row.push(Math.min(replaced, (above[place + 1] ?? 0) + 1, (row[place] ?? 0) + 1));
    }
  }
  return 1 - (row.at(-1) ?? 0) / longest;
}
