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
  /** After the last row; ends the contest. */
  decide(): Decision;
}

interface Answer extends Merit {
  readonly row: number;
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
  /** Answers as plain numbers, one after the other: an object each would take three times as much. */
  const stored: number[] = [];
  let rows = 0;
  return {
    enter(row, passes) {
      const number = rows++;
      if (!passes && !REJECTABLE.includes(row.result.verdict)) return;
      const group = groups.get(row.group) ?? groups.size;
      groups.set(row.group, group);
      const { verdict, mutationScore, rmi, overlap, length, index } = meritOf(row);
      const code = fingerprintOf(row.code);
      stored.push(group, number, Number(passes), code, verdict, mutationScore, rmi, overlap, length, index);
    },
    decide() {
      const best = new Uint8Array(rows);
      const matches: Match[] = [];
      for (const answers of groupsIn(stored)) {
        const passing = answers.filter(({ passes }) => passes);
        for (const { row } of passing.slice(0, perInstruction)) best[row] = 1;
        const match = matchOf(passing, answers);
        if (match !== null) matches.push(match);
      }
      groups.clear();
      stored.length = 0;
      return { isBest: (row) => best[row] === 1, matches };
    },
  };
}

/** Numbers stored of an answer. */
const WIDTH = 10;

/** The answers to each instruction, the best first. */
function* groupsIn(stored: readonly number[]): Generator<readonly Answer[]> {
  const groupOf = (answer: number): number => stored[answer * WIDTH] ?? -1;
  const byGroup = Uint32Array.from({ length: stored.length / WIDTH }, (_, answer) => answer).sort(
    (a, b) => groupOf(a) - groupOf(b),
  );
  let answers: Answer[] = [];
  let open = -1;
  for (const answer of byGroup) {
    if (groupOf(answer) !== open) {
      if (answers.length > 0) yield answers.sort(compareMerits);
      answers = [];
      open = groupOf(answer);
    }
    answers.push(answerFrom(stored.slice(answer * WIDTH, (answer + 1) * WIDTH)));
  }
  if (answers.length > 0) yield answers.sort(compareMerits);
}

function answerFrom([, row = 0, passes, code = 0, ...merit]: readonly number[]): Answer {
  const [verdict = 0, mutationScore = 0, rmi = 0, overlap = 0, length = 0, index = 0] = merit;
  return { row, passes: passes === 1, code, verdict, mutationScore, rmi, overlap, length, index };
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
