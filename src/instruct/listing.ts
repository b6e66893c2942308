// A list of concepts out of what a model wrote: with commas on one line as it was shown, or one to a line with bullets or
// numbers as chat models like it. Takes text; gives short phrases.
import { MAX_CONCEPTS } from "./concepts.js";

/** A phrase that is longer, in characters or words, is a sentence. */
const MAX_CHARACTERS = 60;
const MAX_PHRASE_WORDS = 8;
/** One phrase alone is a list only if it is shorter still. */
const MAX_LONE_WORDS = 4;

/** Distinct concepts of the first paragraph, at most 8; null where there is no text, none where it is prose. */
export function listedConcepts(text: string): readonly string[] | null {
  const items = firstParagraph(text)
    .flatMap(itemsOf)
    .map(bare)
    .filter((item) => /[\p{L}\p{N}]/u.test(item));
  const [first] = items;
  if (first === undefined) return null;
  const concepts = items.filter(isPhrase);
  if (PROSE.test(first) || 2 * concepts.length <= items.length) return [];
  if (items.length === 1 && wordsIn(first) > MAX_LONE_WORDS) return [];
  return distinct(concepts).slice(0, MAX_CONCEPTS);
}

/** How sentences about code begin, and phrases don't. */
const PROSE =
  /^(?:this|these|it|here|there|we|i|you|sure|certainly)\b|^(?:the|in) (?:this |the |given |following |above )?(?:code|function|snippet|program|method|script)\b/i;

/** A header of ours repeated, and words before the list that end in a colon. */
const HEADER = /^#{1,6}(?: |$)|^[^,]{0,80}:[*_]{0,2}$/;
const LABEL = /^[^,:\n]{0,80}\bconcepts?\b[^,:\n]{0,40}:[*_]{0,2}\s*(?=\S)/i;

function firstParagraph(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const start = lines.findIndex((line) => line !== "" && !HEADER.test(line));
  if (start < 0) return [];
  const rest = lines.slice(start);
  const end = rest.findIndex((line) => line === "" || HEADER.test(line));
  const [first = "", ...more] = end < 0 ? rest : rest.slice(0, end);
  return [first.replace(LABEL, ""), ...more];
}

const BULLET = /^(?:[-*+•]|\d{1,3}[.)]) +/;

/** A bulleted line is one item, less what explains it; others are cut at commas that stand outside of brackets. */
function itemsOf(line: string): string[] {
  const bullet = BULLET.exec(line);
  if (!bullet) return atCommas(line);
  const item = line.slice(bullet[0].length);
  const bold = /^\*\*([^*]+)\*\*/.exec(item)?.[1];
  if (bold !== undefined) return [bold.replace(/:$/, "")];
  return atCommas(item.split(/: | [-–—] /, 1)[0] ?? "");
}

function atCommas(line: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth = Math.max(0, depth - 1);
    else if (character === "," && depth === 0) {
      items.push(line.slice(start, at));
      start = at + 1;
    }
  }
  // A bracket that nobody closes brackets nothing.
  return depth > 0 ? line.split(",") : [...items, line.slice(start)];
}

const MARKS = new Set(["'", '"', "`", "*", "_", "“", "”", "‘", "’"]);

/** Without the "and" of a list's last item, marks around it and the full stop behind it. */
function bare(item: string): string {
  let text = item.trim().replace(/^and +/i, "");
  for (;;) {
    const before = text;
    if (text.endsWith(".") || text.endsWith(";")) text = text.slice(0, -1).trimEnd();
    const [first, last] = [text.charAt(0), text.charAt(text.length - 1)];
    const paired = first === last || (first === "“" && last === "”") || (first === "‘" && last === "’");
    if (text.length > 1 && paired && MARKS.has(first)) text = text.slice(1, -1).trim();
    if (text === before) return text.replace(/\s+/g, " ");
  }
}

function isPhrase(item: string): boolean {
  return item.length <= MAX_CHARACTERS && wordsIn(item) <= MAX_PHRASE_WORDS && !/[.!?] +\S/.test(item);
}

function wordsIn(text: string): number {
  return text.split(" ").length;
}

/** The first of those that differ in case only. */
function distinct(items: readonly string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const folded = item.toLowerCase();
    return !seen.has(folded) && seen.add(folded);
  });
}
