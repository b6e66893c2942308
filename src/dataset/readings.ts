// The two readings of the validated rows. The first looks at all of them and keeps numbers only: which are published, which
// part of the dataset each belongs to, which failing one stands beside which. The second passes on what is published. Both
// are streams over the same rows in the same order.
import type { WithResult, WithSplit } from "../core/record.js";
import { openContest, type Match } from "./best.js";
import type { Likeness } from "./copies.js";
import { refusal, type SelectOptions, type SelectReason } from "./select.js";
import { openDivision, type Divided, type SplitOptions } from "./splits.js";

type Rows = AsyncIterable<WithResult> | Iterable<WithResult>;

export interface SurveyOptions extends SelectOptions, SplitOptions {
  /** Answers published of one instruction, at most; default 1. */
  readonly perInstruction?: number;
  /** Asked once it is known which rows may be published: which of those are copies, or alike; default none. */
  readonly likeness?: (refusalOf: Survey["refusalOf"]) => Promise<Likeness>;
}

const NOTHING_ALIKE: Likeness = { copies: new Map(), clusters: new Map() };

/** What the first reading found out, by the numbers of its rows from 0. */
export interface Survey extends Divided {
  /** Why a row is not published, or null. */
  readonly refusalOf: (row: WithResult, number: number) => SelectReason | null;
  /** Of what the rows are copies that are left out for that. */
  readonly copies: Likeness["copies"];
  /** A published answer and a failing one of the same instruction. */
  readonly matches: readonly Match[];
}

/** Reads all rows once. */
export async function survey(rows: Rows, options: SurveyOptions = {}): Promise<Survey> {
  const { perInstruction, likeness = () => Promise.resolve(NOTHING_ALIKE) } = options;
  const contest = openContest(perInstruction);
  const division = openDivision(options);
  for await (const row of rows) {
    const { repository, path } = row.provenance;
    contest.enter(row, refusal(row, options) === null);
    division.add({ repository, path });
  }
  const { isBest, matches } = contest.decide();
  const refusalBefore: Survey["refusalOf"] = (row, number) =>
    refusal(row, options) ?? (isBest(number) ? null : "not-the-best");
  const { copies, clusters } = await likeness(refusalBefore);
  return {
    ...division.divide((row) => isBest(row) && !copies.has(row), clusters),
    copies,
    matches: matches.filter(({ chosen }) => !copies.has(chosen)),
    refusalOf: (row, number) => refusalBefore(row, number) ?? copies.get(number)?.reason ?? null,
  };
}

export interface Selection {
  /** The rows to publish, in the order of the input, as they come. */
  readonly rows: AsyncGenerator<WithSplit>;
  /** How many rows left for which reason; complete when `rows` has ended. */
  readonly left: ReadonlyMap<SelectReason, number>;
}

/** Reads the same rows again: those to publish, and counts of the others; holds no row back. */
export function select(rows: Rows, { refusalOf, splitOf }: Survey): Selection {
  const left = new Map<SelectReason, number>();
  const kept = async function* (): AsyncGenerator<WithSplit> {
    let number = 0;
    for await (const row of rows) {
      const reason = refusalOf(row, number);
      if (reason === null) yield { ...row, split: splitOf(number) };
      else left.set(reason, (left.get(reason) ?? 0) + 1);
      number++;
    }
  };
  return { rows: kept(), left };
}
