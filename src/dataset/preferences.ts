// Preference pairs: a verified answer and one to the same instruction that failed. In: the validated rows once more, and
// who stands beside whom. Out: pairs, in the order in which the later half of each comes. Holds the text of those halves whose other
// half is yet to come.
import path from "node:path";
import { writeRows } from "../core/files.js";
import type { Split, WithResult } from "../core/record.js";
import type { Match } from "./best.js";
import { wellFormed } from "./columns.js";
import type { Survey } from "./readings.js";

export const PREFERENCES_FILE = "preference_pairs.jsonl";

/** One line of `preference_pairs.jsonl`. */
export interface PreferencePair {
  /** The instruction, without tests that belong to one of the answers. */
  readonly prompt: string;
  /** The published response. */
  readonly chosen: string;
  /** A response whose code failed. */
  readonly rejected: string;
  /** The verdict on the rejected one, and what was seen, e.g. `wrong: double(2) == 4`. */
  readonly reason: string;
  /** Of the published row. */
  readonly fingerprint: string;
  readonly split: Split;
}

/** The pairs of a survey, from another reading of its rows. */
export async function* preferencePairs(
  rows: AsyncIterable<WithResult> | Iterable<WithResult>,
  { matches, splitOf }: Survey,
): AsyncGenerator<PreferencePair> {
  const waiting = new Map<number, Match>();
  for (const match of matches) waiting.set(match.chosen, match).set(match.rejected, match);
  const halves = new Map<Match, Half>();
  let number = -1;
  for await (const row of rows) {
    number++;
    const match = waiting.get(number);
    if (match === undefined) continue;
    waiting.delete(number);
    const half = { text: wellFormed(row.response), key: row.key, reason: wellFormed(reasonOf(row)) };
    const other = halves.get(match);
    if (other === undefined) {
      halves.set(match, half);
      continue;
    }
    halves.delete(match);
    const [chosen, rejected] = number === match.chosen ? [half, other] : [other, half];
    yield {
      prompt: wellFormed(row.asked ?? row.instruction),
      chosen: chosen.text,
      rejected: rejected.text,
      reason: rejected.reason,
      fingerprint: chosen.key,
      split: splitOf(match.chosen),
    };
    if (waiting.size === 0) return;
  }
}

/** Writes the pairs into `folder`, an empty file where there are none; gives their number. */
export async function writePreferences(
  rows: AsyncIterable<WithResult> | Iterable<WithResult>,
  found: Survey,
  folder: string,
): Promise<number> {
  return writeRows(path.join(folder, PREFERENCES_FILE), preferencePairs(rows, found));
}

interface Half {
  readonly text: string;
  readonly key: string;
  readonly reason: string;
}

function reasonOf({ result: { verdict, message } }: WithResult): string {
  return message === null ? verdict : `${verdict}: ${message}`;
}
