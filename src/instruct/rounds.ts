// I -> R in rounds: of an instruction some responses are drawn at once, and more only while too few of them are verified. A
// round is decided when all of it is judged, so that what is drawn does not depend on which answer came first; the rounds of
// different instructions go on side by side.
// Method: adaptive sampling in the place of a fixed number of samples per instruction, as starcoder2-self-align draws 10 of each.
import type { Journal } from "../core/journal.js";
import { keyOf, type WithInstruction, type WithResponse } from "../core/record.js";
import { entriesOf, followed, type FollowOptions, type Made } from "../core/mapping.js";
import type { Work } from "../core/stage.js";

export interface Rounds {
  /** Most responses of an instruction. */
  readonly budget: number;
  /** Responses of a round. */
  readonly width: number;
  /** Verified responses with which an instruction is done. */
  readonly wanted: number;
}

export interface RoundsOptions extends FollowOptions<WithInstruction>, Rounds {
  /** Makes the response of an index; null says that there are no more. */
  readonly draw: (
    record: WithInstruction,
    key: string,
    index: number,
    journal: Journal,
  ) => Promise<Made<WithResponse> | null>;
  /** Asked for the responses of every round but an instruction's last. */
  readonly isVerified: (response: WithResponse) => Promise<boolean>;
}

/** The work of the step `responses`. */
export function rounds(options: RoundsOptions): Work {
  const { plan, draw, isVerified, budget, width, wanted, signal } = options;
  return async (journal) => {
    const task = options.task(0);
    await followed(options, journal, task, async (input, write) => {
      const state = { more: true };
      /** The response of an index, drawn now or before; null where it came to nothing. */
      const response = async (index: number): Promise<WithResponse | null> => {
        const key = keyOf(plan.name, input.key, index);
        const held = await journal.find<WithResponse>(key);
        if (held !== null) return held.file === plan.main ? held.row : null;
        const made = await draw(input, key, index, journal);
        signal.throwIfAborted();
        if (made === null) {
          state.more = false;
          return null;
        }
        write(entriesOf(plan, made));
        return "row" in made ? made.row : null;
      };
      let verified = 0;
      for (let first = 0; state.more && first < budget && verified < wanted; first += width) {
        const last = Math.min(budget, first + width);
        const indices = Array.from({ length: last - first }, (_, at) => first + at);
        const drawn = (await Promise.all(indices.map(response))).filter((row) => row !== null);
        if (last === budget) break;
        verified += (await Promise.all(drawn.map(isVerified))).filter(Boolean).length;
        signal.throwIfAborted();
      }
      task.tick();
    });
    return {};
  };
}
