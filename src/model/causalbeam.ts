// A causal model under beam search: a slot of its cache for every hypothesis, each prompt in its block of them (lanes.ts). A
// prompt goes through the model once; from then on every hypothesis takes one token a step.
import type { BeamModel, Branch, Choices } from "./beam.js";
import { newLanes, type LaneMoves } from "./lanes.js";
import { lastFeed, tokenFeeds, whole, type Decoding } from "./run.js";
import { slotsFor, type Slots } from "./slots.js";

/** The model of a session of choices.ts; prompts have at least one token, and with what follows fit its positions. */
export function causalBeams(
  decoding: Decoding,
  { maxTokens, signal }: { readonly maxTokens: number; readonly signal?: AbortSignal | undefined },
): BeamModel<readonly number[]> {
  let slots: Slots | null = null;
  let lengths: readonly number[] = [];
  let [beams, count, drawn] = [1, 1, 0];
  let moves: (branches: readonly Branch[]) => LaneMoves = newLanes(0, 1);

  const tell = async (
    rows: readonly { readonly ids: readonly number[]; readonly cached: number }[],
    first: number,
  ): Promise<readonly Choices[]> => {
    const feeds = { ...tokenFeeds(rows), last: lastFeed(rows), count: whole([count], [1]) };
    const given = await slots?.run(feeds, rows.length, first, signal);
    return choicesIn(given ?? {}, rows.length, count);
  };

  return {
    async begin(prompts, width, wanted) {
      [beams, count, drawn] = [width, Math.min(wanted, decoding.model.vocabulary), 0];
      lengths = prompts.map((prompt) => prompt.length);
      moves = newLanes(prompts.length, beams);
      slots = slotsFor(decoding, prompts.length * beams, choiceAnswers(count));
      await slots.reserve(Math.max(...lengths) + maxTokens - 1, []);
      const choices: Choices[] = [];
      for (const [at, ids] of prompts.entries())
        choices.push(...(await tell([{ ids, cached: 0 }], at * beams)));
      return choices;
    },
    async step(branches) {
      const { blocks, lanes, prompts, places } = moves(branches);
      const cachedOf = (lane: number): number =>
        (lengths[prompts[Math.floor(lane / beams)] ?? 0] ?? 0) + drawn;
      for (const { from, into } of blocks)
        for (let lane = 0; lane < beams; lane++)
          slots?.copy(from * beams + lane, into * beams + lane, cachedOf(into * beams));
      for (const { from, into } of lanes) slots?.copy(from, into, cachedOf(into));
      // Lanes without a hypothesis, of which there are some where few tokens may follow a prompt, go along.
      const rows = Array.from({ length: prompts.length * beams }, (_, lane) => ({
        ids: [0],
        cached: cachedOf(lane),
      }));
      for (const [at, lane] of places.entries())
        rows[lane] = { ids: [branches[at]?.token ?? 0], cached: cachedOf(lane) };
      const choices = await tell(rows, 0);
      drawn++;
      return places.map((lane) => choices[lane] as Choices);
    },
    end() {
      slots?.release();
      slots = null;
    },
  };
}

/** What a step of a graph with `addChoices` answers. */
export const choiceAnswers = (count: number) =>
  ({
    choices: { type: "int64", width: count },
    log_probabilities: { type: "float32", width: count },
  }) as const;

/** The choices of each row in a step's answers. */
export function choicesIn(
  given: Readonly<Record<string, { readonly data: unknown }>>,
  rows: number,
  count: number,
): readonly Choices[] {
  const tokens = Array.from(given["choices"]?.data as BigInt64Array, Number);
  const values = given["log_probabilities"]?.data as Float32Array;
  return Array.from({ length: rows }, (_, row) => ({
    tokens: tokens.slice(row * count, (row + 1) * count),
    logProbabilities: values.subarray(row * count, (row + 1) * count),
  }));
}
