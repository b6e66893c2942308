// Tasks that models are evaluated on, from files in the layouts in which they are published, told apart by their fields:
// HumanEval (https://github.com/openai/human-eval), MBPP and its sanitised edition
// (https://github.com/google-research/google-research/tree/master/mbpp), and EvalPlus's HumanEval+ and MBPP+
// (https://github.com/evalplus/evalplus). In: a file. Out: tasks; what is none is counted by its reason. Runs nothing.
import { readFile } from "node:fs/promises";
import { isRecord } from "../core/json.js";
import { readJsonRows, type JsonRow } from "../core/jsonrows.js";
import { entryPointOf } from "../validate/entry.js";

export interface EvaluationTask {
  /** As EvalPlus names it, e.g. `HumanEval/0`, `Mbpp/2`. */
  readonly id: string;
  /** `signature`: the prompt ends inside a function; `description`: it is a docstring with an example of use. */
  readonly kind: "signature" | "description";
  /** What a given completion is appended to. */
  readonly prompt: string;
  /** Python that runs after the solution. */
  readonly tests: string;
  /** Null where none can be told. */
  readonly entryPoint: string | null;
}

/** Why a row is no task. */
export type NoTask =
  "not-json" | "not-an-object" | "unknown-layout" | "wrong-field" | "needs-types" | "repeated-id";

export interface Tasks {
  /** In the order of the file. */
  readonly tasks: readonly EvaluationTask[];
  /** Rows that are none, by reason. */
  readonly dropped: Readonly<Partial<Record<NoTask, number>>>;
}

/**
 * Reads a file of tasks: JSON lines or one JSON array, gzip allowed. Needs `loadGrammar` first.
 * @throws InputError where it can't be read.
 */
export async function readTasks(file: string): Promise<Tasks> {
  const differential = await readFile(new URL("differential.py", import.meta.url), "utf8");
  const tasks = new Map<string, EvaluationTask>();
  const dropped: Partial<Record<NoTask, number>> = {};
  for (const row of await readJsonRows(file, "task file")) {
    const read = taskOf(row, differential);
    const task = typeof read !== "string" && tasks.has(read.id) ? "repeated-id" : read;
    if (typeof task === "string") dropped[task] = (dropped[task] ?? 0) + 1;
    else tasks.set(task.id, task);
  }
  return { tasks: [...tasks.values()], dropped };
}

type Row = Readonly<Record<string, unknown>>;

function taskOf({ row, text }: JsonRow, differential: string): EvaluationTask | NoTask {
  if (row === undefined) return "not-json";
  if (!isRecord(row)) return "not-an-object";
  if (row["base_input"] !== undefined) return fromInputs(row, text, differential);
  if (row["test_list"] !== undefined) return mbpp(row);
  return row["test"] === undefined ? "unknown-layout" : humanEval(row);
}

function humanEval(row: Row): EvaluationTask | NoTask {
  const { task_id: id, prompt, test, entry_point: entryPoint } = row;
  if (typeof id !== "string" || typeof prompt !== "string" || typeof test !== "string") return "wrong-field";
  if (!isName(entryPoint)) return "wrong-field";
  return { id, kind: "signature", prompt, tests: `${test}\n\ncheck(${entryPoint})\n`, entryPoint };
}

/** EvalPlus's own files. MBPP+'s inputs became lists where they were tuples and sets, and its rows don't say where. */
function fromInputs(row: Row, text: string, differential: string): EvaluationTask | NoTask {
  const { task_id: id, prompt, canonical_solution: reference, entry_point: entryPoint } = row;
  if (typeof id !== "string" || typeof prompt !== "string" || typeof reference !== "string")
    return "wrong-field";
  if (/^mbpp\//i.test(id)) return "needs-types";
  const { base_input: base, plus_input: plus, atol } = row;
  if (!isName(entryPoint) || !Array.isArray(base) || !Array.isArray(plus) || typeof atol !== "number")
    return "wrong-field";
  // JSON's escapes are Python's.
  const tests = `${differential}\n\ncheck_row(${JSON.stringify(text)}, ${entryPoint})\n`;
  return { id, kind: "signature", prompt, tests, entryPoint };
}

/** MBPP's prompt is the docstring that InCoder gave its models (https://arxiv.org/abs/2204.05999): words and one assert. */
function mbpp(row: Row): EvaluationTask | NoTask {
  const { task_id: given, code, test } = row;
  const words = row["text"] ?? row["prompt"];
  const asserts = linesOf(row["test_list"]);
  const setup = [linesOf(row["test_imports"] ?? []), linesOf(row["test_setup_code"] ?? "")];
  if (typeof given !== "number" && typeof given !== "string") return "wrong-field";
  if (typeof words !== "string" || asserts === null || setup.includes(null)) return "wrong-field";
  const example = asserts[0];
  if (example === undefined) return "wrong-field";
  const id = typeof given === "number" || /^\d+$/.test(given) ? `Mbpp/${given}` : given;
  // The Hub's MBPP+ has more tests, as code.
  const body = typeof test === "string" ? [test] : asserts;
  const tests = `${[...setup.flatMap((lines) => lines ?? []), ...body].join("\n")}\n`;
  const entryPoint = typeof code === "string" ? entryPointOf(code, asserts.join("\n")) : null;
  return {
    id,
    kind: "description",
    prompt: `"""\n${words.trim()}\n${example.trim()}\n"""\n`,
    tests,
    entryPoint,
  };
}

/** Texts of a list, or the one text; null for anything else. Blank ones are left out. */
function linesOf(value: unknown): readonly string[] | null {
  const lines: unknown[] = Array.isArray(value) ? value : [value];
  const texts = lines.filter((line) => typeof line === "string");
  return texts.length === lines.length ? texts.filter((line) => line.trim() !== "") : null;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && /^[\p{L}_][\p{L}\p{N}_]*$/u.test(value);
}
