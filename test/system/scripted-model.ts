// A model made of rules: what it says depends on the prompt and the request's seed only. It recognises the step by the
// header that the prompt ends with, answers well, and now and then badly, in a way that it tells beforehand.
import { uniforms } from "../../src/core/random.js";
import { sha1Of } from "../../src/core/record.js";
import type { Step } from "../../src/instruct/stage.js";
import { FAMILY_NAMES, programIn, programOf, type Program } from "./scripted-python.js";

/** Ways in which an answer can be no use, and verdicts that code can earn other than `verified`. */
export const FAULTS = {
  concepts: ["empty", "not-a-list", "truncated", "refused"],
  instructions: [
    "empty",
    "too-long",
    "placeholder",
    "has-solution",
    "unclosed-block",
    "truncated",
    "refused",
  ],
  responses: [
    "empty",
    "too-long",
    "placeholder",
    "missing-section",
    "repeated-section",
    "section-order",
    "unclosed-block",
    "no-code",
    "no-function",
    "syntax-error",
    "several-test-blocks",
    "no-tests",
    "tests-never-invoked",
    "tests-do-not-call",
    "tests-redefine",
    "truncated",
    "refused",
    "wrong",
    "error",
    "timeout",
    "forbidden-import",
    "vacuous",
  ],
} as const satisfies Readonly<Record<Step, readonly string[]>>;

/** Of the faults of responses those that are seen only when the code is run. */
export const FAULTY_VERDICTS: readonly string[] = [
  "wrong",
  "error",
  "timeout",
  "forbidden-import",
  "vacuous",
];

/** What is to become of an answer: `good`, or one of the faults. */
export type Fate = "good" | (typeof FAULTS)[Step][number];

export interface Said {
  readonly step: Step;
  readonly fate: Fate;
  readonly text: string;
}

export interface Moods {
  /** Share of bad answers, by step. */
  readonly faulty: Readonly<Record<Step, number>>;
  /** Share of the timeouts that are drawn that are planted: each takes many seconds. The others are good answers. */
  readonly timeouts: number;
}

/** What the model says to a prompt of the set `starcoder2`; `refused` says nothing. */
export function say(prompt: string, seed: number, { faulty, timeouts }: Moods): Said {
  const { step, item } = questionIn(prompt);
  const next = uniforms(seed, sha1Of(prompt));
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T; // never empty
  const bad = next() < faulty[step];
  const drawn: Fate = pick<Fate>(FAULTS[step]);
  const spared = drawn === "timeout" && next() >= timeouts;
  const fate = bad && !spared ? drawn : "good";
  const text = SPEAKERS[step](fate, item, pick);
  return { step, fate, text: fate === "truncated" ? text.slice(0, text.length / 2) : text };
}

type Pick = <T>(items: readonly T[]) => T;

/** The step, and what stands in the last example. */
function questionIn(prompt: string): { step: Step; item: string } {
  const last = prompt.slice(prompt.lastIndexOf("## Example "));
  if (last.trimEnd().endsWith("### Concepts")) return { step: "concepts", item: last };
  if (last.includes("### Property")) return { step: "instructions", item: last };
  if (last.trimEnd().endsWith("### Response")) return { step: "responses", item: last };
  throw new Error(`no step of ours: ${last.slice(-200)}`);
}

const SPEAKERS: Readonly<Record<Step, (fate: Fate, item: string, pick: Pick) => string>> = {
  concepts: sayConcepts,
  instructions: sayInstruction,
  responses: sayResponse,
};

const HOW = ["nested", "lazy", "recursive", "stable", "in-place", "cumulative", "defensive", "tabular"];
const WHAT = ["iteration", "slicing", "string building", "arithmetic", "lookup", "sorting", "counting"];

function sayConcepts(fate: Fate, _: string, pick: Pick): string {
  if (fate === "empty") return "\n\n";
  if (fate === "not-a-list") return "This code goes through the values and keeps those that it likes.\n";
  const concepts = Array.from({ length: 3 }, () => `${pick(HOW)} ${pick(WHAT)}`);
  return `${[...concepts, `${pick(WHAT)} by rule ${digits(pick)}`].join(", ")}\n\n`;
}

