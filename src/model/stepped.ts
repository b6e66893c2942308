// Rows that go one step at a time, each in a slot of the cache: a row comes in at any step and leaves at the one that ends it,
// the last row moving into its slot. A prompt goes through the model once, also where another row with the same one is
// under way: its keys and values are copied.
import { prefillGroups, type Batch } from "./batch.js";
import { newRow, prefixInput, rowInput, take, type Drawn, type Row } from "./rows.js";
import type { Decoding } from "./run.js";
import { newSlots } from "./slots.js";

/** Tokens of prompts that go in at once: more are no faster, and take memory for what is between the layers. */
const PREFILL_TOKENS = 256;

/** A batch of up to `most` rows. */
export function steppedBatch(
  decoding: Decoding,
  most: number,
  stopTokens: readonly number[],
  signal: AbortSignal | undefined,
): Batch {
  const { heads } = decoding.model;
  const slots = newSlots(decoding, most);
  /** Each in the slot of its number. */
  let rows: Row[] = [];

  /** Takes those that have ended out; gives them. */
  const settle = (tokens: readonly number[]): readonly Drawn[] => {
    const ended: Drawn[] = [];
    for (let at = rows.length - 1; at >= 0; at--) {
      const row = rows[at] as Row;
      row.cached++;
      const end = take(row, tokens.slice(at, at + 1), stopTokens);
      if (end === null) continue;
      ended.unshift({ key: row.request.key, tokens: row.drawn, ended: end });
      const last = rows.pop() as Row;
      if (last === row) continue;
      rows[at] = last;
      slots.copy(rows.length, at, last.cached);
    }
    return ended;
  };

  return {
    rows: () => rows,
    async admit(requests) {
      if (requests.length === 0) return;
      const used = rows.map(({ cached }) => cached);
      const known = new Set(rows.map(promptOf));
      const fresh = requests.map(newRow);
      const longer = fresh.filter(({ request }) => request.prompt.length > 1);
      const needed = Math.max(...[...rows, ...fresh].map(lengthOf));
      // What is new goes in first, group by group, so that a group's slots lie side by side.
      const room = Math.max(needed, slots.length());
      const unknown = longer.filter((row) => !known.has(promptOf(row)));
      const groups = prefillGroups(unknown, (length) => heads * length * room, PREFILL_TOKENS);
      const firsts = groups.map((group) => group.map(({ first }) => first));
      const others = fresh.filter((row) => !firsts.flat().includes(row));
      rows.push(...firsts.flat(), ...others);
      await slots.reserve(needed, used);
      let next = used.length;
      for (const group of firsts) {
        await slots.run(
          group.map((row) => prefixInput(row, 0)),
          next,
          signal,
        );
        next += group.length;
        for (const row of group) row.cached = row.request.prompt.length - 1;
      }
      const slotOf = new Map(rows.slice(0, next).map((row, at) => [promptOf(row), at]));
      for (const [at, row] of rows.entries()) {
        if (at < next || row.request.prompt.length === 1) continue;
        row.cached = row.request.prompt.length - 1;
        slots.copy(slotOf.get(promptOf(row)) ?? at, at, row.cached);
      }
    },
    async step(chunk) {
      for (let left = chunk ?? Infinity; left > 0; left--) {
        const inputs = rows.map((row) => rowInput(row, 1));
        const ended = settle((await slots.run(inputs, 0, signal)).tokens);
        if (ended.length > 0) return ended;
      }
      return [];
    },
    clear() {
      slots.release();
      const given = rows.map(({ request }) => request);
      rows = [];
      return given;
    },
  };
}

const promptOf = ({ request }: Row): string => request.prompt.join();

/** Tokens that a row comes to have in the cache: the last one drawn is not put there. */
const lengthOf = ({ request }: Row): number => request.prompt.length + request.maxTokens - 1;
