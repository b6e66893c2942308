// Concepts of a function, read off its syntax tree: what a teacher would say that this code shows. No model; the list
// names techniques (recursion, regular expressions), not the topic.
import { parsePython, type SyntaxNode } from "../python/syntax.js";

/** Node types and the concept that they show. */
const BY_NODE: Readonly<Record<string, string>> = {
  list_comprehension: "list comprehensions",
  dictionary_comprehension: "dictionary comprehensions",
  set_comprehension: "set comprehensions",
  generator_expression: "generator expressions",
  lambda: "anonymous functions",
  try_statement: "exception handling",
  raise_statement: "error signalling",
  with_statement: "context managers",
  while_statement: "while loops",
  for_statement: "iteration",
  yield: "generators",
  await: "coroutines",
  match_statement: "structural pattern matching",
  slice: "slicing",
  interpolation: "string formatting",
  conditional_expression: "conditional expressions",
  named_expression: "assignment expressions",
  dictionary: "dictionaries",
  set: "sets",
  tuple: "tuples",
  decorator: "decorators",
  nonlocal_statement: "closures",
  global_statement: "module state",
  assert_statement: "assertions",
  default_parameter: "default arguments",
  typed_default_parameter: "default arguments",
  typed_parameter: "type hints",
  list_splat_pattern: "variadic arguments",
  dictionary_splat_pattern: "keyword arguments",
};

/** Modules and the concept that using them shows. */
const BY_MODULE: Readonly<Record<string, string>> = {
  re: "regular expressions",
  itertools: "iterator tools",
  functools: "higher-order functions",
  collections: "specialised containers",
  math: "mathematics",
  cmath: "complex numbers",
  random: "random numbers",
  datetime: "dates and times",
  time: "dates and times",
  json: "JSON",
  struct: "binary packing",
  base64: "binary-to-text encoding",
  binascii: "binary-to-text encoding",
  hashlib: "hashing",
  heapq: "heaps",
  bisect: "binary search",
  operator: "operators as functions",
  os: "operating system paths and files",
  "os.path": "operating system paths and files",
  pathlib: "operating system paths and files",
  io: "streams",
  string: "string constants",
  textwrap: "text wrapping",
  unicodedata: "Unicode",
  decimal: "decimal arithmetic",
  fractions: "rational arithmetic",
  statistics: "statistics",
  types: "run-time types",
  typing: "type hints",
  ast: "syntax trees",
  inspect: "introspection",
  urllib: "URLs",
  "urllib.parse": "URLs",
  email: "e-mail messages",
  html: "HTML",
  xml: "XML",
  copy: "copying objects",
  contextlib: "context managers",
  dataclasses: "data classes",
  enum: "enumerations",
  asyncio: "coroutines",
  locale: "localisation",
  codecs: "text encodings",
  warnings: "warnings",
  abc: "abstract classes",
};

/** Methods of built-in types and the concept that calling them shows. */
const BY_METHOD: readonly (readonly [RegExp, string])[] = [
  [/^(split|rsplit|partition|rpartition|splitlines)$/, "string splitting"],
  [/^join$/, "string joining"],
  [/^(strip|lstrip|rstrip|removeprefix|removesuffix)$/, "string trimming"],
  [/^(replace|translate|maketrans)$/, "string replacement"],
  [/^(lower|upper|casefold|title|capitalize)$/, "case conversion"],
  [/^(encode|decode)$/, "text encodings"],
  [/^(startswith|endswith|find|rfind|index)$/, "string searching"],
  [/^(get|setdefault|items|keys|values|update)$/, "dictionaries"],
  [/^(append|extend|insert|pop|remove)$/, "list building"],
  [/^format$/, "string formatting"],
];

const BY_CALL: Readonly<Record<string, string>> = {
  sorted: "sorting",
  zip: "parallel iteration",
  enumerate: "enumeration",
  map: "mapping",
  filter: "filtering",
  sum: "reduction",
  min: "extremes",
  max: "extremes",
  any: "quantifiers",
  all: "quantifiers",
  isinstance: "type checks",
  getattr: "attribute access by name",
  hasattr: "attribute access by name",
  setattr: "attribute access by name",
  divmod: "integer division",
  ord: "character codes",
  chr: "character codes",
  open: "files",
};

/** How many concepts a function gets at most. */
export const MAX_CONCEPTS = 8;

/** Concepts of self-contained code, the rarer first, at most `MAX_CONCEPTS`; at least one. */
export function conceptsOf(code: string, entryPoint: string): string[] {
  const tree = parsePython(code);
  if (tree === null) return ["functions"];
  tree.delete();
  const found = new Set<string>();
  const common = new Set<string>();
  const add = (concept: string | undefined): void => {
    if (concept !== undefined) (COMMON.has(concept) ? common : found).add(concept);
  };
  walk(tree.root, (node) => {
    add(BY_NODE[node.type]);
    if (node.type === "import_statement" || node.type === "import_from_statement") {
      for (const module of modulesOf(node)) add(BY_MODULE[module] ?? BY_MODULE[module.split(".")[0] ?? ""]);
    } else if (node.type === "call") {
      for (const concept of conceptsOfCall(node, entryPoint)) add(concept);
    }
  });
  const concepts = [...found, ...common].slice(0, MAX_CONCEPTS);
  return concepts.length > 0 ? concepts : ["functions"];
}

/** Said last, because nearly every function shows them. */
const COMMON = new Set(["iteration", "tuples", "default arguments", "type checks", "list building"]);

function modulesOf(node: SyntaxNode): string[] {
  const from = node.childForFieldName("module_name");
  if (from !== null) return [from.text];
  return node.childrenForFieldName("name").map((name) => name.childForFieldName("name")?.text ?? name.text);
}

function conceptsOfCall(call: SyntaxNode, entryPoint: string): string[] {
  const called = call.childForFieldName("function");
  if (called === null) return [];
  if (called.type === "identifier") {
    if (called.text === entryPoint && isInside(call, entryPoint)) return ["recursion"];
    const concept = BY_CALL[called.text];
    return concept === undefined ? [] : [concept];
  }
  const method = called.childForFieldName("attribute")?.text ?? "";
  return BY_METHOD.filter(([pattern]) => pattern.test(method)).map(([, concept]) => concept);
}

function isInside(node: SyntaxNode, entryPoint: string): boolean {
  for (let up = node.parent; up !== null; up = up.parent) {
    if (up.type === "function_definition" && up.childForFieldName("name")?.text === entryPoint) return true;
  }
  return false;
}

function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (const child of node.codeChildren) walk(child, visit);
}
