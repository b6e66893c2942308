// Where a text is cut before its bytes are encoded: at the tokens that were added to the vocabulary, then into words.
// Equal to Python's `tokenizers` but for characters that one of the two Unicode versions lacks. JavaScript's own `\s` and
// `\d` are other sets than White_Space and Number, by which they are cut: "½" is a digit here, and to
// @huggingface/tokenizers it is not.

/** How numbers are cut: each digit alone, digits together, or digits together with the blank before them. */
export type Digits = "single" | "grouped" | "words";

const NUMBERS: Readonly<Record<Digits, string>> = {
  single: String.raw`\p{N}`,
  grouped: String.raw`\p{N}+`,
  words: String.raw` ?\p{N}+`,
};

/**
 * Matches the words of a text one after another: all of it, nothing twice. A run of blanks leaves its last one to the word
 * that follows; digits that stand for themselves leave it.
 */
export function wordPattern(digits: Digits): RegExp {
  const inWords = digits === "words" ? "" : String.raw`\p{N}`;
  const parts = [
    "'s|'t|'re|'ve|'m|'ll|'d",
    String.raw` ?\p{L}+`,
    NUMBERS[digits],
    String.raw` ?[^\p{White_Space}\p{L}\p{N}]+`,
    String.raw`\p{White_Space}+(?![^\p{White_Space}${inWords}])`,
    String.raw`\p{White_Space}+`,
  ];
  return new RegExp(parts.join("|"), "gu");
}

/** A token that stands for its text wherever it is found, and is never joined with others. */
export interface AddedToken {
  readonly id: number;
  readonly text: string;
  /** Control of the model rather than text. */
  readonly special: boolean;
  /** Looked for in what the others have left; Python calls it normalized. */
  readonly late: boolean;
  /** Takes the blanks before it too, or those after it. */
  readonly blanksBefore: boolean;
  readonly blanksAfter: boolean;
  /** Only where no letter, digit or underscore touches it. */
  readonly wholeWord: boolean;
}

/** What a text is made of: stretches of text, and ids of added tokens. */
export type Piece = string | number;

/**
 * A function that cuts a text at those tokens, with the special ones left as text or not. What the early ones leave is
 * normalised, and so are the late ones, which are looked for in that.
 */
export function cutAt(
  tokens: readonly AddedToken[],
  normalise: (text: string) => string = (text) => text,
): (text: string, specialAsText: boolean) => Piece[] {
  const early = cutAtAny(tokens.filter(({ late }) => !late));
  const late = cutAtAny(
    tokens.filter((token) => token.late).map((token) => ({ ...token, text: normalise(token.text) })),
  );
  return (text, specialAsText) =>
    early(text, specialAsText).flatMap((piece) =>
      typeof piece === "number" ? piece : late(normalise(piece), specialAsText),
    );
}

/** Leftmost first, of two at one place the longer. */
function cutAtAny(tokens: readonly AddedToken[]): (text: string, specialAsText: boolean) => Piece[] {
  const named = new Map(tokens.filter(({ text }) => text !== "").map((token) => [token.text, token]));
  if (named.size === 0) return (text) => [text];
  const longestFirst = [...named.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escaped).join("|"), "gu");
  return (text, specialAsText) => {
    const pieces: Piece[] = [];
    let done = 0;
    for (const { 0: found, index } of text.matchAll(pattern)) {
      const token = named.get(found);
      const end = index + found.length;
      if (token === undefined || (specialAsText && token.special)) continue;
      if (token.wholeWord && touchesWord(text, index, end)) continue;
      const start = token.blanksBefore ? Math.max(done, blanksBefore(text, index)) : index;
      if (start > done) pieces.push(text.slice(done, start));
      pieces.push(token.id);
      done = token.blanksAfter ? blanksAfter(text, end) : end;
    }
    if (done < text.length) pieces.push(text.slice(done));
    return pieces;
  };
}

/** A text as a regular expression that matches just it. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

const BLANK = /^\p{White_Space}$/u;
const WORD = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;

function touchesWord(text: string, start: number, end: number): boolean {
  const before = Array.from(text.slice(Math.max(0, start - 2), start)).at(-1) ?? "";
  const after = String.fromCodePoint(text.codePointAt(end) ?? 0);
  return WORD.test(before) || WORD.test(after);
}

/** Where the blanks begin that end there. */
export function blanksBefore(text: string, end: number): number {
  // Every blank is one UTF-16 unit.
  let start = end;
  while (BLANK.test(text.charAt(start - 1))) start--;
  return start;
}

/** Where the blanks end that begin there. */
export function blanksAfter(text: string, start: number): number {
  let end = start;
  while (BLANK.test(text.charAt(end))) end++;
  return end;
}
