// The worked examples that a prompt shows: one YAML file each, written by people. From code to concepts, from concepts to
// a task, from the task to a checked answer. What is here is only their form; that they are true is checked by
// scripts/check-prompts.mjs, in the sandbox.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { readFields } from "./yaml.js";

export const DIFFICULTIES = ["easy", "medium", "hard"] as const;
export type Difficulty = (typeof DIFFICULTIES)[number];

export interface WorkedExample {
  /** The file's name without its ending. */
  readonly name: string;
  /** Python that inspires. */
  readonly snippet: string;
  /** What the snippet shows. */
  readonly concepts: readonly string[];
  /** Kind of task, e.g. `code generation (function implementation)`. */
  readonly category: string;
  readonly language: string;
  readonly difficulty: Difficulty;
  /** A task that the concepts inspired, not the snippet's. */
  readonly instruction: string;
  readonly reasoning: string;
  /** Python of the answer, without a fence. */
  readonly implementation: string;
  readonly explanation: string;
  /** Python: asserts that call the function. */
  readonly tests: string;
}

/** A text and where it came from, for the identity of what is made of it. */
export interface NamedText {
  /** Path below the folder, `/`-separated. */
  readonly name: string;
  readonly text: string;
}

const FIELDS = [
  "snippet",
  "concepts",
  "category",
  "language",
  "difficulty",
  "instruction",
  "reasoning",
  "implementation",
  "explanation",
  "tests",
] as const;

/** Concepts from a comma-separated list. */
function conceptsIn(list: string): string[] {
  return list
    .split(",")
    .map((concept) => concept.trim())
    .filter((concept) => concept !== "");
}

/**
 * The example of a file's text; `file` is what errors call it.
 * @throws InputError naming file and field.
 */
export async function readExample(file: string, text: string): Promise<WorkedExample> {
  const fields = await readFields(file, text, FIELDS);
  const code = (name: "snippet" | "implementation" | "tests"): string => {
    const source = fields.text(name);
    if (source.includes("```"))
      throw fields.refusal(name, "expected Python without fences; the template adds them");
    return source;
  };
  const concepts = conceptsIn(fields.text("concepts"));
  if (new Set(concepts).size < concepts.length)
    throw fields.refusal("concepts", "one is named twice; drop it");
  const tests = code("tests");
  if (!/^assert\b/m.test(tests)) throw fields.refusal("tests", "expected asserts that call the function");
  return {
    name: path.basename(file, ".yaml"),
    snippet: code("snippet"),
    concepts,
    category: fields.text("category"),
    language: fields.text("language"),
    difficulty: fields.choice("difficulty", DIFFICULTIES),
    instruction: fields.text("instruction"),
    reasoning: fields.text("reasoning"),
    implementation: code("implementation"),
    explanation: fields.text("explanation"),
    tests,
  };
}

/**
 * The `.yaml` files of a folder, by name; line ends are made `\n`.
 * @throws InputError where there is no such folder, or none of them in it.
 */
export async function readExamples(
  folder: string,
): Promise<{ examples: WorkedExample[]; texts: NamedText[] }> {
  const listed = await readdir(folder).catch((cause: unknown) => {
    throw new InputError(`examples folder "${folder}" can't be read: name one with .yaml files`, { cause });
  });
  const files = listed.filter((file) => file.endsWith(".yaml")).sort();
  if (files.length === 0)
    throw new InputError(`examples folder "${folder}" has no .yaml files: add examples`);
  const texts = await Promise.all(
    files.map(async (name) => ({ name, text: await readText(path.join(folder, name)) })),
  );
  const examples = await Promise.all(
    texts.map(({ name, text }) => readExample(path.join(folder, name), text)),
  );
  return { examples, texts };
}

/**
 * A text file with `\n` line ends.
 * @throws InputError where it can't be read.
 */
export async function readText(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new InputError(`"${file}" can't be read: a prompt set needs it`, { cause });
  });
  return text.replaceAll("\r\n", "\n");
}
