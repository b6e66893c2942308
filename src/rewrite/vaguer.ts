// A sentence of a docstring as one with holes: where it names an argument or the function itself. Filled with what a call
// passes it says exactly what the call does; filled with vague words it is what somebody might have asked. Pure.
import { shuffled } from "../core/random.js";

/** A hole: the argument at this position of the call, from 0, or the function's name. */
export type Hole = number | "function";

/** Text and holes in turn, as they stand in the sentence. */
export type Template = readonly (string | { readonly hole: Hole })[];

/** Fewest and most words of a sentence; shorter ones say nothing, longer ones are no question. */
const WORDS = [4, 24] as const;

/** What may stand before a name, and all of it that does and goes with the name: `the given key`. */
const DETERMINER = "\\b(?:the|a|an|this|that|given|specified|some)\\s+";
const BEFORE = `(?:${DETERMINER})*`;

/** A word with articles and the like before it. */
const NOUN = new RegExp(`(?:${DETERMINER})+[a-z][\\w-]+\\b`, "g");

/** The first sentence of a docstring, begun small and without its full stop; null where it is none, such as a signature. */
export function sentenceOf(docstring: string): string | null {
  const paragraph = paragraphsOf(docstring)[0] ?? "";
  return plain(/^.*?\w\w[.!?](?=\s|$)/.exec(paragraph)?.[0] ?? paragraph);
}

/** All its sentences, in the same form. */
export function sentencesOf(docstring: string): readonly string[] {
  return paragraphsOf(docstring)
    .flatMap((paragraph) => paragraph.split(/(?<=\w\w[.!?])\s+/))
    .flatMap((sentence) => plain(sentence) ?? []);
}

function paragraphsOf(docstring: string): readonly string[] {
  return docstring.split(/\n\s*\n/).map((paragraph) => paragraph.replace(/\s+/g, " ").trim());
}

function plain(text: string): string | null {
  const sentence = text.replace(/[.!?:]$/, "");
  const words = sentence.split(" ").length;
  if (words < WORDS[0] || words > WORDS[1]) return null;
  // Plain words; a signature, a doctest or a table has other characters.
  if (!/^[A-Za-z][\w ,;'"`*()/.-]*$/.test(sentence) || /^[\w.]+\(/.test(sentence)) return null;
  return /^[A-Z][a-z]/.test(sentence) ? `${sentence[0]?.toLowerCase()}${sentence.slice(1)}` : sentence;
}

/**
 * The sentence with holes where the arguments are named, by position, and the function; backticks are kept for those. A
 * function whose name is one word is not looked for, since that word is as often the verb; nor is the argument `a`.
 */
export function templateOf(sentence: string, parameters: readonly string[], name: string): Template {
  const holes = new Map<string, Hole>(parameters.map((parameter, at) => [parameter, at]));
  if (name.includes("_")) holes.set(name, "function");
  holes.delete("a");
  if (holes.size === 0) return [sentence.replaceAll("`", "")];
  const names = [...holes.keys()].sort((a, b) => b.length - a.length).join("|");
  const quoted = `(['"*\`]{0,2})(?<![\\w.-])(${names})(?:\\(\\))?(?![\\w(-]|\\.\\w)\\1`;
  const pieces: (string | { hole: Hole })[] = [];
  let end = 0;
  for (const found of sentence.matchAll(new RegExp(`${BEFORE}${quoted}`, "gu"))) {
    const hole = holes.get(found[2] ?? "");
    if (hole === undefined) continue;
    pieces.push(sentence.slice(end, found.index), { hole });
    end = found.index + found[0].length;
  }
  return [...pieces, sentence.slice(end)]
    .map((piece) => (typeof piece === "string" ? piece.replaceAll("`", "") : piece))
    .filter((piece) => piece !== "");
}

/** A sentence with holes where it has a noun behind an article, some of these as drawn; null where it has none. */
export function nounTemplate(sentence: string, next: () => number): Template | null {
  const found = [...sentence.matchAll(NOUN)];
  const most = Math.min(found.length, MOST_NOUNS);
  if (most === 0) return null;
  const count = 1 + Math.floor(next() * most);
  const places = shuffled(found, next).slice(0, count);
  const pieces: (string | { hole: Hole })[] = [];
  let end = 0;
  for (const one of [...places].sort((a, b) => a.index - b.index)) {
    pieces.push(sentence.slice(end, one.index), { hole: places.indexOf(one) });
    end = one.index + one[0].length;
  }
  return [...pieces, sentence.slice(end)].filter((piece) => piece !== "");
}

/** Most nouns of a sentence that become holes. */
const MOST_NOUNS = 3;

/** The template as a sentence. */
export function filled(template: Template, fill: (hole: Hole) => string): string {
  return template.map((piece) => (typeof piece === "string" ? piece : fill(piece.hole))).join("");
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

/** Most arguments of a call that vague words can tell apart. */
export const MOST_ARGUMENTS = ORDINALS.length;

/** What a hole is called by somebody who does not know the names, of a call with so many arguments. */
export function vagueWords(hole: Hole, count: number): string {
  if (hole === "function") return "the function";
  return count === 1 ? "the value" : `the ${ORDINALS[hole] ?? "last"} value`;
}

/** Whether the words around the holes hold vague ones themselves, so that nobody could tell which of them are holes. */
export function isAmbiguous(template: Template): boolean {
  const vague = new RegExp(`\\bthe (?:(?:${ORDINALS.join("|")}) )?value\\b|\\bthe function\\b`, "i");
  return template.some((piece) => typeof piece === "string" && vague.test(piece));
}
