// The Markdown side of a model's answer: its tagged sections and fenced blocks. Takes any text and goes through it line by
// line, in time that grows with its length; refuses nothing.
// Source for fences: https://spec.commonmark.org/0.31.2/#fenced-code-blocks

/** Names of a response's sections, in the order in which they must come. */
export const SECTIONS = ["Reasoning", "Implementation", "Explanation", "Tests"] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface Section {
  readonly name: SectionName;
  /** What stands between this tag and the next, without blank lines at its ends. */
  readonly text: string;
}

/** A tag opens its line; chat models dress it as a heading or in bold, with or without a colon, and may write on behind it. */
const TAG =
  /^ {0,3}(?:#{1,6} +)?(?:\*\*|__)?\[(Reasoning|Implementation|Explanation|Tests)\](?:\*\*|__)?:?(?:\*\*|__)?(?![\w(])/;

/**
 * The sections of a text as they come. A tag ends even a block that is still open, so that a forgotten fence does not
 * swallow what follows. What stands before the first tag belongs to no section.
 */
export function sectionsOf(text: string): Section[] {
  const found: { name: SectionName; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    const tag = TAG.exec(line);
    const name = SECTIONS.find((section) => section === tag?.[1]);
    if (tag && name) found.push({ name, lines: [line.slice(tag[0].length).trim()] });
    else found.at(-1)?.lines.push(line);
  }
  return found.map(({ name, lines }) => ({ name, text: withoutMargins(lines.join("\n")) }));
}

/** Without blank lines at either end; the first line keeps its indentation. */
export function withoutMargins(text: string): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.trim() !== "");
  return first < 0 ? "" : lines.slice(first).join("\n").trimEnd();
}

/** True for a line that begins a section, whichever it is. */
export function isTag(line: string): boolean {
  return TAG.test(line);
}

export interface Block {
  /** First word behind the opening fence, lower-cased; empty where there is none. */
  readonly language: string;
  /** Content without the fences; empty, or whole lines. */
  readonly text: string;
  /** Rows of the fences, from 0. */
  readonly from: number;
  readonly to: number;
}

export interface Blocks {
  readonly closed: readonly Block[];
  /** The block that nobody closes: its row from 0 and its language; null where there is none. */
  readonly open: { readonly row: number; readonly language: string } | null;
}

interface Fence {
  readonly indent: number;
  readonly character: string;
  readonly length: number;
  readonly info: string;
}

/** The fenced blocks of a text. */
export function blocksOf(text: string): Blocks {
  const closed: Block[] = [];
  let open: { fence: Fence; from: number; lines: string[] } | null = null;
  text.split("\n").forEach((line, row) => {
    const fence = fenceOf(line);
    if (open === null) {
      if (fence) open = { fence, from: row, lines: [] };
    } else if (fence && closes(fence, open.fence)) {
      const { lines, from } = open;
      closed.push({
        language: languageOf(open.fence),
        text: lines.map((part) => `${part}\n`).join(""),
        from,
        to: row,
      });
      open = null;
    } else open.lines.push(withoutIndent(line, open.fence.indent));
  });
  // A cast because the compiler does not see assignments inside the callback.
  const left = open as { fence: Fence; from: number } | null;
  return { closed, open: left && { row: left.from, language: languageOf(left.fence) } };
}

/** True for a block that says it is Python. */
export function isPython({ language }: { readonly language: string }): boolean {
  return /^(?:python3?|py3?)$/.test(language);
}

function fenceOf(line: string): Fence | null {
  const [whole, spaces = "", marks = ""] = /^( {0,3})(`{3,}|~{3,})/.exec(line) ?? [];
  if (whole === undefined) return null;
  const info = line.slice(whole.length).trim();
  const character = marks.charAt(0);
  if (character === "`" && info.includes("`")) return null;
  return { indent: spaces.length, character, length: marks.length, info };
}

function closes(fence: Fence, opening: Fence): boolean {
  return fence.info === "" && fence.character === opening.character && fence.length >= opening.length;
}

function languageOf({ info }: Fence): string {
  return (info.split(/\s/, 1)[0] ?? "").toLowerCase();
}

/** An indented fence's content loses as much indentation, where it has it. */
function withoutIndent(line: string, indent: number): string {
  let at = 0;
  while (at < indent && line.charAt(at) === " ") at++;
  return line.slice(at);
}
