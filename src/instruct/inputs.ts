// Arguments worth trying on a function that nobody described: drawn from annotations, defaults, the calls in its
// docstring and what a parameter's name suggests. The draw is seeded by the function's key, so it is the same in
// every run. Everything is Python source.
import { shuffled, uniforms } from "../core/random.js";
import type { Parameter, Seed } from "../core/record.js";

/** Kinds of values that the pools below hold. */
type Kind =
  | "text"
  | "pattern"
  | "encoding"
  | "errors"
  | "path"
  | "url"
  | "integer"
  | "number"
  | "boolean"
  | "bytes"
  | "list"
  | "mapping"
  | "callable";

const POOLS: Readonly<Record<Kind, readonly string[]>> = {
  text: [
    "'hello world'",
    "'a,b,,c'",
    "''",
    "'Hello, World! 123'",
    "'key=value; other=\"x y\"'",
    "'  padded text '",
    "'line one\\nline two\\n'",
    "'42'",
    "'caf\\u00e9'",
    "'<p class=\"x\">a &amp; b</p>'",
    "'2024-02-29'",
    "'utf-8'",
  ],
  pattern: ["'*.py'", "'h*o'", "'[a-c]?'", "'*'", "'a.b'", "'x?z'"],
  encoding: ["'utf-8'", "'ascii'", "'latin-1'"],
  errors: ["'strict'", "'ignore'", "'replace'"],
  path: [
    "'/usr/lib/python3/file.tar.gz'",
    "'a/b/../c.txt'",
    "'file.py'",
    "''",
    "'/'",
    "'~/data'",
    "'C:\\\\dir\\\\x.TXT'",
  ],
  url: [
    "'https://user@example.com:8080/a/b?q=1&r=2#frag'",
    "'http://example.com'",
    "'/relative/path?x=1'",
    "'mailto:me@example.com'",
    "''",
  ],
  integer: ["3", "10", "0", "1", "7", "-4", "2", "255", "100", "2024"],
  number: ["2.5", "3", "0.0", "-1.5", "10", "100.25", "1"],
  boolean: ["True", "False"],
  bytes: ["b'abc'", "b'hello world\\n'", "b''", "b'\\x00\\xff\\x10'", "b'key: value\\r\\n'"],
  list: [
    "[3, 1, 2]",
    "['b', 'a', 'c']",
    "[]",
    "[1.5, 2.5, 4.0]",
    "[('a', 1), ('b', 2)]",
    "['interview', 'internet', 'interval']",
    "[1, 2, 2, 3, 3, 3]",
    "[[1, 2], [3, 4]]",
  ],
  mapping: ["{'a': 1, 'b': 2}", "{}", "{'name': 'x', 'size': '10'}", "{1: 'one'}"],
  callable: ["len", "str", "(lambda *a: a)", "(lambda x: x)"],
};

/** First match wins; tested on the lower-cased name. */
const NAME_HINTS: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [
    /^(is|has|use|no|allow|keep|strict|verbose|reverse|quiet)_|^(flag|verbose|strict|reverse|quiet|localtime|usegmt)$/,
    ["boolean"],
  ],
  [/^(pat|pattern|patterns|glob)$/, ["pattern", "text"]],
  [/^(encoding|charset|codec)$/, ["encoding"]],
  [/^errors$/, ["errors"]],
  [/func|^fn$|callback|^f$|predicate|^pred|factory|converter|hook|^key_?func/, ["callable", "text", "list"]],
  [/path|file|^dir|folder|^root$|^p$|dirname/, ["path", "text", "list"]],
  [/url|^uri|^base$|href|^netloc|^host/, ["url", "text"]],
  [
    /^(n|i|j|k|num|number|count|size|length|len|width|height|index|idx|pos|start|stop|end|limit|max|min|depth|level|year|month|day|hour|minute|second|r|maxlen|width|indent|ndigits|precision|times|max_.*|min_.*|n_.*|num_.*|.*_size|.*_count|code|c|ch|bit.*|mode)$/,
    ["integer", "number", "text"],
  ],
  [
    /^(x|y|z|a|b|lat|lon|value|val|alpha|beta|mu|sigma|p|q|t|weight|rate|ratio|seconds|timestamp|timeout)$/,
    ["number", "integer", "text", "list"],
  ],
  [/^(data|buf|buffer|raw|payload|block|chunk)$|bytes/, ["bytes", "text", "list"]],
  [
    /^(seq|sequence|items|lst|list|iterable|it|values|xs|args|lines|names|m|words|elements|array|arr|parts|tokens|points|rows|pairs|population|sizes|nums|numbers|fields|entries)$|list$/,
    ["list", "text", "mapping"],
  ],
  [
    /^(d|dict|mapping|map|params|headers|env|kwargs|kwds|options|opts|attrs|table|config)$|dict|map/,
    ["mapping", "list"],
  ],
  [
    /str|text|line|name|word|prefix|suffix|msg|message|title|source|^src$|key|sep|encod|char|delim|query|header|field|tag|label|^s$|^string$|address|addr|^date|version|format|^fmt$|locale|content|type/,
    ["text", "bytes", "list"],
  ],
];

