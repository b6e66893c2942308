// How much an instruction and a piece of code talk about the same thing, by the words they share. A cheap gate that
// finds pairs that are off topic, not a judge of correctness. Needs no model and no statistics of a corpus: a row's
// figure does not depend on its neighbours.
import { docstringNode } from "../python/literals.js";
import { parsePython } from "../python/syntax.js";
import type { SyntaxNode } from "../python/syntax.js";

const listed = (words: string): readonly string[] => words.split(" ");

/** Endings that the stemmer takes off, the longest first. */
const suffixes = listed(
  "izations ization ations ation ators ator ments ment ings able ible ing ions ion ers ors ies er or es ed ly s e y",
);

/** Words of English that say nothing about a topic. */
const stopWords = new Set(
  listed(
    "a all also an and any are as at be but by can do does each for from had has have if in into is it its may must " +
      "no not of on only or should so such than that the their then there they this to was we were when where which " +
      "who whose will with you",
  ),
);

/** Words that most functions and their descriptions have; they count, but less. */
const commonWords = new Set(
  listed(
    "argument class cls def else except false function get given import int len list method name none object raise " +
      "return self set str true try use value",
  ).map(stem),
);
const COMMON_WEIGHT = 0.6;

/** Credit for an abbreviation: a word of at least `PREFIX_LENGTH` letters that begins the other (`dir`, `directory`). */
const PREFIX_CREDIT = 0.6;
const PREFIX_LENGTH = 3;

const definitions = new Set(["function_definition", "class_definition"]);

/** Weight by stem. */
type Weights = ReadonlyMap<string, number>;

/**
 * Overlap of the words of `instruction` (without its doctests) and of `code` (without its docstrings), 0..1: the cosine
 * of damped word counts, where identifiers are split at underscores and capitals, words are reduced to stems, common
 * ones count less and abbreviations count in part. 0 where either side has no words. Needs a loaded grammar.
 */
export function overlap(instruction: string, code: string): number {
  const asked = weightsOf(withoutDoctests(instruction));
  const answered = weightsOf(withoutDocstrings(code));
  const lengths = Math.sqrt(squares(asked) * squares(answered));
  if (lengths === 0) return 0;
  let shared = 0;
  for (const [word, weight] of asked) shared += weight * matchOf(word, answered);
  return Math.min(1, shared / lengths);
}

function matchOf(word: string, answered: Weights): number {
  const exact = answered.get(word);
  if (exact !== undefined) return exact;
  let best = 0;
  for (const [other, weight] of answered) if (weight > best && abbreviates(word, other)) best = weight;
  return PREFIX_CREDIT * best;
}

function abbreviates(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= PREFIX_LENGTH && long.startsWith(short);
}

function squares(weights: Weights): number {
  let sum = 0;
  for (const weight of weights.values()) sum += weight * weight;
  return sum;
}

function weightsOf(text: string): Weights {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map(
    Array.from(counts, ([word, count]) => {
      const weight = commonWords.has(word) ? COMMON_WEIGHT : 1;
      return [word, weight * (1 + Math.log(count) / 2)];
    }),
  );
}

/** Stems of the words of a text; `readHTTPHeader_now` has four. */
function wordsOf(text: string): string[] {
  const words = text
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .match(/\p{L}{2,}/gu);
  const lower = (words ?? []).map((word) => word.toLowerCase());
  return lower.filter((word) => !stopWords.has(word)).map(stem);
}

/** A light stemmer: one suffix off where at least three letters stay, and a doubled last letter made single. */
function stem(word: string): string {
  const suffix = suffixes.find((end) => word.length > end.length + 2 && word.endsWith(end));
  const base = suffix === undefined ? word : word.slice(0, -suffix.length);
  return base.length > 3 && base.at(-1) === base.at(-2) ? base.slice(0, -1) : base;
}

/** Drops interactive examples: from `>>>` to the next blank line. */
function withoutDoctests(text: string): string {
  let example = false;
  const kept = text.split("\n").filter((line) => {
    const start = line.trimStart();
    example = start.startsWith(">>>") || (example && start !== "");
    return !example;
  });
  return kept.join("\n");
}

/** Drops the docstrings of functions and classes, which would match an instruction made from them. */
export function withoutDocstrings(code: string): string {
  const tree = parsePython(code);
  if (tree === null) return code;
  const spans = docstringsIn(tree.root);
  tree.delete();
  let text = "";
  let end = 0;
  for (const { startIndex, endIndex } of spans) {
    text += code.slice(end, startIndex);
    end = endIndex;
  }
  return text + code.slice(end);
}

function docstringsIn(node: SyntaxNode): SyntaxNode[] {
  const body =
    node.type === "module" ? node : definitions.has(node.type) ? node.childForFieldName("body") : null;
  const docstring = body === null ? null : docstringNode(body);
  const inner = node.namedChildren.flatMap(docstringsIn);
  return docstring === null ? inner : [docstring, ...inner];
}
