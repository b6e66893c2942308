// What a `tokenizer.json` says, checked and reduced to what byte-level pair encoding needs. Takes the parsed file of GPT-2,
// StarCoder, CodeT5 and their kind, and of our own trainer; refuses by name what would be encoded otherwise than Python's
// `tokenizers` encode it. Truncation, padding and the post-processor are not read: we add no token to a text.
// Format: https://huggingface.co/docs/tokenizers/api/tokenizer
import { InputError } from "../core/errors.js";
import type { Merge } from "./bpe.js";
import type { AddedToken, Digits } from "./words.js";

export interface Vocabulary {
  /** Of every token. */
  readonly ids: ReadonlyMap<string, number>;
  /** Of those that bytes and merges make; an added token may be among them. */
  readonly joined: ReadonlyMap<string, number>;
  readonly merges: readonly Merge[];
  /** Stands for a byte without a token; null where such a byte gives nothing. */
  readonly unknown: number | null;
  /** Whether a word that is a token is left whole. */
  readonly wholeWords: boolean;
  readonly digits: Digits;
  readonly added: readonly AddedToken[];
}

/** Settings of a model that we do not know how to obey. */
const FOREIGN = ["continuing_subword_prefix", "end_of_word_suffix", "dropout", "byte_fallback", "fuse_unk"];

/** The vocabulary of a parsed `tokenizer.json`; `name` is what messages call it. @throws InputError when it is another kind. */
export function vocabularyOf(json: unknown, name: string): Vocabulary {
  const file = recordOf(json);
  const model = recordOf(file["model"]);
  const refuse = (what: string) => refusal(name, what);
  if (model["type"] !== "BPE") throw refuse(`its model is ${quoted(model["type"])}`);
  const set = FOREIGN.find((key) => Boolean(model[key]));
  if (set !== undefined) throw refuse(`its model has ${set} ${quoted(model[set])}`);
  if (typeof file["normalizer"] === "object" && file["normalizer"] !== null)
    throw refuse(`it has the normalizer ${typeOf(file["normalizer"])}`);
  if (recordOf(file["decoder"])["type"] !== "ByteLevel")
    throw refuse(`its decoder is ${typeOf(file["decoder"])}`);
  const digits = digitsOf(file["pre_tokenizer"]);
  if (digits === null) throw refuse(`its pre-tokenizer is ${JSON.stringify(file["pre_tokenizer"] ?? null)}`);
  const own = idsOf(model["vocab"], name);
  const unknown = model["unk_token"];
  const added = listOf(file["added_tokens"]).map((token) => addedTokenOf(token, own, name));
  return {
    ids: new Map([...own, ...added.map(({ text, id }) => [text, id] as const)]),
    joined: own,
    merges: listOf(model["merges"]).map((merge) => mergeOf(merge, own, name)),
    unknown: (typeof unknown === "string" ? own.get(unknown) : null) ?? null,
    wholeWords: model["ignore_merges"] === true,
    digits,
    added,
  };
}

/** What is said of a tokenizer that we can't obey: what was found, and what is understood. */
export function refusal(name: string, what: string): InputError {
  return new InputError(
    `${name}: ${what}; only byte-level BPE as GPT-2 and StarCoder2 have it, Unigram as T5 has it and pieces of code can ` +
      "be encoded here: choose a model with such a tokenizer",
  );
}

/** How the pre-tokenizer cuts numbers; null where it is not the byte-level one, or cuts something else too. */
function digitsOf(preTokenizer: unknown): Digits | null {
  const { type, pretokenizers } = recordOf(preTokenizer);
  const steps = (type === "Sequence" ? listOf(pretokenizers) : [preTokenizer]).map(recordOf);
  const last = steps.at(-1);
  if (last?.["type"] !== "ByteLevel" || last["add_prefix_space"] === true || last["use_regex"] === false)
    return null;
  const [first] = steps;
  if (steps.length === 1) return "words";
  if (steps.length !== 2 || first?.["type"] !== "Digits") return null;
  return first["individual_digits"] === true ? "single" : "grouped";
}

/** Ids by token, from what a file says of them. @throws InputError for an id that is none. */
export function idsOf(vocab: unknown, name: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(recordOf(vocab))) {
    if (!isId(id))
      throw new InputError(`${name}: the token "${token}" has the id ${quoted(id)}, not a number`);
    ids.set(token, id);
  }
  return ids;
}

/** Written `"a b"`, or since 2024 `["a", "b"]`. */
function mergeOf(merge: unknown, ids: ReadonlyMap<string, number>, name: string): Merge {
  const parts: unknown[] = typeof merge === "string" ? merge.split(" ") : listOf(merge);
  const [left, right] = parts;
  const pair = parts.length === 2 && typeof left === "string" && typeof right === "string";
  if (!pair || ![left, right, left + right].every((token) => ids.has(token)))
    throw new InputError(
      `${name}: the merge ${quoted(merge)} is not of two tokens that make a third; the file is damaged`,
    );
  return [left, right];
}

/** A token that was added to the vocabulary, as a file writes it. @throws InputError for one that lacks its id or content. */
export function addedTokenOf(value: unknown, own: ReadonlyMap<string, number>, name: string): AddedToken {
  const { id, content, special, normalized, lstrip, rstrip, single_word } = recordOf(value);
  if (!isId(id) || typeof content !== "string")
    throw new InputError(
      `${name}: the added token ${quoted(value)} lacks its id or content; the file is damaged`,
    );
  return {
    id: own.get(content) ?? id,
    text: content,
    special: special === true,
    late: normalized === true,
    blanksBefore: lstrip === true,
    blanksAfter: rstrip === true,
    wholeWord: single_word === true,
  };
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 26;
}

function typeOf(step: unknown): string {
  return quoted(recordOf(step)["type"] ?? null);
}

/** As a message shows a value. */
export function quoted(value: unknown): string {
  return JSON.stringify(value ?? null);
}

/** Parts of a file that should be objects; anything else counts as empty. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Parts of a file that should be lists; anything else counts as empty. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
