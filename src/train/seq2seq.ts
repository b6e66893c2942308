// Training of an encoder-decoder. A batch has `ids` and `mask`, [B, S]: what is read, and 1 for its tokens, 0 for what fills
// rows up; `targets` and `weights`, [B, T]: what is to be written, and what each of its tokens counts for, 0 for what fills
// up. What is filled up stands on the right. The decoder reads the targets one place later, after the model's start token.
import { headLoss } from "../grad/loss.js";
import { node, plus, reshaped, times, whole } from "../grad/nodes.js";
import { countOf } from "../onnx/header.js";
import type { Tape, Var } from "../grad/tape.js";
import type { CausalOptions } from "./causal.js";
import type { Seq2SeqModel, Trainable } from "./trainable.js";

/** Trains a model to write one text after another was read. */
export function seq2seq(model: Seq2SeqModel, { smoothing = 0 }: CausalOptions = {}): Trainable {
  return {
    parameters: model.parameters,
    loss(building, weights) {
      const { tape, input } = building;
      // Casts because a batch's types are known when it arrives; the runtime checks them.
      const targets = input("targets") as Var<"int64">;
      const ids = input("ids") as Var<"int64">;
      const before = laterBy(tape, targets, model.start);
      const { hidden, head, bias } = model.foretell(building, { ids, mask: input("mask"), before });
      const count = [countOf(targets.dims)];
      const [aims, counts] = [reshaped(tape, targets, count), reshaped(tape, weights, count)];
      return headLoss(tape, hidden, head, aims, counts, { smoothing, bias });
    },
  };
}

/** Rows of tokens [B, T], one place later, the first after `start`. */
function laterBy(tape: Tape, targets: Var<"int64">, start: number): Var<"int64"> {
  const [rows = 0, length = 0] = targets.dims;
  const token = { value: tape.graph.int64(start), dims: [], type: "int64" } as const;
  const first = node(tape, "Expand", [token, whole(tape, [rows, 1])], [rows, 1]);
  const bounds = [[0], [length - 1], [1]].map((list) => whole(tape, list));
  const rest = node(tape, "Slice", [targets, ...bounds], [rows, length - 1]);
  return { ...node(tape, "Concat", [first, rest], targets.dims, { axis: 1 }), type: "int64" };
}

/** Low enough that its exponential is nothing. */
const UNSEEN = 1e9;

/** Added to scores, [B, 1, 1, S]: nothing where the mask is 1, so much that the token is not seen where it is 0. */
export function paddingMask(tape: Tape, mask: Var): Var {
  const [rows = 0, length = 0] = mask.dims;
  return reshaped(tape, times(tape, plus(tape, mask, -1), UNSEEN), [rows, 1, 1, length]);
}
