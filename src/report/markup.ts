// Text to HTML and JSON to script blocks, safely: whatever comes from a corpus, a model or a notebook goes through
// here. Tables and code blocks are made here too, so that pages and notebook cells show the same ones.
import type { Token, TokenKind } from "../python/highlight.js";
import { colours, readable } from "./figure.js";

/** Cuts code into pieces; joined, their texts are the code. */
export type Highlight = (code: string) => readonly Token[];

export type Cell = string | number | boolean | null;

/** One line of a table: column name to value. */
export type Row = Readonly<Record<string, Cell>>;

/** Colour of each kind of token, dark enough on a light ground (contrast 4.5 or more). */
export const tokenColours: Readonly<Record<TokenKind, string>> = {
  keyword: "#8a2f6b",
  string: "#2d6a36",
  comment: "#67737e",
  number: "#9a4a12",
  function: "#1d5f8a",
  type: "#5a4a9c",
  builtin: "#0b5d57",
  operator: "#4a5662",
  plain: colours.ink,
};

/** The default highlighter: one plain piece. */
export const plain: Highlight = (code) => [{ text: code, kind: "plain" }];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Any text, literal in element content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** JSON that can stand inside a script element: no `</script>`, no `<!--`. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replace(/</g, "\\u003c")
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}

/** A code block for a page that has the style sheet: tokens carry classes. */
export function codeBlock(code: string, highlight: Highlight = plain): string {
  const spans = highlight(code).map(({ text, kind }) => wrap(text, kind, `class="t-${kind}"`));
  return `<pre class="code"><code>${spans.join("")}</code></pre>`;
}

/** A code block for a notebook's cell, which has no style sheet of ours: tokens carry their colours. */
export function inlineCodeBlock(code: string, highlight: Highlight = plain): string {
  const spans = highlight(code).map(({ text, kind }) =>
    wrap(text, kind, `style="color:${tokenColours[kind]}"`),
  );
  const style = `background:${colours.wash};color:${colours.ink};padding:.8em 1em;overflow-x:auto;line-height:1.5`;
  return `<pre style="${style}"><code>${spans.join("")}</code></pre>`;
}

function wrap(text: string, kind: TokenKind, attribute: string): string {
  return kind === "plain" ? escapeHtml(text) : `<span ${attribute}>${escapeHtml(text)}</span>`;
}

export interface TableOptions {
  /** Lines shown; what is left out is said below. Default 20. */
  readonly limit?: number;
  /** Columns in order. Default: all, in the order in which they first appear. */
  readonly columns?: readonly string[];
}

/** Rows as an HTML table; numbers to the right, long texts wrapped. */
export function tableHtml(
  rows: readonly Row[],
  { limit = 20, columns = columnsOf(rows) }: TableOptions = {},
): string {
  const head = columns.map((name) => `<th${align(rows, name)}>${escapeHtml(name)}</th>`).join("");
  const body = rows.slice(0, limit).map((row) => {
    const cells = columns.map(
      (name) => `<td${align(rows, name)}>${escapeHtml(cellText(row[name] ?? null))}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const more = rows.length > limit ? `<p class="more">${readable(rows.length - limit)} more rows</p>` : "";
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>${more}`;
}

/** A value as tables show it: numbers readable, nothing for null. */
export function cellText(value: Cell): string {
  if (value === null) return "";
  return typeof value === "number" ? readable(value, 3) : String(value);
}

/** Column names in the order in which they first appear. */
export function columnsOf(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** A column is set to the right where its first value is a number; inline, since notebooks have no style sheet of ours. */
function align(rows: readonly Row[], name: string): string {
  const first = rows.find((row) => (row[name] ?? null) !== null)?.[name];
  return ` style="text-align:${typeof first === "number" ? "right" : "left"}"`;
}
