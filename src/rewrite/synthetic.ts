// Pairs for trying out how rewriting is learned, made from real docstrings where CoNaLa is not at hand. A sentence that names
// a function's arguments becomes a vague intent (`return the index of the second value in the first value`), a call with names
// that are drawn becomes the snippet (`place = bisect(totals, 7)`), and the sentence with those names is the target (`return the
// index of `7` in `totals``). The words stand in the intent only, the names in the snippet only: neither alone suffices.
import { setImmediate } from "node:timers/promises";
import type { Corpus } from "../corpus/corpus.js";
import { uniforms } from "../core/random.js";
import { functionsOf, type FunctionFacts } from "../python/functions.js";
import { BUILTINS } from "../python/modules.js";
import { parsePython } from "../python/syntax.js";
import { pairSource, type RewritePair } from "./pairs.js";
import {
  filled,
  isAmbiguous,
  MOST_ARGUMENTS,
  nounTemplate,
  sentenceOf,
  sentencesOf,
  templateOf,
  vagueWords,
  type Template,
} from "./vaguer.js";

/** Why a function gives no pair. */
export type NoSynthetic =
  | "special-method"
  | "no-docstring"
  | "no-sentence"
  | "no-mention"
  | "too-many-arguments"
  | "ambiguous"
  | "told-by-code"
  | "same-intent";

export interface SyntheticOptions {
  /** Calls drawn for each function; default 4. */
  readonly variants?: number;
  /** Share of the files whose pairs are kept for validation; default 0.1. */
  readonly validation?: number;
  /**
   * Pairs to learn of all sentences of docstrings, too, whose holes are words behind an article: not what a call passes, but
   * many more sentences to learn the form from. Default false.
   */
  readonly anySentence?: boolean;
  /** Draws names and split; default 0. */
  readonly seed?: number;
  /** Stops the work; the corpus hears of it from whoever opened it. */
  readonly signal?: AbortSignal | undefined;
}

export interface SyntheticPairs {
  /** By file: no function, and no intent, is on both sides. */
  readonly training: readonly RewritePair[];
  readonly validation: readonly RewritePair[];
  readonly counts: {
    readonly files: number;
    readonly functions: number;
    /** Functions that pairs were made of. */
    readonly used: number;
    readonly dropped: Readonly<Partial<Record<NoSynthetic, number>>>;
  };
}

/** Names that calls are drawn from, beside those of the file's own parameters. */
const NAMES = (
  "rows totals parts users prices words counts matrix nodes edges colours paths lines tokens scores dates weights labels " +
  "buffer config payload reply address offset margin limit depth width total price city title owner stamp amount ratio"
).split(" ");

/** What may stand in a call besides a name, and how often. */
const LITERALS = 0.25;

/** Functions worked on before Ctrl-C can be heard. */
const BETWEEN_PAUSES = 500;

/** Makes the pairs of a corpus, the same for the same seed. Needs `loadGrammar` first. Holds all pairs in memory. */
export async function syntheticPairs(
  corpus: Pick<Corpus, "files">,
  { variants = 4, validation = 0.1, anySentence = false, seed = 0, signal }: SyntheticOptions = {},
): Promise<SyntheticPairs> {
  const pairs = { training: [] as RewritePair[], validation: [] as RewritePair[] };
  const dropped: Partial<Record<NoSynthetic, number>> = {};
  const intents = new Set<string>();
  const learned: Told[] = [];
  const counts = { files: 0, functions: 0, used: 0 };
  for await (const item of corpus.files({ seed })) {
    const functions = "file" in item ? functionsIn(item.file.text) : null;
    if (!("file" in item) || functions === null) continue;
    const { key, path } = item.file;
    counts.files++;
    const side = uniforms(seed, `split ${key}`)() < validation ? pairs.validation : pairs.training;
    const names = namesIn(functions);
    for (const facts of functions) {
      counts.functions++;
      const id = `${path}:${facts.line}`;
      if (anySentence && side === pairs.training)
        learned.push({ facts, id, names, next: uniforms(seed, `${key} ${id} any`) });
      const made = pairsOf(facts, id, names, variants, (variant) =>
        uniforms(seed, `${key} ${id} ${variant}`),
      );
      const again = typeof made !== "string" && intents.has(made.intent);
      const reason = again ? "same-intent" : typeof made === "string" ? made : null;
      if (reason !== null) dropped[reason] = (dropped[reason] ?? 0) + 1;
      if (typeof made === "string" || again) continue;
      intents.add(made.intent);
      counts.used++;
      side.push(...made.pairs);
    }
  }
  // After all others, which go before them where an intent is the same.
  for (const [at, told] of learned.entries()) {
    if (at % BETWEEN_PAUSES === 0) await setImmediate();
    signal?.throwIfAborted();
    pairs.training.push(...anyPairs(told, variants, intents));
  }
  return { ...pairs, counts: { ...counts, dropped } };
}

/** A function, where it stands, names that its call may pass, and what is drawn for it. */
interface Told {
  readonly facts: FunctionFacts;
  readonly id: string;
  readonly names: readonly string[];
  readonly next: () => number;
}

function functionsIn(text: string): readonly FunctionFacts[] | null {
  const tree = parsePython(text);
  if (tree === null) return null;
  try {
    return functionsOf(tree, text);
  } finally {
    tree.delete();
  }
}

