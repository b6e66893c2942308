// The text that is published of a response that was read: which of its prose stays, whether its comments do, and whether
// its instruction shows some of the tests. Every choice is drawn by the row's key and the run's seed, each under a name of
// its own, and goes out with the row. Takes the parts of a response; needs `loadGrammar` first.
import { InputError } from "../core/errors.js";
import { shuffled, uniforms } from "../core/random.js";
import type { Test } from "../core/record.js";
import { scopesOf } from "../python/names.js";
import { BUILTINS } from "../python/modules.js";
import type { SyntaxNode } from "../python/syntax.js";
import { treeOf } from "../python/trees.js";
import { withoutComments } from "./comments.js";
import type { ResponseParts } from "./parse.js";
import { blocksOf, isPython, withoutMargins } from "./sections.js";
import { rowsOf } from "./testing.js";

/** What was chosen for one row, as it shows in its texts. */
export type Choices = {
  readonly stripComments: boolean;
  readonly keepReasoning: boolean;
  readonly keepExplanation: boolean;
  /** True where the instruction itself asks for tests; not drawn. */
  readonly keepTests: boolean;
  /** Asserts shown in the instruction. */
  readonly shownAsserts: number;
};

export interface SanitiseOptions {
  /** Key of the row and seed of the run: decide every draw. */
  readonly key: string;
  readonly seed: number;
  /** Share of rows whose code loses its comments; default 0.5, so that a student sees both (the reference: 1). */
  readonly stripComments?: number;
  /** Share of rows that keep the Reasoning, and the Explanation; defaults 0.5, the reference's. */
  readonly keepReasoning?: number;
  readonly keepExplanation?: number;
  /** Share, of the rows whose instruction shows no example, that get 1 to 5 asserts; default 0.5, the reference's. */
  readonly showAsserts?: number;
}

export interface Sanitised {
  readonly instruction: string;
  /** Markdown: the first block of Python is `code`. There is a second, the tests, only where the instruction asks for them. */
  readonly response: string;
  readonly code: string;
  readonly tests: readonly Test[];
  readonly choices: Choices;
}

/**
 * What is published of a response. Prose that holds a block of Python of its own is not kept, and of an Implementation in
 * several blocks only the code is, so that there is one program to read.
 * Method: the last pass of starcoder2-self-align, https://github.com/bigcode-project/starcoder2-self-align
 * @throws InputError for a share outside of 0..1.
 */
export function sanitise(
  parts: ResponseParts,
  instruction: string,
  {
    key,
    seed,
    stripComments = 0.5,
    keepReasoning = 0.5,
    keepExplanation = 0.5,
    showAsserts = 0.5,
  }: SanitiseOptions,
): Sanitised {
  const streamFor = (name: string): (() => number) => uniforms(seed, `sanitise:${name}:${key}`);
  const drawn = (name: string, share: number): boolean => {
    if (!(share >= 0 && share <= 1))
      throw new InputError(`sanitise: ${name} is ${share}, not a share; give a number from 0 to 1`);
    return streamFor(name)() < share;
  };
  const stripped = drawn("stripComments", stripComments);
  const reasoned = drawn("keepReasoning", keepReasoning) && isProse(parts.reasoning);
  const explained = drawn("keepExplanation", keepExplanation) && isProse(parts.explanation);
  const showing = drawn("showAsserts", showAsserts) && !SHOWS_EXAMPLE.test(instruction);
  const asserts = showing ? someAsserts(parts, streamFor("asserts")) : [];
  const keepTests = ASKS_FOR_TESTS.test(instruction);

  const code = stripped ? withoutComments(parts.code) : parts.code;
  const text = [
    reasoned ? parts.reasoning : "",
    implementationWith(code, parts.implementation),
    explained ? parts.explanation : "",
    keepTests ? fenced(parts.tests) : "",
  ];
  return {
    instruction: asserts.length === 0 ? instruction : `${instruction}\n\n${shown(asserts)}`,
    response: `${text.filter((part) => part !== "").join("\n\n")}\n`,
    code,
    tests: testsOf(parts.tests),
    choices: {
      stripComments: stripped,
      keepReasoning: reasoned,
      keepExplanation: explained,
      keepTests,
      shownAsserts: asserts.length,
    },
  };
}

