// Of the answers to one instruction: which are published, and which failing one stands beside the best as a lesson in what
// not to write. In: all validated rows of a reading, one after the other. Out: numbers of rows, the first being 0. Keeps
// a few numbers per row and no text.
import { InputError } from "../core/errors.js";
import { sha1Of } from "../core/record.js";
import type { Verdict, WithResult } from "../core/record.js";
import { VERDICTS } from "./stats.js";

/** The figures that decide among the answers to one instruction, larger is better but for the last two. */
export interface Merit {
  /** Place in `VERDICTS`, negated. */
  readonly verdict: number;
  /** Killed share of the mutants; -1 where none was tried. */
  readonly mutationScore: number;
  /** In nats; -Infinity where no model scored it. */
  readonly rmi: number;
  readonly overlap: number;
  /** Characters of the code. */
  readonly length: number;
  readonly index: number;
}

/** Verdicts of answers that may stand as rejected beside a verified one: it was the code that failed, when it was run. */
export const REJECTABLE: readonly Verdict[] = ["wrong", "error", "timeout", "memory", "flood", "vacuous"];

/** A published answer and a failing one to the same instruction, by their row numbers. */
export interface Match {
  readonly chosen: number;
  readonly rejected: number;
}

export interface Decision {
  /** True for the number of a row that is among the best of its instruction. */
  readonly isBest: (row: number) => boolean;
  /** At most one of each instruction. */
  readonly matches: readonly Match[];
}

export interface Contest {
  /** Looks at the next row; `passes` says whether it may be published. */
  enter(row: WithResult, passes: boolean): void;
  /** After the last row. */
  decide(): Decision;
}

interface Answer extends Merit {
  readonly row: number;
  readonly group: number;
  readonly passes: boolean;
  /** Tells texts of code apart. */
  readonly code: number;
}

/**
 * Opens a contest in which at most `perInstruction` answers of an instruction win.
 * @throws InputError where that is no whole number of at least 1.
 */
export function openContest(perInstruction = 1): Contest {
  if (!(Number.isInteger(perInstruction) && perInstruction >= 1))
    throw new InputError(`perInstruction must be a whole number of at least 1, not ${perInstruction}`);
  const groups = new Map<string, number>();
  const answers: Answer[] = [];
  let rows = 0;
  return {
    enter(row, passes) {
      const number = rows++;
      if (!passes && !REJECTABLE.includes(row.result.verdict)) return;
      const group = groups.get(row.group) ?? groups.size;
      groups.set(row.group, group);
      answers.push({ ...meritOf(row), row: number, group, passes, code: fingerprintOf(row.code) });
    },
    decide() {
      const best = new Uint8Array(rows);
      const matches: Match[] = [];
      for (const group of runsOf(answers.sort((a, b) => a.group - b.group || compareMerits(a, b)))) {
        const passing = group.filter(({ passes }) => passes);
        for (const { row } of passing.slice(0, perInstruction)) best[row] = 1;
        const match = matchOf(passing, group);
        if (match !== null) matches.push(match);
      }
      return { isBest: (row) => best[row] === 1, matches };
    },
  };
}

/** The figures of a row in the contest. */
export function meritOf({ result, metrics, code, index }: WithResult): Merit {
  return {
    verdict: -VERDICTS.indexOf(result.verdict),
    mutationScore: result.mutationScore ?? -1,
    rmi: metrics.rmi ?? -Infinity,
    overlap: metrics.overlap,
    length: code.length,
    index,
  };
}

/**
 * Negative where `a` is the better answer, never 0 for two answers to one instruction. Better verdict, then tests that
 * catch more mutants, then alignment (by a model's score where there is one), then brevity, then the earlier one.
 */
export function compareMerits(a: Merit, b: Merit): number {
  return (
    b.verdict - a.verdict ||
    b.mutationScore - a.mutationScore ||
    (a.rmi === b.rmi ? b.overlap - a.overlap : b.rmi - a.rmi) ||
    a.length - b.length ||
    a.index - b.index
  );
}

/**
 * The best answer, if it is verified, with the failing one whose code is nearest to it in length: of lengths as such there is
 * nothing to learn. Code that passed elsewhere under other tests is not called failing.
 */
function matchOf(passing: readonly Answer[], group: readonly Answer[]): Match | null {
  const [best] = passing;
  if (best?.verdict !== -VERDICTS.indexOf("verified")) return null;
  const passed = new Set(passing.map(({ code }) => code));
  const distance = ({ length }: Answer): number => Math.abs(length - best.length);
  const [nearest] = group
    .filter(({ passes, code }) => !passes && !passed.has(code))
    .sort((a, b) => distance(a) - distance(b) || a.index - b.index);
  return nearest === undefined ? null : { chosen: best.row, rejected: nearest.row };
}

/** 48 bits of the code's sha1: only the few answers to one instruction are compared. */
function fingerprintOf(code: string): number {
  return parseInt(sha1Of(code.trim()).slice(0, 12), 16);
}

/** Neighbours of the same group. */
function* runsOf(answers: readonly Answer[]): Generator<readonly Answer[]> {
  let start = 0;
  for (let end = 1; end <= answers.length; end++) {
    if (answers[end]?.group === answers[start]?.group) continue;
    yield answers.slice(start, end);
    start = end;
  }
}
