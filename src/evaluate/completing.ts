// From a task to what a base model is given, and from its completion back to a program. Stop strings are those after which
// nothing belongs to the answer any more, as the harnesses have them
// (https://github.com/bigcode-project/bigcode-evaluation-harness, https://github.com/evalplus/evalplus). Pure.
import type { EvaluationTask } from "./tasks.js";

/** What begins at the left margin behind a function that is complete. */
const BEHIND_A_FUNCTION = ["def ", "class ", "if ", "print(", "import ", "from ", "assert ", "@", "#", "```"];
/** An answer to a description may have imports and several functions. */
const BEHIND_A_PROGRAM = ['"""', "class ", "if ", "print(", "assert ", "```"];

/** Before the first of these a completion ends. */
export function stopsOf({ kind }: Pick<EvaluationTask, "kind">): readonly string[] {
  const beginnings = kind === "signature" ? BEHIND_A_FUNCTION : BEHIND_A_PROGRAM;
  return beginnings.map((text) => `\n${text}`);
}

/** The stop strings that end no completion of any of the tasks too early. */
export function stopsOfAll(tasks: readonly EvaluationTask[]): readonly string[] {
  const lists = [...new Set(tasks.map(({ kind }) => kind))].map((kind) => stopsOf({ kind }));
  return (lists[0] ?? []).filter((stop) => lists.every((stops) => stops.includes(stop)));
}

/**
 * What the model goes on from. A signature's ends without its newline: tokenizers join that with the indentation behind it,
 * and a prompt that ends in it asks for a token that models seldom saw.
 */
export function promptOf({ kind, prompt }: Pick<EvaluationTask, "kind" | "prompt">): string {
  return kind === "signature" ? prompt.trimEnd() : prompt;
}

/** The program that a model wrote: what it was given, and its completion up to the first stop string. */
export function programOf(task: EvaluationTask, completion: string): string {
  const ends = stopsOf(task)
    .map((stop) => completion.indexOf(stop))
    .filter((at) => at >= 0);
  const text = completion.slice(0, Math.min(completion.length, ...ends));
  return `${`${promptOf(task)}${text}`.trimEnd()}\n`;
}
