// What a model answered, read into fields: concepts from a list, an instruction from prose, a response from its four tagged
// sections. Takes any text; gives the fields, or the reason why the answer is no use, and never throws. Time grows with the
// text's length, and what is longer than any honest answer is refused before it is parsed. Needs `loadGrammar` first.
import { entryPointOf } from "../validate/entry.js";
import { listedConcepts } from "./listing.js";
import { flawOf, functionNames, functionsIn, isStub } from "./program.js";
import {
  blocksOf,
  isPython,
  isTag,
  SECTIONS,
  sectionsOf,
  withoutMargins,
  type Block,
  type SectionName,
} from "./sections.js";
import { livenessOf, ownTests, redefinedIn, unittestsIn } from "./testing.js";

/** Every way in which a step of a model can fail. */
export type ParseReason =
  /** The answer was cut off at its token limit: for the caller to say. */
  | "truncated"
  | "empty"
  | "too-long"
  /** Prose where a list was asked for. */
  | "not-a-list"
  /** Something is left to be filled in. */
  | "placeholder"
  /** The instruction gives its own answer away. */
  | "has-solution"
  | "missing-section"
  | "repeated-section"
  | "section-order"
  | "unclosed-block"
  /** The Implementation has no block of Python. */
  | "no-code"
  | "no-function"
  | "syntax-error"
  | "several-test-blocks"
  /** No block of tests, or no assert statement in it. */
  | "no-tests"
  /** The asserts stand in functions or classes that nothing runs. */
  | "tests-never-invoked"
  /** What runs of the tests mentions no function of the code. */
  | "tests-do-not-call"
  /** The tests bring a function of their own under the name of the code's. */
  | "tests-redefine";

export type Parsed<Fields> =
  { readonly fields: Fields } | { readonly reason: ParseReason; readonly detail: string };

/** Characters of the longest answer that is read: several times what 1,536 tokens can say. */
const MAX_LENGTH = 20_000;

/** S -> C: at most 8 distinct concepts of the first paragraph, written as a list with commas or one to a line. */
export function parseConcepts(text: string): Parsed<{ readonly concepts: readonly string[] }> {
  const concepts = listedConcepts(lineEnds(text.slice(0, MAX_LENGTH)));
  if (concepts === null) return { reason: "empty", detail: "no concept" };
  return concepts.length === 0 ? { reason: "not-a-list", detail: opening(text) } : { fields: { concepts } };
}

/**
 * Words of the longest instruction. SelfCodeAlign's selection stops at 200; here is only refused what has surely run
 * away, and selection may be stricter later.
 */
const MAX_WORDS = 300;
/** Characters, for text without spaces. */
const MAX_INSTRUCTION = 5_000;

/** The whole of an instruction that was never written, or a part of one that was to be. */
const UNWRITTEN =
  /^(?:\.{3}|…|todo|tbd|n\/a|none|instruction)\W{0,3}$|\b(?:your|insert|write|add) (?:the |an? )?(?:code|instruction|task|problem|text)(?: goes)? here\b|\blorem ipsum\b/i;

/**
 * C -> I: the prose up to the next header. A function with a body in a block of Python is taken for the answer (the step
 * makes tasks that are solved by writing a function, from concepts alone); signatures, classes to work with, calls and
 * sessions at a prompt are not.
 */
export function parseInstruction(text: string): Parsed<{ readonly instruction: string }> {
  const instruction = upToHeader(lineEnds(text.slice(0, MAX_LENGTH)));
  if (instruction === "") return { reason: "empty", detail: "no instruction" };
  const words = instruction.split(/\s+/).length;
  if (words > MAX_WORDS || instruction.length > MAX_INSTRUCTION)
    return { reason: "too-long", detail: `${words} words, ${instruction.length} characters` };
  if (UNWRITTEN.test(instruction)) return { reason: "placeholder", detail: opening(instruction) };
  const { closed, open } = blocksOf(instruction);
  if (open) return { reason: "unclosed-block", detail: `line ${open.row + 1} opens a block` };
  const solved = closed
    .filter(({ language }) => language === "" || isPython({ language }))
    .flatMap((block) => functionsIn(block.text))
    .find((definition) => !isStub(definition));
  if (solved)
    return { reason: "has-solution", detail: `defines ${solved.childForFieldName("name")?.text ?? ""}` };
  return { fields: { instruction } };
}

const HEADER = /^#{1,6} |^(?:\*\*)?(?:Instruction|Task|Problem)(?:\*\*)?:?(?:\*\*)?$/;
const LABEL = /^(?:\*\*)?Instruction(?:\*\*)?:(?:\*\*)? */;

