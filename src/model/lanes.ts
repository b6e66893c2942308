// Where the hypotheses of a beam search lie in a cache: each prompt has a block of as many lanes as it may have hypotheses, the
// blocks lie one behind the other. Says, step by step, which lanes are to be copied so that every hypothesis finds in its
// lane what its parent left; most find it there. Pure: whoever has the cache copies.
import type { Branch } from "./beam.js";

/** A copy of one lane, or of one block, over another. */
export interface LaneCopy {
  readonly from: number;
  readonly into: number;
}

/** What is to be done before a step, in this order. */
export interface LaneMoves {
  /** Blocks that take the place of others, which are done. */
  readonly blocks: readonly LaneCopy[];
  /** Lanes: what is copied from is written by none of the other copies. */
  readonly lanes: readonly LaneCopy[];
  /** The prompt of each block. */
  readonly prompts: readonly number[];
  /** The lane of each branch. */
  readonly places: readonly number[];
}

/** Lanes of so many prompts, of which each has one hypothesis, in the first lane of its block. */
export function newLanes(prompts: number, beams: number): (branches: readonly Branch[]) => LaneMoves {
  let blocks = Array.from({ length: prompts }, (_, prompt) => prompt);
  let places: readonly number[] = blocks.map((block) => block * beams);

  return (branches) => {
    const going = new Set(branches.map(({ prompt }) => prompt));
    const moves = closed(blocks, going);
    /** Where what a block held lies now. */
    const now = new Map(moves.map(({ from, into }) => [from, into]));
    blocks = blocks.slice(0, going.size);
    for (const { into, prompt } of moves) blocks[into] = prompt;
    const laneOf = (parent: number): number => {
      const lane = places[parent] ?? 0;
      const block = Math.floor(lane / beams);
      return (now.get(block) ?? block) * beams + (lane % beams);
    };
    const parents = branches.map(({ parent }) => laneOf(parent));
    // The first branch of a parent stays in its lane; lanes without one are free for the others.
    const kept = new Set(parents);
    const free = blocks.map((_, block) =>
      Array.from({ length: beams }, (__, at) => block * beams + at).filter((lane) => !kept.has(lane)),
    );
    const lanes: LaneCopy[] = [];
    places = parents.map((from) => {
      if (kept.delete(from)) return from;
      const into = free[Math.floor(from / beams)]?.shift() ?? from;
      lanes.push({ from, into });
      return into;
    });
    return { blocks: moves, lanes, prompts: blocks, places };
  };
}

/** Blocks from the end that take the places of those that go on no more, so that no gap is left. */
function closed(
  blocks: readonly number[],
  going: ReadonlySet<number>,
): readonly (LaneCopy & { readonly prompt: number })[] {
  const late = blocks.flatMap((prompt, from) =>
    from >= going.size && going.has(prompt) ? { from, prompt } : [],
  );
  const gaps = blocks.flatMap((prompt, at) => (at < going.size && !going.has(prompt) ? at : []));
  return late.map((block, at) => ({ ...block, into: gaps[at] ?? block.from }));
}
