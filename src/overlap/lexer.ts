// Python's tokens as far as comparing code needs them: no comments, no docstrings, no white space or line ends. Takes any
// text, also a body without its function, and never fails; a string that is not closed ends with the text.
// Source: https://docs.python.org/3/reference/lexical_analysis.html
import { BUILTINS } from "../python/modules.js";

export interface CodeToken {
  /** As written; of a string what stands between its quotes, behind a quote. */
  readonly text: string;
  /** A name that a copier may change: no keyword, no attribute, and no builtin unless the text binds it anew. */
  readonly renameable: boolean;
  /** First of a line without indentation. */
  readonly outermost: boolean;
}

const KEYWORDS = new Set(
  (
    "and as assert async await break class continue def del elif else except finally for from global if import in " +
    "is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Groups: what is left out, a line's end, the opening of a string, a name; other tokens have none. */
const TOKEN =
  /([ \t\f\r]+|\\\r?\n|#[^\n]*)|(\n)|([rbuftRBUFT]{0,2}(?:"""|'''|"|'))|([\p{L}_][\p{L}\p{N}_]*)|\d[\w.]*|\.\d\w*|\*\*=?|\/\/=?|<<=?|>>=?|->|:=|[-+*/%&|^@=!<>]=|[\s\S]/gu;

/** Tokens of a text in order. */
export function codeTokens(text: string): CodeToken[] {
  const tokens: CodeToken[] = [];
  let depth = 0;
  let lineStart = 0;
  let firstOfLine = true;
  let dotted = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const start = match.index;
    const [whole, space, line, quote, name] = match;
    if (space !== undefined) continue;
    if (line !== undefined) {
      lineStart = TOKEN.lastIndex;
      firstOfLine = true;
      continue;
    }
    let written = whole;
    if (quote !== undefined) {
      TOKEN.lastIndex = stringEnd(text, TOKEN.lastIndex, quote);
      if (firstOfLine && depth === 0 && standsAlone(text, TOKEN.lastIndex)) continue;
      written = `"${contentsOf(text.slice(start, TOKEN.lastIndex), quote)}`;
    }
    if (/^[([{]$/.test(written)) depth++;
    else if (/^[)\]}]$/.test(written)) depth = Math.max(0, depth - 1);
    tokens.push({
      text: written,
      renameable: name !== undefined && !dotted && !KEYWORDS.has(written),
      outermost: firstOfLine && start === lineStart && depth === 0,
    });
    firstOfLine = false;
    dotted = written === ".";
  }
  const bound = boundNames(tokens);
  return tokens.map((token) =>
    token.renameable && BUILTINS.has(token.text) && !bound.has(token.text)
      ? { ...token, renameable: false }
      : token,
  );
}

/** Names that are defined, assigned, looped over or taken as parameters, as far as the order of tokens tells. */
function boundNames(tokens: readonly CodeToken[]): Set<string> {
  const bound = new Set<string>();
  let depth = 0;
  let looping = false;
  /** Depth of the parameters that are being read, 0 for none. */
  let parameters = 0;
  tokens.forEach(({ text, renameable }, at) => {
    const before = tokens[at - 1]?.text ?? "";
    if (/^[([{]$/.test(text)) {
      depth++;
      if (tokens[at - 2]?.text === "def") parameters = depth;
    } else if (/^[)\]}]$/.test(text)) {
      if (depth === parameters) parameters = 0;
      depth--;
    } else if (text === "for" || text === "in") looping = text === "for";
    else if (renameable) {
      const parameter = depth === parameters && depth > 0 && /^(?:\(|,|\*\*?)$/.test(before);
      const assigned = depth === 0 && /^(?:[^=!<>]+)?=$/.test(tokens[at + 1]?.text ?? "");
      if (looping || parameter || assigned || /^(?:def|as|lambda)$/.test(before)) bound.add(text);
    }
  });
  return bound;
}

/** Offset behind a string whose contents begin at `start`. */
function stringEnd(text: string, start: number, opening: string): number {
  const quote = opening.replace(/^\w+/, "");
  for (let at = start; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text.startsWith(quote, at)) return at + quote.length;
    else if (text[at] === "\n" && quote.length === 1) return at;
  }
  return text.length;
}

function contentsOf(literal: string, opening: string): string {
  const quote = opening.replace(/^\w+/, "");
  const body = literal.slice(opening.length);
  return body.endsWith(quote) ? body.slice(0, -quote.length) : body;
}

/** True where nothing but a comment follows in the line: a string of its own line is a docstring. */
function standsAlone(text: string, end: number): boolean {
  const rest = text.indexOf("\n", end);
  return /^[ \t\r;]*(?:#.*)?$/.test(text.slice(end, rest < 0 ? text.length : rest));
}
