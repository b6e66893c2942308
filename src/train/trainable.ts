// What can be trained: its parameters, and the loss of a batch as a graph.
import type { Dropout } from "../grad/dropout.js";
import type { Parameter } from "../grad/parameters.js";
import type { Tape, Var } from "../grad/tape.js";
import type { ElementType } from "../onnx/graph.js";
import type { Tensor } from "../onnx/tensor.js";

/** A graph under construction, as a model sees it. */
export interface Building {
  readonly tape: Tape;
  /** What is learned or frozen, by its name. @throws Error for what the model has not. */
  readonly parameter: (name: string) => Var;
  /** x, [rows, in], times the weight of the projection of this name, plus its bias where it has one: [rows, out]. */
  readonly project: (x: Var, name: string) => Var;
  /** An input of the batch by its name. @throws InputError where the batch lacks it. */
  readonly input: (name: string) => Var;
  /** Drops numbers out while training; gives them back as they are otherwise. */
  readonly drop: Dropout;
}

/** Numbers that are read and not learned: they get no gradient and no moments. */
export interface Frozen {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Makes them for one learner, which takes their memory. */
  readonly read: () => Promise<Tensor>;
}

export interface Trainable {
  readonly parameters: readonly Parameter[];
  /** Default none. */
  readonly frozen?: readonly Frozen[];
  /** The batch's losses, each times its weight, in one sum: `weights` are those of the batch already scaled. */
  loss(building: Building, weights: Var): Var;
}

/** What a causal model makes of a batch. */
export interface Foretold {
  /** Last hidden states of every position, normalised, [B * T, hidden]. */
  readonly hidden: Var;
  /** What they are multiplied with for the tokens' logits, [vocabulary, hidden]. */
  readonly head: Var;
  /** Added to the logits, [1, vocabulary]; it is not learned. */
  readonly bias?: Var | undefined;
}

/** A model that foretells each token from those before it. */
export interface CausalModel {
  readonly parameters: readonly Parameter[];
  /** From int64 ids, [B, T]. */
  foretell(building: Building, ids: Var<"int64">): Foretold;
}

/** What an encoder-decoder reads. */
export interface Read {
  /** int64 [B, S], and float [B, S]: 1 for a token, 0 for what fills its row up. */
  readonly ids: Var<"int64">;
  readonly mask: Var;
  /** Token before each that is foretold, int64 [B, T]. */
  readonly before: Var<"int64">;
}

/** A model that reads one text and foretells each token of another from those before it. */
export interface Seq2SeqModel {
  readonly parameters: readonly Parameter[];
  /** Stands before the first token that is foretold. */
  readonly start: number;
  foretell(building: Building, read: Read): Foretold;
}