/** An instruction with one of these words shows already what is wanted, or means something else by tests. */
const SHOWS_EXAMPLE = /assert|example|\btest|\be\.g\.|>>>/i;

/** Tests as a thing to be written; a function "that tests" something asks for none. */
const ASKS_FOR_TESTS =
  /\b(?:write|include|provide|add|give)(?: \w+){0,4} (?:unit tests?|test (?:cases?|functions?|suite)|(?<!\b(?:that|which|and|it|to) )tests|assertions?|assert statements?)\b/i;

/** True for text that can stand beside the code without being taken for it. */
function isProse(section: string): boolean {
  return section !== "" && !blocksOf(section).closed.some(isPython);
}

/** A block of Python; its fence is longer than any line of the code that could end it. */
function fenced(python: string): string {
  const inside = python.match(/^ {0,3}`{3,}/gm) ?? [];
  const fence = "`".repeat(inside.reduce((longest, line) => Math.max(longest, line.trim().length + 1), 3));
  return `${fence}python\n${python}${fence}`;
}

/** The Implementation with its one block of Python exchanged, or the code alone. */
function implementationWith(code: string, implementation: string): string {
  const [block, another] = blocksOf(implementation).closed.filter(isPython);
  if (!block || another) return fenced(code);
  const lines = implementation.split("\n");
  const around = [lines.slice(0, block.from), [fenced(code)], lines.slice(block.to + 1)];
  return around
    .map((part) => part.join("\n").trim())
    .filter((part) => part !== "")
    .join("\n\n");
}

function shown(asserts: readonly string[]): string {
  const opening = asserts.length === 1 ? "This assertion must hold" : "These assertions must hold";
  return `${opening} for your code:\n\n${fenced(asserts.map((line) => `${line}\n`).join(""))}`;
}

const MAX_SHOWN = 5;

/** One to five asserts that stand on their own, in the order of the tests. */
function someAsserts({ tests, code }: ResponseParts, next: () => number): string[] {
  const own = boundIn(tests);
  const known = new Set([...boundIn(code)].filter((name) => !own.has(name)));
  const all = (treeOf(tests)?.root.codeChildren ?? []).filter((node) => isAlone(node, known));
  if (all.length === 0) return [];
  const count = 1 + Math.floor(next() * Math.min(MAX_SHOWN, all.length));
  const chosen = new Set(shuffled(all, next).slice(0, count));
  return all.filter((node) => chosen.has(node)).map(({ text }) => text);
}

/** Characters of the longest assert that is shown. */
const MAX_ASSERT = 200;

/** True for an assert that needs no name but the code's own and the builtins. */
function isAlone(node: SyntaxNode, known: ReadonlySet<string>): boolean {
  if (node.type !== "assert_statement" || node.text.length > MAX_ASSERT) return false;
  const names = [...scopesOf(node).module.globalUses()];
  return (
    names.every((name) => known.has(name) || BUILTINS.has(name)) && names.some((name) => known.has(name))
  );
}

function boundIn(code: string): ReadonlySet<string> {
  const root = treeOf(code)?.root;
  return root ? scopesOf(root).module.bound : new Set();
}

/** The tests, one to a statement at module level, each with the comments before it. */
function testsOf(tests: string): Test[] {
  const lines = tests.split("\n");
  const sources: string[] = [];
  let done = 0;
  const statements = treeOf(tests)?.root.codeChildren ?? [];
  statements.forEach((statement, at) => {
    const [, to] = rowsOf(statement);
    const next = statements[at + 1];
    if (next && rowsOf(next)[0] <= to) return;
    const source = withoutMargins(lines.slice(done, to + 1).join("\n"));
    // A backslash there would join the statement with what comes to stand behind it.
    sources.push(source.endsWith("\\") ? source.slice(0, -1).trimEnd() : source);
    done = to + 1;
  });
  return sources.map((source) => ({ origin: "model", source }));
}