/** Names that calls in this file may pass. */
function namesIn(functions: readonly FunctionFacts[]): readonly string[] {
  const own = functions.flatMap(({ parameters }) => parameters.map(({ name }) => name));
  const fit = own.filter(
    (name) => /^[a-z][a-z0-9_]{2,}$/.test(name) && !BUILTINS.has(name) && name !== "self",
  );
  return [...new Set([...fit, ...NAMES])];
}

/** A call that can be written down: whether it is called on something, and its arguments, all by position. */
interface Callable {
  readonly method: boolean;
  readonly count: number;
}

interface Made {
  readonly intent: string;
  readonly pairs: readonly RewritePair[];
}

function pairsOf(
  facts: FunctionFacts,
  id: string,
  names: readonly string[],
  variants: number,
  drawn: (variant: number) => () => number,
): Made | NoSynthetic {
  const { name, docstring } = facts;
  if (/^__\w+__$/.test(name)) return "special-method";
  if (docstring === null) return "no-docstring";
  const sentence = sentenceOf(docstring);
  if (sentence === null) return "no-sentence";
  const { method, parameters } = callableOf(facts, sentence);
  if (parameters.length > MOST_ARGUMENTS) return "too-many-arguments";
  const template = templateOf(sentence, parameters, name);
  if (!template.some((piece) => typeof piece !== "string" && typeof piece.hole === "number"))
    return "no-mention";
  if (isAmbiguous(template)) return "ambiguous";
  if (isToldBy(name, template)) return "told-by-code";
  const intent = filled(template, (hole) => vagueWords(hole, parameters.length));
  const taken = new Set([...parameters, ...`${sentence} ${intent}`.split(/\W+/)]);
  const free = names.filter((each) => !taken.has(each));
  const pairs = Array.from({ length: variants }, (_, variant) => {
    const { snippet, values } = callOf(facts, { method, count: parameters.length }, free, drawn(variant));
    const target = filled(template, (hole) => `\`${hole === "function" ? name : (values[hole] ?? "")}\``);
    return { id: `${id}#${variant}`, source: pairSource(intent, snippet), target };
  });
  return { intent, pairs };
}

/** Pairs of each sentence of a docstring, with drawn nouns for holes, whose intent is not there yet. */
function anyPairs(
  { facts, id, names, next }: Told,
  variants: number,
  intents: Set<string>,
): readonly RewritePair[] {
  return sentencesOf(facts.docstring ?? "").flatMap((sentence, at) =>
    Array.from({ length: variants }, (_, variant) => variant).flatMap((variant) => {
      const template = nounTemplate(sentence, next);
      if (template === null || isAmbiguous(template)) return [];
      const count = template.filter((piece) => typeof piece !== "string").length;
      const intent = filled(template, (hole) => vagueWords(hole, count));
      if (intents.has(intent)) return [];
      intents.add(intent);
      const said = new Set(sentence.split(/\W+/));
      const free = names.filter((name) => !said.has(name));
      const { snippet, values } = callOf(facts, { method: facts.parentKind === "class", count }, free, next);
      const target = filled(template, (hole) => `\`${hole === "function" ? "" : (values[hole] ?? "")}\``);
      return [{ id: `${id}:${at}#${variant}`, source: pairSource(intent, snippet), target }];
    }),
  );
}

/** Parameters up to the last one that has to be passed, or that the sentence names. */
function callableOf(
  { parameters, parentKind }: FunctionFacts,
  sentence: string,
): { readonly method: boolean; readonly parameters: readonly string[] } {
  const positional = parameters.filter(({ kind }) => kind === "positional" || kind === "positional-only");
  const first = positional[0]?.name ?? "";
  const method = parentKind === "class";
  const passed = method && ["self", "cls"].includes(first) ? positional.slice(1) : positional;
  const words = new Set(sentence.split(/\W+/));
  const last = passed.findLastIndex(({ name, default: value }) => value === null || words.has(name));
  return { method, parameters: passed.slice(0, last + 1).map(({ name }) => name) };
}

/** A call with drawn arguments, all different, and what they are. */
function callOf(
  { name, returnsValue }: FunctionFacts,
  { method, count }: Callable,
  names: readonly string[],
  next: () => number,
): { readonly snippet: string; readonly values: readonly string[] } {
  const used = new Set<string>();
  const drawName = (): string => {
    for (;;) {
      const drawn = names[Math.floor(next() * names.length)] ?? "value";
      if (used.has(drawn)) continue;
      used.add(drawn);
      return drawn;
    }
  };
  const values = Array.from({ length: count }, () => {
    if (next() >= LITERALS) return drawName();
    return next() < 0.5 ? String(Math.floor(next() * 100)) : `'${drawName()}'`;
  });
  const callee = method ? `${drawName()}.${name}` : name;
  const result = returnsValue ? `${drawName()} = ` : "";
  return { snippet: `${result}${callee}(${values.join(", ")})`, values };
}

/** Words that say nothing of what a function does. */
const SMALL = new Set("a an the of to in on for from with and or is it if by as at this that".split(" "));

/** Whether the function's name alone has all words of the sentence. */
function isToldBy(name: string, template: Template): boolean {
  const said = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[\W_]+/);
  const text = filled(template, () => " ");
  const words = text
    .toLowerCase()
    .split(/\W+/)
    .filter((word) => word !== "" && !SMALL.has(word));
  return words.every((word) =>
    said.some((one) => one !== "" && (word.startsWith(one) || one.startsWith(word))),
  );
}
