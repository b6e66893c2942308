// Next-token training of a causal model. A batch has `ids`, `targets` and `weights`, [B, T] each: the token after each, and
// what foretelling it counts for; 0 where there is nothing to foretell, as in padding, which goes on the right.
import { countOf } from "../onnx/header.js";
import { headLoss } from "../grad/loss.js";
import { reshaped } from "../grad/nodes.js";
import type { Var } from "../grad/tape.js";
import type { CausalModel, Trainable } from "./trainable.js";

export interface CausalOptions {
  /** Share of every target that goes evenly to all tokens. Default 0. */
  readonly smoothing?: number;
}

/** Trains a model to foretell each token. */
export function causal(model: CausalModel, { smoothing = 0 }: CausalOptions = {}): Trainable {
  return {
    parameters: model.parameters,
    loss(building, weights) {
      const { tape, input } = building;
      // A cast because a batch's types are known when it arrives; the runtime checks them.
      const ids = input("ids") as Var<"int64">;
      const count = countOf(ids.dims);
      const { hidden, head } = model.foretell(building, ids);
      const targets = reshaped(tape, input("targets"), [count]);
      return headLoss(tape, hidden, head, targets, reshaped(tape, weights, [count]), { smoothing });
    },
  };
}