const WHO = [
  "A library",
  "The post office",
  "A sailing club",
  "An observatory",
  "The town's bakery",
  "A choir",
];
const WHY = ["keeps its books", "plans the week", "answers letters", "counts its stock", "prints a list"];

function sayInstruction(fate: Fate, _: string, pick: Pick): string {
  const program = programOf(pick(FAMILY_NAMES), Number(digits(pick)));
  const parameter = /\((\w+)/.exec(program.code)?.[1] ?? "";
  const story = `${pick(WHO)} ${pick(WHY)} and is in need of a small program.`;
  const task = `${story} Write a function \`${program.name}(${parameter})\` that ${program.task}.`;
  if (fate === "empty") return "\n";
  if (fate === "too-long") return `${task}${" It goes on and on.".repeat(70)}\n`;
  if (fate === "placeholder") return "Write your instruction here.\n";
  if (fate === "has-solution") return `${task}\n\n\`\`\`python\n${program.code}\n\`\`\`\n`;
  if (fate === "unclosed-block") return `${task}\n\n\`\`\`python\n${program.name}([1])\n`;
  return `${task}\n\n`;
}

function sayResponse(fate: Fate, item: string, pick: Pick): string {
  const program = programIn(item);
  const code = codeOf(fate, program);
  const block =
    fate === "unclosed-block" ? `\`\`\`python\n${code}` : fenced(code, fate === "no-code" ? "" : "python");
  const reasoning = `One pass is enough, ${pick(["step by step", "with care", "from the left"])}.`;
  const explanation = `It ${program.task}.${fate === "too-long" ? " And so on.".repeat(2_000) : ""}`;
  const sections = [
    ["Reasoning", reasoning],
    ["Implementation", block],
    ["Explanation", explanation],
    ["Tests", testsOf(fate, program)],
  ].map(([name, text]) => `[${name}]\n${text}\n`);
  const [first = "", second = "", third = "", fourth = ""] = sections;
  if (fate === "empty") return "   \n";
  if (fate === "missing-section") return [first, second, fourth].join("\n");
  if (fate === "repeated-section") return [first, second, third, third, fourth].join("\n");
  if (fate === "section-order") return [first, third, second, fourth].join("\n");
  return sections.join("\n");
}

function codeOf(fate: Fate, { name, code }: Program): string {
  const [head = "", ...rest] = code.split("\n");
  const begun = (line: string): string => [head, rest[0], `    ${line}`, ...rest.slice(1)].join("\n");
  if (fate === "placeholder") return begun("# TODO: the rest");
  if (fate === "no-function") return `${name} = 1`;
  if (fate === "syntax-error") return code.replace("def ", "define ");
  if (fate === "error") return begun('raise KeyError("planted")');
  if (fate === "timeout") return begun("while True: pass");
  if (fate === "forbidden-import") return `import socket\n\n\n${code}`;
  return code;
}

function testsOf(fate: Fate, { name, asserts }: Program): string {
  const all = asserts.join("\n");
  const [first = ""] = asserts;
  const call = first.slice("assert ".length, first.lastIndexOf(" == "));
  if (fate === "several-test-blocks") return `${fenced(all)}\n\n${fenced(first)}`;
  if (fate === "no-tests") return "Try it with a few values.";
  if (fate === "tests-never-invoked")
    return fenced(`def test_it():\n${asserts.map((line) => `    ${line}`).join("\n")}`);
  if (fate === "tests-do-not-call") return fenced("assert 1 + 1 == 2");
  if (fate === "tests-redefine") return fenced(`def ${name}(value):\n    return value\n\n\n${all}`);
  if (fate === "wrong") return fenced(`${all}\nassert ${call} == "something else"`);
  if (fate === "vacuous") return fenced(`assert ${call} == ${call}`);
  return fenced(all);
}

function fenced(text: string, language = "python"): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

const DIGITS = "0123456789".split("");

function digits(pick: Pick): string {
  return ["1", ...Array.from({ length: 6 }, () => pick(DIGITS))].join("");
}
