// Decontamination by behaviour: a solution that passes all tests of a benchmark's problem solves it, whatever its names,
// its order and its words are. Solutions run in the sandbox only, against all problems whose tests call with as many
// arguments as they take, in one world. Nobody gains by a forged pass here, so that one world is enough; what a hostile
// solution can do is to be flagged, or to cost the few worlds that it may end.
import { readFile } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { sha1Of } from "../core/record.js";
import { readBenchmarkRows } from "../overlap/benchmarks.js";
import { loadGrammar } from "../python/syntax.js";
import type { JudgingSandbox, Outcome } from "../sandbox/sandbox.js";
import { arityOf, trialItem, type Arity, type TrialItem } from "./items.js";
import { readProblem, type Problem } from "./layouts.js";

/** A problem with tests, and its name. */
export interface NamedProblem extends Pick<Problem, "code" | "tests" | "entryPoint"> {
  /** E.g. `HumanEval/0`. */
  readonly item: string;
}

/** Says which problems a function solves. */
export interface Behaviour {
  /** Problems that functions are tried on. */
  readonly size: number;
  /** Tells two sets of problems apart. */
  readonly identity: string;
  /**
   * Names of the problems all of whose tests hold, in the order of the lists; none for a function that can't be called
   * by position. Problems are left out that functions pass which compute nothing, such as `lambda x: x`. Weak tests, as
   * MBPP's three asserts of true or false, may hold for a function of another purpose. Never throws for what the code does.
   */
  readonly solvedBy: (
    sandbox: Pick<JudgingSandbox, "judge">,
    solution: { readonly code: string; readonly entryPoint: string },
  ) => Promise<readonly string[]>;
}

/** Bumped by hand when the same problems may give other answers. */
const BEHAVIOUR_VERSION = 1;

/**
 * Events of tracing for the first assert, for all tests of a problem, and for a solution altogether. Of the 1,138 own
 * solutions of HumanEval and MBPP 1,133 need fewer than 10,000 for the first assert; 1,136 fewer than 430,000 for all, and
 * two that count to the millions (HumanEval/75, MBPP/123) too many.
 */
const EVENTS = [20_000, 500_000, 1_500_000] as const;
/** Seconds, of processor time where there is a clock of it, for all tests of a problem, and for a solution altogether. */
const SECONDS = [1, 4] as const;

/** Worlds that a solution may end before the rest of it is left untried. */
const MOST_LOST = 4;
/** Into so many the items are parted when their world ended, to tell the one that ended it from the others. */
const PARTS = 8;

/**
 * Opens benchmarks: paths of files in the layouts of `readProblem` that have tests (HumanEval, MBPP), or problems.
 * @throws InputError for a file that is not there, or a row without code and tests.
 */
export async function openBehaviour(sources: readonly (string | NamedProblem)[]): Promise<Behaviour> {
  await loadGrammar();
  const runner = await readFile(new URL("behaviour.py", import.meta.url), "utf8");
  const problems: NamedProblem[] = [];
  for (const source of sources)
    if (typeof source === "string") problems.push(...(await problemsIn(source)));
    else problems.push(source);
  const items = problems.flatMap((problem) => trialItem(problem.item, problem) ?? []);
  const facts = JSON.stringify([BEHAVIOUR_VERSION, runner, EVENTS, SECONDS, items]);
  return {
    size: items.length,
    identity: `${items.length} problems ${sha1Of(facts).slice(0, 16)}`,
    async solvedBy(sandbox, { code, entryPoint }) {
      const arity = arityOf(code, entryPoint);
      if (arity === null) return [];
      const candidates = [...items.keys()].filter((number) => fits(arity, items[number]));
      const judge = (numbers: readonly number[]): Promise<Outcome> => {
        const tests = script(runner, entryPoint, numbers, items);
        return sandbox.judge({ code, tests, entryPoint, mode: "one-world" });
      };
      const solved = await solvedAmong(candidates, judge);
      return solved.sort((a, b) => a - b).flatMap((number) => items[number]?.item ?? []);
    },
  };
}

async function problemsIn(file: string): Promise<NamedProblem[]> {
  const rows = await readBenchmarkRows(file);
  return rows.map(({ item, row, place }, at) => {
    const problem = readProblem(JSON.stringify(row), at + 1);
    const reason =
      "reason" in problem ? problem.reason : problem.tests === "" ? "the row has no tests" : null;
    if ("reason" in problem || reason !== null)
      throw new InputError(
        `benchmark file "${file}" ${place}: ${reason}; behaviour needs code and tests, as in HumanEval and MBPP`,
      );
    return { item, ...problem };
  });
}

function fits({ least, most }: Arity, item: TrialItem | undefined): boolean {
  return item?.counts.every((count) => least <= count && count <= most) ?? false;
}

/** What runs behind the solution: the runner, in a namespace that the solution's names don't reach into. */
function script(
  runner: string,
  entryPoint: string,
  numbers: readonly number[],
  items: readonly TrialItem[],
): string {
  const rows = numbers.flatMap((number) => {
    const item = items[number];
    return item === undefined ? [] : [[number, item.names, item.probe, item.setup, item.tests]];
  });
  const limits = `(${EVENTS.join(", ")}), (${SECONDS.join(", ")})`;
  return [
    "import builtins as __selfalign",
    `__selfalign_space = {"__name__": "trials", "__builtins__": __selfalign}`,
    `__selfalign.exec(${pythonText(runner)}, __selfalign_space)`,
    `__selfalign_space["try_all"](${pythonText(JSON.stringify(rows))}, __selfalign.globals().get(${pythonText(entryPoint)}), ${limits})`,
    "",
  ].join("\n");
}

/** JSON's escapes are Python's. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

/** Tries all in one world; where it ends without an answer, in smaller parts, until too many were lost. */
async function solvedAmong(
  candidates: readonly number[],
  judge: (numbers: readonly number[]) => Promise<Outcome>,
): Promise<number[]> {
  const solved: number[] = [];
  const parts = candidates.length > 0 ? [candidates] : [];
  let lost = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const outcome = await judge(part);
    const answer = answerOf(outcome);
    if (answer !== null) solved.push(...answer);
    else if (cantBeImported(outcome) || ++lost === MOST_LOST) break;
    else if (part.length > 1) parts.push(...parted(part));
  }
  return solved;
}

/** Such code is not tried again. */
function cantBeImported({ status, stage }: Outcome): boolean {
  return stage === "code" && status !== "sandbox-error";
}

/** The numbers that the runner told, or null where it did not get so far. */
function answerOf({ status, stage, message }: Outcome): number[] | null {
  const told = /^Solved(?:: ([\d ]+))?$/.exec(message ?? "");
  if (status !== "error" || stage !== "tests" || told === null) return null;
  return (told[1] ?? "").split(" ").filter(Boolean).map(Number);
}

function parted(numbers: readonly number[]): readonly (readonly number[])[] {
  const size = Math.ceil(numbers.length / PARTS);
  const count = Math.ceil(numbers.length / size);
  return Array.from({ length: count }, (_, at) => numbers.slice(at * size, (at + 1) * size));
}
