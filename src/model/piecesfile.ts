// A tokenizer of code pieces (pieces.ts) as a `tokenizer.json` and as what encodes and decodes. A piece is one token; a rare one
// is spelled in bytes, so that no text is unknown and every text comes back.
// The outer form is that of Hugging Face's files, the model's `type` is ours, and `tokenizers` refuses it. No file of theirs can
// say the same: a normalizer could fold case and write a mark, but their decoders replace fixed texts by fixed texts, and
// "all letters of the next token become capitals" is none; and each mark would have to be escaped where a text holds it.
import { InputError } from "../core/errors.js";
import { BYTE_CHARACTERS } from "./bpe.js";
import { openBytes, type Coder } from "./coder.js";
import { bareOf, CASES, foldCase, inCase, piecesOf, type Case } from "./pieces.js";
import { remembered } from "./remembered.js";
import { addedTokenOf, idsOf, listOf, recordOf } from "./vocabulary.js";

const TYPE = "CodePieces";
/** Counted up when the same vocabulary would encode otherwise. */
const VERSION = 1;

/** Whether a parsed `tokenizer.json` is of this kind. */
export function hasPieces(json: unknown): boolean {
  return recordOf(recordOf(json)["model"])["type"] === TYPE;
}

/** The tokens that every such vocabulary begins with: special ones, bytes, marks of case. */
export function firstTokens(special: readonly string[]): readonly string[] {
  return [...new Set([...special, ...[...BYTE_CHARACTERS].sort(), ...Object.values(CASES)])];
}

/** A piece as vocabularies write it. */
export function tokenOfPiece(piece: string): string {
  return Array.from(Buffer.from(piece, "utf8"), characterOf).join("");
}

function characterOf(byte: number): string {
  return BYTE_CHARACTERS[byte] ?? "";
}

/** What the `tokenizer.json` holds: all tokens by their ids, and which of them are special. */
export function piecesJson(tokens: readonly string[], special: readonly string[]): object {
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...new Set(special)].map((content) => ({
      id: tokens.indexOf(content),
      content,
      ...plain,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: TYPE,
      version: VERSION,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
}

/** The coder of such a parsed file; `name` is what messages call it. @throws InputError for one that lacks a byte or mark. */
export function piecesCoder(json: unknown, name: string): Coder {
  const { added_tokens, model } = recordOf(json);
  const { version, vocab } = recordOf(model);
  if (version !== VERSION)
    throw new InputError(
      `${name}: its pieces are of version ${JSON.stringify(version ?? null)}, not ${VERSION}; train the tokenizer again`,
    );
  const ids = idsOf(vocab, name);
  const needed = (token: string): number => {
    const id = ids.get(token);
    if (id !== undefined) return id;
    throw new InputError(`${name}: the token "${token}" is missing; train the tokenizer again`);
  };
  const bytes = BYTE_CHARACTERS.map(needed);
  const marks = { capital: needed(CASES.capital), upper: needed(CASES.upper) };
  return {
    ids,
    added: listOf(added_tokens).map((token) => addedTokenOf(token, ids, name)),
    encode: openEncoder(ids, bytes, marks),
    begin: openDecoder(ids, marks),
  };
}

function openEncoder(
  ids: ReadonlyMap<string, number>,
  bytes: readonly number[],
  marks: Readonly<Record<Case, number>>,
): Coder["encode"] {
  const spelled = (text: string): number[] =>
    Array.from(Buffer.from(text, "utf8"), (byte) => bytes[byte] ?? 0);
  const idsOfPiece = (piece: string): readonly number[] => {
    const { folded, letters } = foldCase(piece);
    const mark = letters === null ? [] : [marks[letters]];
    const whole = ids.get(tokenOfPiece(folded));
    if (whole !== undefined) return [...mark, whole];
    const bare = bareOf(folded);
    const rest = bare === null ? undefined : ids.get(tokenOfPiece(bare));
    return rest === undefined ? spelled(piece) : [...spelled(piece.slice(0, 1)), ...mark, rest];
  };
  const found = remembered(idsOfPiece);
  return (text, into) => {
    for (const piece of piecesOf(text)) for (const id of found(piece)) into.push(id);
  };
}

const NOTHING = new Uint8Array();

/** A mark adds nothing by itself, and changes the token that follows it. */
function openDecoder(
  ids: ReadonlyMap<string, number>,
  marks: Readonly<Record<Case, number>>,
): Coder["begin"] {
  const bytesOf = openBytes(ids);
  return () => {
    let letters: Case | null = null;
    return (id) => {
      const before = letters;
      letters = id === marks.capital ? "capital" : id === marks.upper ? "upper" : null;
      if (letters !== null) return NOTHING;
      return before === null ? bytesOf(id) : inCase(bytesOf(id), before);
    };
  };
}
