// String literals of Python as values: what a docstring says, cleaned as Python cleans it. Takes nodes and source
// text; gives JavaScript strings, or null for anything but a plain `str` (bytes, f-strings and t-strings have no
// fixed value). `\N{...}` stays as written: it would need Unicode's table of names.
import type { SyntaxNode } from "./syntax.js";

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const ESCAPE =
  /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{[^}]*\}|([\s\S]))/g;

/** Value of one string literal as written; null for bytes, f-strings and t-strings. */
export function stringValue(literal: string): string | null {
  const opening = /^([a-zA-Z]{0,2})("""|'''|"|')/.exec(literal);
  if (!opening) return null;
  const [whole, prefix = "", quote = ""] = opening;
  if (/[bft]/i.test(prefix)) return null;
  const body = literal.slice(whole.length, literal.length - quote.length);
  if (/r/i.test(prefix)) return body;
  return body.replace(ESCAPE, unescaped);
}

function unescaped(
  written: string,
  octal?: string,
  byte?: string,
  short?: string,
  long?: string,
  letter?: string,
): string {
  if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
  const hex = byte ?? short ?? long;
  if (hex !== undefined) {
    const point = parseInt(hex, 16);
    return point > 0x10ffff ? written : String.fromCodePoint(point);
  }
  return letter === undefined ? written : (ESCAPES[letter] ?? written);
}

/** Value of a `string` or `concatenated_string` node, parentheses allowed; null for anything else. */
export function stringOf(node: SyntaxNode): string | null {
  if (node.type === "string") return stringValue(node.text);
  if (node.type === "parenthesized_expression") {
    const inner = node.codeChildren[0];
    return inner ? stringOf(inner) : null;
  }
  if (node.type !== "concatenated_string") return null;
  const parts = node.codeChildren.map(stringOf);
  return parts.some((part) => part === null) ? null : parts.join("");
}

/** The statement of a function's or class's body that is its docstring, or null. */
export function docstringNode(body: SyntaxNode): SyntaxNode | null {
  const first = body.codeChildren[0];
  if (first?.type !== "expression_statement" || first.children.some((child) => child.type === ","))
    return null;
  const value = first.codeChildren[0];
  return value && stringOf(value) !== null ? first : null;
}

/** The docstring of a body, cleaned; null where there is none. Equal to Python's `ast.get_docstring`. */
export function docstringOf(body: SyntaxNode): string | null {
  const value = docstringNode(body)?.codeChildren[0];
  const raw = value ? stringOf(value) : null;
  return raw === null ? null : cleaned(raw);
}

/** A docstring without its indentation: `inspect.cleandoc` as of Python 3.13 (only spaces count as indentation). */
export function cleaned(docstring: string): string {
  const lines = withoutTabs(docstring).split("\n");
  const [first = "", ...rest] = lines;
  const indents = rest.filter((line) => /[^ ]/.test(line)).map((line) => line.search(/[^ ]/));
  const margin = indents.length > 0 ? indents.reduce((a, b) => Math.min(a, b)) : 0;
  const kept = [first.replace(/^ +/, ""), ...rest.map((line) => line.slice(margin))];
  while (kept.length > 0 && kept.at(-1) === "") kept.pop();
  while (kept.length > 0 && kept[0] === "") kept.shift();
  return kept.join("\n");
}

/** `str.expandtabs()`: columns count code points and start again at line ends. */
function withoutTabs(text: string): string {
  if (!text.includes("\t")) return text;
  let column = 0;
  let out = "";
  for (const character of text) {
    const width = character === "\t" ? 8 - (column % 8) : 1;
    out += character === "\t" ? " ".repeat(width) : character;
    column = character === "\n" || character === "\r" ? 0 : column + width;
  }
  return out;
}
