// Code cut into pieces that a report colours. Takes Python text, gives runs of one kind each; the pieces joined are
// the code, whatever it is. Kinds come from the query `highlight` in grammars/python.scm.
import { parsePython } from "./syntax.js";

export type TokenKind =
  "keyword" | "string" | "comment" | "number" | "function" | "type" | "builtin" | "operator" | "plain";

/** A piece of code, and what it is. */
export interface Token {
  readonly text: string;
  readonly kind: TokenKind;
}

/** The code as coloured pieces; one plain piece where parsing takes too long. Needs `loadGrammar` first. */
export function highlight(code: string): readonly Token[] {
  const tree = parsePython(code);
  if (!tree) return [{ text: code, kind: "plain" }];
  const kinds = new Array<TokenKind>(code.length).fill("plain");
  for (const { name, node } of tree.captures("highlight")) {
    kinds.fill(name as TokenKind, node.startIndex, node.endIndex); // the captures are named after the kinds
  }
  tree.delete();
  return runsOf(code, kinds);
}

function runsOf(code: string, kinds: readonly TokenKind[]): readonly Token[] {
  const tokens: Token[] = [];
  for (let start = 0, end = 0; start < code.length; start = end) {
    const kind = kinds[start] ?? "plain";
    while (end < code.length && kinds[end] === kind) end++;
    tokens.push({ text: code.slice(start, end), kind });
  }
  return tokens;
}
