// A T5 or BART that writes: texts, or token ids, go in, for each the texts that a beam search finds come out, one beam being
// greedy. A text is framed as its model was trained with it: by the token that ends it, and by the one that begins it where the
// configuration names one, as BART's does.
import { InputError } from "../core/errors.js";
import { beamSearch, type Beam, type BeamOptions } from "../model/beam.js";
import { tokenizerIn, type Tokenizer } from "../model/tokenizer.js";
import { seq2seqBeams } from "./beams.js";
import { openModel, type ModelFolderOptions, type OpenedModel } from "./folder.js";

export interface WriteOptions extends Omit<BeamOptions, "stopTokens" | "ends" | "forced"> {
  /** Most tokens of a text; default 128. */
  readonly maxTokens?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A text that was written. */
export interface WrittenText {
  /** Empty where the model has no tokenizer. */
  readonly text: string;
  readonly tokens: readonly number[];
  /** Log-probability over the number of tokens to the power of the length penalty. */
  readonly score: number;
  readonly finish: Beam["ended"];
}

export interface Seq2Seq {
  /** What answers depend on beside the options. */
  readonly identity: string;
  /** A text as the model reads it; ids as they are. @throws InputError for a text where there is no tokenizer. */
  readonly idsOf: (text: string | readonly number[]) => readonly number[];
  /** Why the model can't read these ids; null where it can. */
  readonly refusal: (
    ids: readonly number[],
  ) => { readonly reason: ReadRefusal; readonly detail: string } | null;
  /** The best texts for each, best first; all go through the model together, so they should be of like length. */
  write(
    read: readonly (readonly number[])[],
    options?: WriteOptions,
  ): Promise<readonly (readonly WrittenText[])[]>;
  close(): Promise<void>;
}

export type ReadRefusal = "text-too-long" | "unknown-token" | "empty-text";

export const MAX_TOKENS = 128;

/** Opens a checkpoint's folder. @throws InputError for what is none, or what we do not compute. */
export async function openSeq2Seq(folder: string, options: ModelFolderOptions = {}): Promise<Seq2Seq> {
  const tokenizer = await tokenizerIn(folder);
  const model = await openModel(folder, options);
  const { shape } = model;
  return {
    identity: model.identity,
    idsOf(text) {
      if (typeof text !== "string") return text;
      if (tokenizer === null)
        throw new InputError(
          `"${folder}" has no tokenizer.json: give token ids, or add the model's tokenizer`,
        );
      const { begin, end } = shape.tokens;
      return [...(begin === null ? [] : [begin]), ...tokenizer.encode(text), end];
    },
    refusal(ids) {
      const stranger = ids.find((id) => id < 0 || id >= shape.vocabulary);
      if (ids.length === 0) return { reason: "empty-text", detail: "no token to read" };
      if (stranger !== undefined)
        return {
          reason: "unknown-token",
          detail: `${stranger} is no token of the model, which has ${shape.vocabulary}`,
        };
      if (shape.positions === null || ids.length <= shape.positions) return null;
      const detail = `${ids.length} tokens; the model has ${shape.positions} positions`;
      return { reason: "text-too-long", detail };
    },
    write: (read, how = {}) => write(model, tokenizer, read, how),
    close: () => model.close(),
  };
}

async function write(
  model: OpenedModel,
  tokenizer: Tokenizer | null,
  read: readonly (readonly number[])[],
  { maxTokens = MAX_TOKENS, signal, ...options }: WriteOptions,
): Promise<readonly (readonly WrittenText[])[]> {
  const { tokens, positions, forced } = model.shape;
  const limit = Math.min(maxTokens, positions ?? Infinity);
  const requests = read.map((prompt) => ({ prompt, maxTokens: limit }));
  const how = { ...options, stopTokens: [tokens.end], forced };
  const found = await beamSearch(seq2seqBeams(model, { maxTokens: limit, signal }), requests, how);
  return found.map((texts) =>
    texts.map(({ tokens: written, score, ended: finish }) => {
      return { text: tokenizer?.decode(written) ?? "", tokens: written, score, finish };
    }),
  );
}
