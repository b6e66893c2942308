// What can be trained: its parameters, and the loss of a batch as a graph.
import type { Dropout } from "../grad/dropout.js";
import type { Parameter } from "../grad/parameters.js";
import type { Tape, Var } from "../grad/tape.js";

/** A graph under construction, as a model sees it. */
export interface Building {
  readonly tape: Tape;
  /** A parameter by its name. @throws Error for one that the model has not. */
  readonly parameter: (name: string) => Var;
  /** An input of the batch by its name. @throws InputError where the batch lacks it. */
  readonly input: (name: string) => Var;
  /** Drops numbers out while training; gives them back as they are otherwise. */
  readonly drop: Dropout;
}

export interface Trainable {
  readonly parameters: readonly Parameter[];
  /** The batch's losses, each times its weight, in one sum: `weights` are those of the batch already scaled. */
  loss(building: Building, weights: Var): Var;
}

/** What a causal model makes of a batch. */
export interface Foretold {
  /** Last hidden states of every position, normalised, [B * T, hidden]. */
  readonly hidden: Var;
  /** What they are multiplied with for the tokens' logits, [vocabulary, hidden]. */
  readonly head: Var;
}

/** A model that foretells each token from those before it. */
export interface CausalModel {
  readonly parameters: readonly Parameter[];
  /** From int64 ids, [B, T]. */
  foretell(building: Building, ids: Var<"int64">): Foretold;
}
