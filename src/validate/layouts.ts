// One line of a JSONL file of problems, whoever made it: our own rows, code with tests, HumanEval's, MBPP's. In: a line of
// text. Out: code, tests and the function they are about, or the reason why the line is not understood. Runs nothing.
// HumanEval: https://arxiv.org/abs/2107.03374, MBPP: https://arxiv.org/abs/2108.07732. Needs `loadGrammar` first.
import { isRecord } from "../core/json.js";
import type { TestOrigin } from "../core/record.js";
import { entryPointOf } from "./entry.js";

/** As it stands in the row, or the number of its line; it need not be the only one of its name. */
export type ProblemId = string | number;

export interface Problem {
  readonly id: ProblemId;
  readonly code: string;
  /** Empty where there are none. */
  readonly tests: string;
  readonly entryPoint: string | null;
  /** `recorded` where the row says that its tests are; else they are somebody's, and count as an author's. */
  readonly origin: TestOrigin;
}

/** A line that holds no problem, and why. */
export interface NoProblem {
  readonly id: ProblemId;
  readonly reason: string;
}

/** Reads line number `line` (from 1) of a file. */
export function readProblem(text: string, line: number): Problem | NoProblem {
  const row = rowOf(text);
  if (row === null) return { id: line, reason: "the line is not a JSON object" };
  const id = idOf(row) ?? line;
  const parts = LAYOUTS.find(({ fits }) => fits.every((name) => row[name] !== undefined))?.read(row);
  if (parts === undefined)
    return { id, reason: "the row has none of the fields code, response, test_list, or prompt with test" };
  if (typeof parts === "string") return { id, reason: parts };
  const { code, tests } = parts;
  if (code.trim() === "") return { id, reason: "the row's code is empty" };
  const entryPoint = named(row) ?? entryPointOf(code, tests);
  return { id, code, tests, entryPoint, origin: areRecorded(row) ? "recorded" : "author" };
}

type Row = Readonly<Record<string, unknown>>;

/** Code and tests, or the reason why a row of this layout has none. */
type Parts = { readonly code: string; readonly tests: string } | string;

interface Layout {
  /** A row that has these fields is of this layout. */
  readonly fits: readonly string[];
  readonly read: (row: Row) => Parts;
}

/** The first that fits counts. */
const LAYOUTS: readonly Layout[] = [
  { fits: ["prompt", "test", "entry_point"], read: humanEval },
  { fits: ["code", "test_list"], read: mbpp },
  { fits: ["code"], read: ({ code, tests }) => partsOf("code", code, tests) },
  {
    fits: ["response"],
    read: ({ response, tests }) =>
      partsOf("response", typeof response === "string" ? codeIn(response) : response, tests),
  },
];

function humanEval(row: Row): Parts {
  const { prompt, test, entry_point: entryPoint } = row;
  const answer = row["canonical_solution"] ?? row["completion"] ?? row["solution"];
  if (typeof prompt !== "string" || typeof test !== "string") return "prompt and test must be text";
  if (typeof answer !== "string") return "the row has no canonical_solution, completion or solution";
  if (typeof entryPoint !== "string" || !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(entryPoint))
    return `entry_point ${JSON.stringify(entryPoint)} is not the name of a function`;
  return { code: prompt + answer, tests: `${test}\n\ncheck(${entryPoint})\n` };
}

function mbpp(row: Row): Parts {
  const setup = [row["test_imports"] ?? [], row["test_setup_code"] ?? "", row["test_list"]].map(textOf);
  if (setup.some((part) => part === null))
    return "test_list, test_imports and test_setup_code must be text or lists of text";
  return partsOf("code", row["code"], setup.filter((part) => part !== "").join("\n"));
}

function partsOf(name: string, code: unknown, tests: unknown): Parts {
  if (typeof code !== "string") return `${name} must be text`;
  const text = textOf(tests ?? "");
  return text === null ? "tests must be text or a list of text" : { code, tests: text };
}

/** Text, or the lines of a list of text (or of our tests, whose text is their `source`); null for anything else. */
function textOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const parts = value.map((part: unknown) => (isRecord(part) ? part["source"] : part));
  return parts.every((part) => typeof part === "string")
    ? parts.map((part) => `${part.trimEnd()}\n`).join("")
    : null;
}

/** The first block of Python in Markdown, or the first block, or the whole where there is none. */
function codeIn(response: string): string {
  const blocks = [...response.matchAll(/^```[ \t]*(\w*)[^\n]*\n([\s\S]*?)^```[ \t]*$/gm)];
  const block = blocks.find(([, language = ""]) => /^(?:python3?|py)$/i.test(language)) ?? blocks[0];
  return block?.[2] ?? response;
}

function rowOf(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function idOf(row: Row): ProblemId | null {
  const id = row["id"] ?? row["task_id"] ?? row["name"];
  return typeof id === "string" || typeof id === "number" ? id : null;
}

function named(row: Row): string | null {
  const name = row["entry_point"] ?? row["entryPoint"];
  return typeof name === "string" && name !== "" ? name : null;
}

/** True for rows of our own whose tests only repeat what the code did once. */
function areRecorded({ verdict, tests }: Row): boolean {
  if (!Array.isArray(tests)) return verdict === "recorded";
  return tests.length > 0 && tests.every((test: unknown) => isRecord(test) && test["origin"] === "recorded");
}
