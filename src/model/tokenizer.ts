// A model's own tokenizer, from its `tokenizer.json`: text to token ids and back, at once or token by token. Comes from a
// folder as models are published in, together with the ids that begin and end a text. Encodes and decodes as
// Python's `tokenizers` do, byte-level BPE and Unigram, or by pieces of code, which are ours alone; adds nothing to a text,
// and never "cleans up" blanks, which would break code.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { asError, isMissing } from "../core/files.js";
import { bpeCoder, tokensById, type Coder } from "./coder.js";
import { hasPieces, piecesCoder } from "./piecesfile.js";
import { hasUnigram, unigramCoder } from "./unigramfile.js";
import { recordOf, vocabularyOf, type Vocabulary } from "./vocabulary.js";
import { cutAt } from "./words.js";

export interface EncodeOptions {
  /** Special tokens that are written in the text count as its characters. Default false: they count as the tokens. */
  readonly specialAsText?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out. Default true. */
  readonly skipSpecial?: boolean;
}

/** Text of tokens that come one by one. All it gives, put together, is what `decode` gives. */
export interface StreamDecoder {
  /** The text that this token completes, often all of it, never half a character. */
  readonly push: (id: number) => string;
  /** What is left: empty, or U+FFFD for a character that was never finished. */
  readonly end: () => string;
}

/** Ids with a meaning for the model; null where its files name none. */
export interface SpecialIds {
  readonly bos: number | null;
  /** Any of them ends a text. */
  readonly eos: readonly number[];
  readonly pad: number | null;
}

export interface Tokenizer {
  /** One more than the highest id. */
  readonly vocabSize: number;
  readonly special: SpecialIds;
  readonly encode: (text: string, options?: EncodeOptions) => number[];
  /** An id that no token has gives nothing; bytes that are no UTF-8 give U+FFFD. */
  readonly decode: (ids: Iterable<number>, options?: DecodeOptions) => string;
  readonly streamDecoder: (options?: DecodeOptions) => StreamDecoder;
  /** Of a token as the vocabulary writes it, e.g. `Ġdef` or `<fim_prefix>`. */
  readonly idOf: (token: string) => number | null;
  readonly tokenOf: (id: number) => string | null;
  readonly isSpecial: (id: number) => boolean;
}

/**
 * The tokenizer of a model's folder, or of a `tokenizer.json` and what lies beside it. @throws InputError when there is
 * none, or one that is neither byte-level BPE nor Unigram nor pieces of code.
 */
export async function loadTokenizer(place: string): Promise<Tokenizer> {
  const info = await stat(place).catch(() => null);
  if (info === null) throw new InputError(`tokenizer "${place}" does not exist; name a model's folder`);
  const file = info.isDirectory() ? path.join(place, "tokenizer.json") : place;
  const beside = (name: string) => readJson(path.join(path.dirname(file), name));
  const json = await readJson(file);
  if (json === null) throw new InputError(`"${place}" has no tokenizer.json; name a folder that has one`);
  const coder = coderOf(json, file);
  const settings = await Promise.all([beside("generation_config.json"), beside("config.json")]);
  const written = await beside("tokenizer_config.json");
  return openedTokenizer(coder, specialIds(coder.ids, settings, written));
}

function coderOf(json: unknown, file: string): Coder {
  if (hasPieces(json)) return piecesCoder(json, file);
  if (hasUnigram(json)) return unigramCoder(json, file);
  return bpeCoder(vocabularyOf(json, file));
}

/** The same; null where a folder has no `tokenizer.json`, as models may be used by token ids alone. */
export async function tokenizerIn(folder: string): Promise<Tokenizer | null> {
  try {
    await stat(path.join(folder, "tokenizer.json"));
  } catch (error) {
    if (isMissing(error)) return null;
    throw asError(error);
  }
  return loadTokenizer(folder);
}

/** A model's file of settings; null where there is no such file. @throws InputError for what is no JSON. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw asError(error);
  });
  try {
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw new InputError(`${file} is not JSON; fetch it again`, { cause });
  }
}

/** As transformers look for them: the settings of generation first, then the model's, then what the tokenizer's own name. */
function specialIds(
  ids: ReadonlyMap<string, number>,
  settings: readonly unknown[],
  tokenizerConfig: unknown,
): SpecialIds {
  const idsFor = (role: string): readonly number[] => {
    for (const file of settings) {
      const value = recordOf(file)[`${role}_token_id`];
      const found = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
        (id) => typeof id === "number",
      );
      if (found.length > 0) return found;
    }
    const named = recordOf(tokenizerConfig)[`${role}_token`];
    const token = recordOf(named)["content"] ?? named;
    const id = typeof token === "string" ? ids.get(token) : undefined;
    return id === undefined ? [] : [id];
  };
  return { bos: idsFor("bos")[0] ?? null, eos: idsFor("eos"), pad: idsFor("pad")[0] ?? null };
}

/** The tokenizer of a vocabulary with merges. */
export function tokenizerOf(vocabulary: Vocabulary, special: SpecialIds): Tokenizer {
  return openedTokenizer(bpeCoder(vocabulary), special);
}

function openedTokenizer({ ids, added, ...coder }: Coder, special: SpecialIds): Tokenizer {
  const tokens = tokensById(ids);
  const specials = new Set(added.filter((token) => token.special).map(({ id }) => id));
  const cut = cutAt(added, coder.normalise);

  const encode = (text: string, { specialAsText = false }: EncodeOptions = {}) => {
    const encoded: number[] = [];
    for (const piece of cut(text, specialAsText)) {
      if (typeof piece === "number") encoded.push(piece);
      else coder.encode(piece, encoded, specialAsText);
    }
    return encoded;
  };

  const streamDecoder = ({ skipSpecial = true }: DecodeOptions = {}): StreamDecoder => {
    const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    const bytesOf = coder.begin();
    return {
      push: (id) => (skipSpecial && specials.has(id) ? "" : utf8.decode(bytesOf(id), { stream: true })),
      end: () => utf8.decode(),
    };
  };

  const decode = (encoded: Iterable<number>, { skipSpecial = true }: DecodeOptions = {}) => {
    const kept = Array.from(encoded).filter((id) => !(skipSpecial && specials.has(id)));
    const bytesOf = coder.begin();
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(kept.map((id) => bytesOf(id))));
  };

  return {
    vocabSize: tokens.length,
    special,
    encode,
    decode,
    streamDecoder,
    idOf: (token) => ids.get(token) ?? null,
    tokenOf: (id) => tokens[id] ?? null,
    isSpecial: (id) => specials.has(id),
  };
}
