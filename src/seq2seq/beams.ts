// An encoder-decoder under beam search: all prompts are read at once, then every hypothesis takes one token a step. What the
// decoder keeps of its own text has a slot for each hypothesis; what was read is kept once for each prompt.
import type { BeamModel, Branch, Choices } from "../model/beam.js";
import { choiceAnswers, choicesIn } from "../model/causalbeam.js";
import { newLanes, type LaneMoves } from "../model/lanes.js";
import { tokenFeeds, whole } from "../model/run.js";
import { slotsFor, type Slots } from "../model/slots.js";
import type { Kept } from "../onnx/kept.js";
import type { Session } from "../onnx/session.js";
import type { Tensor } from "../onnx/tensor.js";
import { readNames } from "./graphs.js";
import type { Shape } from "./shape.js";

/** The graphs of a model, in one thread. */
export interface EncoderDecoder {
  readonly encoder: Session;
  readonly decoder: Session;
  readonly shape: Shape;
}

/** Prompts are token ids as they are read, at least one each; texts have up to `maxTokens`. */
export function seq2seqBeams(
  { encoder, decoder, shape }: EncoderDecoder,
  { maxTokens, signal }: { readonly maxTokens: number; readonly signal?: AbortSignal | undefined },
): BeamModel<readonly number[]> {
  const { layers, heads, headDim } = shape.decoder;
  const names = readNames(layers);
  const measures = { layers, headDim, kvHeads: heads, positions: shape.positions ?? Infinity };
  const stepping = {
    session: decoder,
    model: measures,
    format: { activations: "float32" as const },
  };
  let slots: Slots | null = null;
  let read: readonly Kept[] = [];
  /** Of the prompts in their blocks, and the blocks' masks. */
  let lengths: readonly number[] = [];
  let [width, beams, count, written] = [0, 1, 1, 0];
  let moves: (branches: readonly Branch[]) => LaneMoves = newLanes(0, 1);
  /** What was read of the blocks that go on, as the graph is fed it. */
  let window: readonly Kept[] = [];

  const closeWindow = (): void => {
    decoder.release(window);
    window = [];
  };
  const tell = async (tokens: readonly number[], blocks: readonly number[]): Promise<readonly Choices[]> => {
    if (window[0]?.dims[0] !== blocks.length) {
      closeWindow();
      window = decoder.rows(read, 0, blocks.length);
    }
    const own = blocks.map((prompt) => lengths[prompt] ?? 0);
    const feeds = {
      ...tokenFeeds(tokens.map((token) => ({ ids: [token], cached: written }))),
      mask: maskOf(own, width),
      count: whole([count], [1]),
      ...Object.fromEntries(names.map((name, at) => [name, window[at] as Kept])),
    };
    const given = await slots?.run(feeds, tokens.length, 0, signal);
    written++;
    return choicesIn(given ?? {}, tokens.length, count);
  };

  return {
    async begin(prompts, lanes, wanted) {
      [beams, count, written] = [lanes, Math.min(wanted, shape.vocabulary), 0];
      lengths = prompts.map((prompt) => prompt.length);
      width = Math.max(...lengths);
      moves = newLanes(prompts.length, beams);
      const ids = prompts.flatMap((prompt) => [
        ...prompt,
        ...new Array<number>(width - prompt.length).fill(shape.tokens.pad),
      ]);
      const feeds = { ids: whole(ids, [prompts.length, width]), mask: maskOf(lengths, width) };
      const { kept } = await encoder.runKeeping(feeds, names, { signal });
      read = names.map((name) => kept[name] as Kept);
      slots = slotsFor(stepping, prompts.length * beams, choiceAnswers(count));
      await slots.reserve(maxTokens, []);
      const start = new Array<number>(prompts.length * beams).fill(shape.tokens.start);
      const choices = await tell(
        start,
        prompts.map((_, prompt) => prompt),
      );
      return prompts.map((_, prompt) => choices[prompt * beams] as Choices);
    },
    async step(branches) {
      const { blocks, lanes, prompts, places } = moves(branches);
      for (const { from, into } of blocks) {
        decoder.copyRow(read, from, read, into, width);
        for (let lane = 0; lane < beams; lane++)
          slots?.copy(from * beams + lane, into * beams + lane, written);
      }
      for (const { from, into } of lanes) slots?.copy(from, into, written);
      // Lanes without a hypothesis, of which there are some where few tokens may follow a prompt, go along.
      const tokens = new Array<number>(prompts.length * beams).fill(shape.tokens.pad);
      for (const [at, lane] of places.entries()) tokens[lane] = branches[at]?.token ?? 0;
      const choices = await tell(tokens, prompts);
      return places.map((lane) => choices[lane] as Choices);
    },
    end() {
      slots?.release();
      closeWindow();
      decoder.release(read);
      [slots, read] = [null, []];
    },
  };
}

/** 1 for the tokens of each row, 0 for what fills it up, [rows, width]. */
function maskOf(lengths: readonly number[], width: number): Tensor {
  const data = new Int32Array(lengths.length * width);
  for (const [row, length] of lengths.entries()) data.fill(1, row * width, row * width + length);
  return { type: "int32", dims: [lengths.length, width], data };
}
