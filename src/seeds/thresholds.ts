// What a seed must measure up to, as data: thresholds with their defaults, named sets of them, and the check of what a
// caller gives. Whoever names a set or a list asks for something that can be judged from a row's figures alone.
import { InputError } from "../core/errors.js";

/** Thresholds of the filters; `null` sets no limit. */
export interface Thresholds {
  /** Lines of the function, decorators included; default 3. */
  readonly minLines: number;
  /** Default 150, as in the reference. */
  readonly maxLines: number | null;
  /** Lines of the whole seed, with what it carries, at most `SEED_LINES_LIMIT`; default 250. */
  readonly maxSeedLines: number;
  /** Characters of the seed's longest line; default null. */
  readonly maxLineLength: number | null;
  /** Words of the docstring; default 3. */
  readonly minDocstringWords: number;
  /** Default null. */
  readonly maxDocstringWords: number | null;
  /** Default 1. */
  readonly minParameters: number;
  /** Annotated share of parameters and return, 0..1; default 0. */
  readonly minAnnotated: number;
  /** mccabe's complexity; default 1. */
  readonly minComplexity: number;
  /** Default null. */
  readonly maxComplexity: number | null;
  /**
   * Whole words out of `WARNING_WORDS` that must not stand in the function: lower-case ones in any case, others as
   * written, with a colon only where one follows. Default `TODO`, `FIXME`, `XXX`, `todo:`.
   */
  readonly forbiddenWords: readonly string[];
  /** Top-level modules that the seed must not import; default none. */
  readonly forbiddenImports: readonly string[];
  /** Of these modules the function's file must mention at least one; default none, which asks for nothing. */
  readonly mentionsAny: readonly string[];
  /** SPDX identifiers that are welcome; default null, which is all, unknown ones included. */
  readonly licences: readonly string[] | null;
  /** Default false. */
  readonly allowGenerated: boolean;
  /** Default false. */
  readonly allowVendored: boolean;
}

/** Words whose traces in a function are kept, as people write them when something is not finished. */
export const WARNING_WORDS: readonly string[] = ["todo", "fixme", "xxx", "hack", "bug"];

/** Longer seeds are refused unmeasured: they are tables or half a module, and cost as much as all others together. */
export const SEED_LINES_LIMIT = 500;

export const THRESHOLDS: Thresholds = {
  minLines: 3,
  maxLines: 150,
  maxSeedLines: 250,
  maxLineLength: null,
  minDocstringWords: 3,
  maxDocstringWords: null,
  minParameters: 1,
  minAnnotated: 0,
  minComplexity: 1,
  maxComplexity: null,
  forbiddenWords: ["TODO", "FIXME", "XXX", "todo:"],
  forbiddenImports: [],
  mentionsAny: [],
  licences: null,
  allowGenerated: false,
  allowVendored: false,
};

/**
 * Sets by name. `reference` is starcoder2-self-align's list, matched by whole words and real imports; `data-science`
 * asks for the keywords of codeparrot-ds.
 * Sources: https://github.com/bigcode-project/starcoder2-self-align, https://huggingface.co/learn/llm-course/chapter7/6
 */
export const FILTER_SETS = {
  default: {},
  reference: {
    forbiddenWords: ["todo", "fixme", "bug"],
    forbiddenImports: [
      "argparse",
      "os",
      "subprocess",
      "sys",
      "setuptools",
      "distutils",
      "matplotlib",
      "seaborn",
    ],
  },
  "data-science": { mentionsAny: ["pandas", "sklearn", "matplotlib", "seaborn"] },
} as const satisfies Readonly<Record<string, Partial<Thresholds>>>;

/** A name out of `FILTER_SETS`, or thresholds that differ from the defaults. */
export type Filters = string | Partial<Thresholds>;

/**
 * All thresholds, checked.
 * @throws InputError for a name that does not exist and for a value that a threshold can't have.
 */
export function thresholdsOf(filters: Filters = {}): Thresholds {
  const given: Readonly<Record<string, unknown>> =
    typeof filters === "string" ? setNamed(filters) : { ...filters };
  for (const [name, value] of Object.entries(given)) checkThreshold(name, value);
  // A cast because the loop above has just checked names and types.
  return { ...THRESHOLDS, ...(given as Partial<Thresholds>) };
}

function setNamed(name: string): Partial<Thresholds> {
  const found = Object.entries(FILTER_SETS).find(([known]) => known === name);
  if (found) return found[1];
  throw new InputError(
    `filters "${name}" do not exist: choose ${Object.keys(FILTER_SETS).join(", ")}, or give thresholds`,
  );
}

/** Lists that may be null. */
const OPTIONAL = new Set(["maxLines", "maxLineLength", "maxDocstringWords", "maxComplexity", "licences"]);

function checkThreshold(name: string, value: unknown): void {
  const known = Object.entries(THRESHOLDS).find(([key]) => key === name);
  if (!known) {
    throw new InputError(
      `filter "${name}" does not exist: choose from ${Object.keys(THRESHOLDS).join(", ")}`,
    );
  }
  if (value === null && OPTIONAL.has(name)) return;
  const shown = JSON.stringify(value);
  const orNull = OPTIONAL.has(name) ? ", or null" : "";
  const wrong = (wanted: string): InputError =>
    new InputError(`filter ${name} must be ${wanted}${orNull}, not ${shown}`);
  if (typeof known[1] === "boolean") {
    if (typeof value !== "boolean") throw wrong("true or false");
  } else if (Array.isArray(known[1]) || name === "licences") {
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string" && item !== ""))
      throw wrong('a list of names, e.g. ["os"]');
    if (name === "forbiddenWords") value.forEach(checkWord);
  } else if (name === "minAnnotated") {
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw wrong("a share from 0 to 1");
  } else if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw wrong("a whole number of at least 0");
  } else if (name === "maxSeedLines" && value > SEED_LINES_LIMIT) throw wrong(`at most ${SEED_LINES_LIMIT}`);
}

function checkWord(word: string): void {
  if (WARNING_WORDS.includes(word.replace(/:$/, "").toLowerCase())) return;
  throw new InputError(
    `filter forbiddenWords can't look for "${word}": choose from ${WARNING_WORDS.join(", ")}`,
  );
}
