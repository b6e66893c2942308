// Problems that models are judged by, from files in the layouts in which they are published, told apart by their fields:
// HumanEval (https://github.com/openai/human-eval), MBPP and its sanitised edition
// (https://github.com/google-research/google-research/tree/master/mbpp), DS-1000 (https://github.com/xlang-ai/DS-1000).
// JSON lines or one JSON array, gzip allowed. A row that is none of these is the caller's mistake.
import path from "node:path";
import { isRecord } from "../core/json.js";
import { readJsonRows } from "../core/jsonrows.js";
import { InputError } from "../core/errors.js";
import type { Described } from "./ngrams.js";

/** One problem with its reference solution. */
export interface BenchmarkItem extends Described {
  /** Name of the list. */
  readonly benchmark: string;
  /** Name of the problem, e.g. `HumanEval/0`, `MBPP/11`. */
  readonly item: string;
}

/** A row of a benchmark's file as it stands there. */
export interface BenchmarkRow {
  readonly benchmark: string;
  /** As in `BenchmarkItem`. */
  readonly item: string;
  readonly row: Readonly<Record<string, unknown>>;
  /** Where it stands in the file, e.g. `line 3`. */
  readonly place: string;
}

/**
 * The problems of a file; `benchmark` is by default the file's name without its endings.
 * @throws InputError where there is no such file, or a row is in none of the layouts.
 */
export async function readBenchmark(file: string, benchmark?: string): Promise<BenchmarkItem[]> {
  const rows = await readBenchmarkRows(file, benchmark);
  return rows.map(({ benchmark: name, item, row, place }) => {
    const described = describedOf(row);
    if (described === null) throw unknownLayout(file, place);
    return { benchmark: name, item, ...described };
  });
}

/**
 * The rows of a benchmark's file, whatever their fields.
 * @throws InputError where there is no such file, it has no rows, or one of them is not a JSON object.
 */
export async function readBenchmarkRows(file: string, benchmark?: string): Promise<BenchmarkRow[]> {
  const name = benchmark ?? path.basename(file).replace(/(?:\.jsonl?)?(?:\.gz)?$/, "");
  const rows = await readJsonRows(file, "benchmark file");
  if (rows.length === 0) throw new InputError(`benchmark file "${file}" has no rows: name one with problems`);
  return rows.map(({ row, place }, at) => {
    if (row === undefined)
      throw new InputError(`benchmark file "${file}" ${place} is not JSON: restore the file`);
    if (!isRecord(row)) throw unknownLayout(file, place);
    return { benchmark: name, item: itemName(row, name, at), row, place };
  });
}

function unknownLayout(file: string, place: string): InputError {
  return new InputError(
    `benchmark file "${file}" ${place}: expected "prompt" and "canonical_solution" (HumanEval), "text" or ` +
      `"prompt" and "code" (MBPP), or "prompt" and "reference_code" (DS-1000)`,
  );
}

type Fields = Readonly<Record<string, unknown>>;

function describedOf(row: Fields): Described | null {
  const { prompt, canonical_solution: canonical, reference_code: reference, code } = row;
  const description = prompt ?? row["text"];
  if (typeof description !== "string") return null;
  if (typeof canonical === "string")
    return { code: unixLines(description + canonical), docstring: lastDocstring(description) };
  if (typeof reference === "string") return { code: unixLines(reference), docstring: question(description) };
  return typeof code === "string" ? { code: unixLines(code), docstring: description } : null;
}

function unixLines(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

/** The function to complete comes last in a prompt of HumanEval, helpers before it. */
function lastDocstring(prompt: string): string {
  return [...prompt.matchAll(/("""|''')([\s\S]*?)\1/g)].at(-1)?.[2] ?? "";
}

/** The words of a DS-1000 prompt, without the code to be completed. */
function question(prompt: string): string {
  return (prompt.split(/^A:\s*$/m)[0] ?? "")
    .replace(/^\s*Problem:/, "")
    .replace(/<code>[\s\S]*?<\/code>/g, " ");
}

function itemName(row: Fields, benchmark: string, at: number): string {
  const metadata = isRecord(row["metadata"]) ? row["metadata"] : {};
  const id = row["task_id"] ?? metadata["problem_id"] ?? at;
  const name = typeof id === "string" || typeof id === "number" ? String(id) : String(at);
  return name.includes("/") ? name : `${benchmark}/${name}`;
}