const ANNOTATION_HINTS: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [/\bCallable\b/, ["callable"]],
  [/\b(dict|Dict|Mapping|MutableMapping)\b/, ["mapping"]],
  [/\b(list|List|Sequence|Iterable|Iterator|Collection|tuple|Tuple|set|Set)\b/, ["list"]],
  [/\bPath(Like)?\b/, ["path"]],
  [/\bstr\b/, ["text"]],
  [/\b(bytes|bytearray|Buffer|ReadableBuffer)\b/, ["bytes"]],
  [/\bbool\b/, ["boolean"]],
  [/\bint\b/, ["integer"]],
  [/\b(float|complex|Number|Real)\b/, ["number"]],
];

const EVERY_KIND: readonly Kind[] = [
  "text",
  "integer",
  "list",
  "mapping",
  "bytes",
  "number",
  "path",
  "callable",
];

/** Values per kind that a parameter's first guess gets, and the less likely guesses get. */
const FIRST_GUESS = 8;
const OTHER_GUESS = 2;

/** How likely an optional parameter is set in a call. */
const OPTIONAL_SHARE = 0.45;
const VARIADIC_SHARE = 0.85;

export interface CallOptions {
  /** Seed of the run. */
  readonly seed: number;
  /** Calls to make up, default 48. */
  readonly count?: number;
}

/** Distinct calls of the function, e.g. `f('a', 3)`: the likeliest arguments first, then combinations. */
export function callsFor(
  { key, entryPoint, parameters }: Pick<Seed, "key" | "entryPoint" | "parameters">,
  { seed, count = 48 }: CallOptions,
): string[] {
  const next = uniforms(seed, `inputs:${key}`);
  const pools = parameters.map((parameter) => candidatesFor(parameter, next));
  const calls = new Set<string>();
  for (let round = 0; round < 4 * count && calls.size < count; round++) {
    const values = pools.map((pool, at) => pool[likelyIndex(round + at, round, pool.length, next)] ?? "None");
    calls.add(`${entryPoint}(${argumentList(parameters, values, next).join(", ")})`);
  }
  return [...calls];
}

/** Values to try for one parameter, best first. */
function candidatesFor(parameter: Parameter, next: () => number): string[] {
  const guesses = kindsFor(parameter);
  const pool: string[] = [];
  guesses.forEach((kind, rank) => {
    const values = POOLS[kind];
    // The first value of a kind is its plainest; the rest are drawn.
    const drawn = [...values.slice(0, 2), ...shuffled(values.slice(2), next)];
    pool.push(...drawn.slice(0, rank === 0 ? FIRST_GUESS : OTHER_GUESS));
  });
  return pool;
}

function kindsFor({ name, annotation, default: value }: Parameter): Kind[] {
  if (value === "True" || value === "False") return ["boolean"];
  const known = [...kindsIn(annotation ?? "", ANNOTATION_HINTS), ...kindsOfDefault(value)];
  const named =
    known.length > 0 ? [] : (NAME_HINTS.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1] ?? []);
  const likely = [...known, ...named];
  return [...new Set(annotation === null || likely.length === 0 ? [...likely, ...EVERY_KIND] : likely)];
}

function kindsIn(text: string, hints: readonly (readonly [RegExp, readonly Kind[]])[]): Kind[] {
  return hints.filter(([pattern]) => pattern.test(text)).flatMap(([, kinds]) => kinds);
}

function kindsOfDefault(value: string | null): Kind[] {
  if (value === null || value === "None") return [];
  if (/^-?\d+$/.test(value)) return ["integer"];
  if (/^-?[\d.]+(e-?\d+)?$/.test(value)) return ["number"];
  if (/^b['"]/.test(value)) return ["bytes"];
  if (/^r?['"]/.test(value)) return ["text"];
  if (/^[[(]/.test(value)) return ["list"];
  return value.startsWith("{") ? ["mapping"] : [];
}

function isOptional({ kind, default: value }: Parameter): boolean {
  return value !== null || kind === "var-positional" || kind === "var-keyword";
}

/** The first rounds walk through the likeliest values; later ones draw from all, likely ones more often. */
function likelyIndex(turn: number, round: number, length: number, next: () => number): number {
  return round < FIRST_GUESS ? turn % Math.min(FIRST_GUESS, length) : Math.floor(next() * next() * length);
}

/** Arguments as written in a call. Optional ones go by keyword, unless `*args` needs all before it by place. */
function argumentList(
  parameters: readonly Parameter[],
  values: readonly string[],
  next: () => number,
): string[] {
  const variadic = parameters.some(({ kind }) => kind === "var-positional");
  const written: string[] = [];
  let byPlace = true;
  parameters.forEach((parameter, at) => {
    const { name, kind } = parameter;
    const value = values[at] ?? "None";
    const given =
      !isOptional(parameter) || next() < (kind === "var-positional" ? VARIADIC_SHARE : OPTIONAL_SHARE);
    if (kind === "var-keyword") return;
    if (kind === "keyword-only") {
      if (given) written.push(`${name}=${value}`);
    } else if (!given) {
      byPlace = false;
    } else if (kind === "var-positional") {
      if (byPlace) written.push(value.startsWith("[") ? value.slice(1, -1) : value);
    } else if (byPlace && (!isOptional(parameter) || kind === "positional-only" || variadic)) {
      written.push(value);
    } else if (kind === "positional") {
      written.push(`${name}=${value}`);
      byPlace = false;
    }
  });
  return written.filter((text) => text !== "");
}