/** A text without the headers before it, up to the next header or section tag that stands outside of blocks. */
function upToHeader(text: string): string {
  const lines = text.trimStart().split("\n");
  const start = lines.findIndex((line) => line.trim() !== "" && !HEADER.test(line.trim()));
  if (start < 0) return "";
  const rest = lines.slice(start);
  const blocks = blocksOf(rest.join("\n"));
  const last = blocks.open?.row ?? rest.length;
  const inside = new Set<number>();
  for (const { from, to } of blocks.closed) for (let row = from; row <= to; row++) inside.add(row);
  const end = rest.findIndex(
    (line, row) => row < last && !inside.has(row) && (/^#{2,6} /.test(line) || isTag(line)),
  );
  return (end < 0 ? rest : rest.slice(0, end)).join("\n").replace(LABEL, "").trim();
}

/** The sections of a response, and what was read out of them. */
export interface ResponseParts {
  /** Markdown of each section, without its tag; may be empty. */
  readonly reasoning: string;
  readonly implementation: string;
  readonly explanation: string;
  /** Python of the Implementation; several blocks are joined. */
  readonly code: string;
  /** Python of the Tests, without what repeats the code. */
  readonly tests: string;
  /** The function that the tests are about. */
  readonly entryPoint: string;
}

/**
 * I -> R: four sections, each once and in order; one program that parses, has no gaps and defines a function; one block of
 * tests with asserts that run and mention it. Text before the first tag and behind the block of tests is dropped.
 */
export function parseResponse(text: string): Parsed<ResponseParts> {
  if (text.trim() === "") return { reason: "empty", detail: "no response" };
  if (text.length > MAX_LENGTH) return { reason: "too-long", detail: `${text.length} characters` };
  const sections = readSections(lineEnds(text));
  if ("reason" in sections) return sections;
  const { Reasoning: reasoning, Implementation: implementation, Explanation: explanation } = sections.fields;
  const code = readCode(implementation);
  if ("reason" in code) return code;
  const tests = readTests(sections.fields.Tests, code.fields.code);
  if ("reason" in tests) return tests;
  return { fields: { reasoning, implementation, explanation, ...code.fields, ...tests.fields } };
}

function readSections(text: string): Parsed<Readonly<Record<SectionName, string>>> {
  const sections = sectionsOf(text);
  const names = sections.map(({ name }) => name);
  const missing = SECTIONS.filter((name) => !names.includes(name));
  if (missing.length > 0) return { reason: "missing-section", detail: missing.map(tagged).join(" ") };
  const repeated = SECTIONS.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated.length > 0) return { reason: "repeated-section", detail: repeated.map(tagged).join(" ") };
  if (names.some((name, at) => name !== SECTIONS[at]))
    return { reason: "section-order", detail: names.map(tagged).join(" ") };
  const unclosed = sections.find(({ name, text: part }) => name !== "Tests" && blocksOf(part).open);
  if (unclosed) return { reason: "unclosed-block", detail: tagged(unclosed.name) };
  const [Reasoning = "", Implementation = "", Explanation = "", Tests = ""] = sections.map(
    (part) => part.text,
  );
  return { fields: { Reasoning, Implementation, Explanation, Tests } };
}

function tagged(name: SectionName): string {
  return `[${name}]`;
}

/** Of several blocks those that parse; one that does not may be a sketch or a session. */
function readCode(implementation: string): Parsed<{ readonly code: string }> {
  const blocks = blocksOf(implementation).closed.filter(isPython).filter(hasText);
  if (blocks.length === 0) return { reason: "no-code", detail: "[Implementation] has no block of Python" };
  const flaws = blocks.map((block) => flawOf(block.text));
  const sound = blocks.filter((_, at) => flaws[at] === null);
  const flaw = flaws.find((found) => found?.reason === "placeholder") ?? flaws[0];
  if (flaw && (flaw.reason === "placeholder" || sound.length === 0))
    return { reason: flaw.reason, detail: `code, ${flaw.detail}` };
  const code = `${sound.map((block) => withoutMargins(block.text)).join("\n\n")}\n`;
  return functionNames(code).length === 0
    ? { reason: "no-function", detail: "no function at module level" }
    : { fields: { code } };
}

function readTests(
  section: string,
  code: string,
): Parsed<{ readonly tests: string; readonly entryPoint: string }> {
  const { closed, open } = blocksOf(section);
  const blocks = closed.filter(isPython);
  const count = blocks.length + (open && isPython(open) ? 1 : 0);
  if (count > 1) return { reason: "several-test-blocks", detail: `${count} blocks of Python` };
  const [block] = blocks;
  if (!block) {
    if (open) return { reason: "unclosed-block", detail: tagged("Tests") };
    return { reason: "no-tests", detail: "[Tests] has no block of Python" };
  }
  const flaw = flawOf(block.text);
  if (flaw) return { reason: flaw.reason, detail: `tests, ${flaw.detail}` };
  return judgeTests(ownTests(block.text, code), code);
}

function judgeTests(
  tests: string,
  code: string,
): Parsed<{ readonly tests: string; readonly entryPoint: string }> {
  const { asserts, live, names } = livenessOf(tests);
  if (asserts === 0) {
    const idle = unittestsIn(tests).find((name) => !names.has(name));
    return idle === undefined
      ? { reason: "no-tests", detail: "no assert statement" }
      : { reason: "tests-never-invoked", detail: `nothing runs ${idle}` };
  }
  if (live === 0) return { reason: "tests-never-invoked", detail: `none of ${asserts} asserts runs` };
  const redefined = redefinedIn(tests, code);
  if (redefined.length > 0) return { reason: "tests-redefine", detail: redefined.join(", ") };
  const functions = functionNames(code);
  const mentioned = functions.filter((name) => names.has(name));
  // One that is only handed on, as in `map(f, values)`, counts too.
  const entryPoint = mentioned.length === 0 ? undefined : (entryPointOf(code, tests) ?? mentioned.at(-1));
  return entryPoint === undefined
    ? { reason: "tests-do-not-call", detail: `no mention of ${functions.join(", ")}` }
    : { fields: { tests, entryPoint } };
}

function hasText({ text }: Block): boolean {
  return text.trim() !== "";
}

/** Line ends as Python reads them. */
function lineEnds(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

/** The beginning of a text, for a detail. */
function opening(text: string): string {
  const line = text.trim().split("\n", 1)[0] ?? "";
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
