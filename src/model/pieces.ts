// How Python code is cut into pieces that are tokens as they are: line ends with the indentation behind them, parts of
// identifiers, digits, punctuation. All of a text is in its pieces, nothing twice. A part of an identifier is known by its
// lower-case letters; a token before it says how they were written. Only the letters A to Z have a case here, so that no
// version of Unicode changes what comes back.

/** Stand before a piece whose first letter is a capital, or all of whose letters are. */
export const CASES = { capital: "<|capital|>", upper: "<|upper|>" } as const;

export type Case = keyof typeof CASES;

const LOWER = String.raw`[\p{Ll}\p{Lt}\p{Lo}\p{Lm}\p{M}]`;

// An identifier is cut before a capital that begins a word, around digits, and before "_", which goes with what follows. With
// blanks and "_" for themselves, code would be a fifth more tokens. Indentation is told by its width rather than by steps
// in and out: as many tokens, and any part of a text can be read without what comes before.
const PATTERN = new RegExp(
  [
    String.raw`(?:\r?\n)+[ \t]*`,
    String.raw`[ _]?(?:\p{Lu}+(?!${LOWER})|\p{Lu}?${LOWER}+)`,
    "[ _]?[0-9]{1,3}",
    " ?_+",
    String.raw` ?[^\s\p{L}\p{M}0-9_]+`,
    // A run of blanks leaves its last one to what follows.
    String.raw`[^\S\r\n]+(?= \S)`,
    String.raw`[^\S\r\n]+`,
    String.raw`[^]`,
  ].join("|"),
  "gu",
);

const SURROGATE = /\p{Surrogate}/u;

/** The pieces of a text, in their order; lone surrogates become U+FFFD. */
export function piecesOf(text: string): readonly string[] {
  const whole = SURROGATE.test(text) ? text.replace(/\p{Surrogate}/gu, "\ufffd") : text;
  return whole.match(PATTERN) ?? [];
}

/** A piece without its case: `folded` is what the vocabulary knows. */
export interface FoldedPiece {
  readonly folded: string;
  readonly letters: Case | null;
}

/** Takes the case off a piece. A capital that stands alone stays: with a token before it, it would be two instead of one. */
export function foldCase(piece: string): FoldedPiece {
  if (/^[ _]?[A-Z]{2,}$/.test(piece)) return { folded: piece.toLowerCase(), letters: "upper" };
  const [, before, first, rest] = /^([ _]?)([A-Z])([^A-Z]+)$/.exec(piece) ?? [];
  if (before === undefined || first === undefined || rest === undefined)
    return { folded: piece, letters: null };
  return { folded: before + first.toLowerCase() + rest, letters: "capital" };
}

const A = 0x61;
const Z = 0x7a;

/** Writes the bytes of a piece in that case: its first letter, or all of them. Bytes beyond ASCII stay. */
export function inCase(bytes: Uint8Array, letters: Case): Uint8Array {
  const isLetter = (byte: number): boolean => byte >= A && byte <= Z;
  const first = bytes.findIndex(isLetter);
  return bytes.map((byte, at) =>
    isLetter(byte) && (letters === "upper" || at === first) ? byte - 32 : byte,
  );
}

/** The piece without the blank or "_" that goes before it; null where there is none, or nothing else. */
export function bareOf(piece: string): string | null {
  return /^[ _]./su.test(piece) ? piece.slice(1) : null;
}
