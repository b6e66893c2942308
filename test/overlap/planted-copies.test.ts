// Copies of real problems, disguised in the ways in which they turn up in the wild. The problems lie outside the repository.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { shuffled, uniforms } from "../../src/core/random.js";
import { openDecontamination, type Decontamination } from "../../src/overlap/decontaminate.js";
import { functionsOf } from "../../src/python/functions.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { renamed, respaced } from "./disguises.js";

const folder = path.resolve(import.meta.dirname, "../../../shared/data/benchmarks");
const present = existsSync(folder);
if (!present) console.warn(`skipped: '${folder}' is not there`);

interface Problem {
  readonly item: string;
  readonly code: string;
  readonly description: string;
}

let problems: Problem[] = [];
let decontamination: Decontamination;

beforeAll(async () => {
  await loadGrammar();
  decontamination = await openDecontamination();
  if (present) problems = [...humanEval(), ...mbpp()];
});

function rowsOf(text: string): Record<string, string>[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
}

function humanEval(): Problem[] {
  const text = gunzipSync(readFileSync(path.join(folder, "HumanEval.jsonl.gz"))).toString("utf8");
  return rowsOf(text).map(
    ({ task_id: item = "", prompt = "", canonical_solution: end = "", entry_point }) => {
      const code = prompt + end;
      const tree = parsePython(code);
      const own = tree && functionsOf(tree, code).find(({ name }) => name === entry_point);
      return { item, code, description: own?.docstring ?? "" };
    },
  );
}

function mbpp(): Problem[] {
  const rows = rowsOf(readFileSync(path.join(folder, "mbpp.jsonl"), "utf8"));
  return rows.map(({ task_id, code = "", text = "" }) => ({
    item: `MBPP/${String(task_id)}`,
    code: code.replaceAll("\r", ""),
    description: text,
  }));
}

/** 200 problems of the 1,138, others for each disguise. */
function sample(disguise: string): Problem[] {
  return shuffled(problems, uniforms(11, disguise)).slice(0, 200);
}

/** A call of no consequence after every third line that ends a simple statement. */
function edited(code: string): string {
  let statements = 0;
  return code.replace(/^([ \t]+)(.*[^:,\\([{\s])[ \t]*$/gm, (line: string, indent: string) =>
    ++statements % 3 === 0 ? `${line}\n${indent}trace("${statements}")` : line,
  );
}

/** The description alone, other lines and letters, over code that has nothing to do with it. */
function docstringOnly({ description }: Problem): string {
  const words = description.split(/\s+/).filter((word) => word !== "");
  const lines = words.map((word, at) => (at % 7 === 6 ? `${word}\n` : `${word} `));
  const text = lines.join("").trim();
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** How many are found, and how many under their own name: some problems of MBPP share a solution. */
function found(
  disguise: string,
  hide: (problem: Problem) => { code: string; docstring: string | null },
): { copies: number; named: number } {
  const hits = sample(disguise).map((problem) => ({ problem, hit: decontamination.check(hide(problem)) }));
  const missed = hits.filter(({ hit }) => hit === null).map(({ problem }) => problem.item);
  const named = hits.filter(({ problem, hit }) => hit?.item === problem.item).length;
  console.log(
    `${disguise}: ${200 - missed.length} of 200 found, ${named} by name; missed: ${missed.join(" ") || "none"}`,
  );
  return { copies: 200 - missed.length, named };
}

describe.runIf(present)("of 200 planted problems", () => {
  it("finds those under other names", () => {
    const { copies, named } = found("renamed", (problem) => ({
      code: renamed(problem.code),
      docstring: null,
    }));
    expect(copies).toBeGreaterThanOrEqual(198);
    expect(named).toBeGreaterThanOrEqual(180);
  });

  it("finds most of those under other names with lines put in", () => {
    const { copies } = found("edited", (problem) => ({
      code: edited(renamed(problem.code)),
      docstring: null,
    }));
    expect(copies).toBeGreaterThanOrEqual(185);
  });

  it("finds those with other white space", () => {
    const { copies, named } = found("respaced", (problem) => ({
      code: respaced(problem.code),
      docstring: null,
    }));
    expect(copies).toBeGreaterThanOrEqual(198);
    expect(named).toBeGreaterThanOrEqual(180);
  });

  it("finds those of which only the description was taken", () => {
    const code = "def unrelated(stream):\n    return stream.readline().rstrip().partition('|')\n";
    const { copies, named } = found("docstring", (problem) => ({ code, docstring: docstringOnly(problem) }));
    expect(copies).toBeGreaterThanOrEqual(198);
    expect(named).toBeGreaterThanOrEqual(190);
  });
});
