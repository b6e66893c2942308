// What the training manager asks of anything that learns: updates, losses without one, and all that must be kept to go on
// later from the same place, to the bit.
import type { Tensor } from "../onnx/tensor.js";

/** What a model reads at once, by the names of its inputs: token ids, targets, what each target counts for. */
export type Batch = Readonly<Record<string, Tensor>>;

export interface StepResult {
  /** Mean loss over the step's batches, before the update. */
  readonly loss: number;
  /** Global L2 norm of the gradients, before clipping. */
  readonly norm: number;
  /** False where loss or norm is not a finite number: then nothing was changed. */
  readonly applied: boolean;
}

export interface Evaluation {
  /** Mean loss of the batch. */
  readonly loss: number;
  /** What the batch counts for among others: the sum of its targets' weights. */
  readonly weight: number;
}

export interface LearnerState {
  /** Updates applied so far. */
  readonly updates: number;
  /** The model's weights under their own names. */
  readonly weights: ReadonlyMap<string, Tensor<"float32">>;
  /** What the optimiser keeps beside them, under names of its own. */
  readonly moments: ReadonlyMap<string, Tensor<"float32">>;
}

export interface Learner {
  /** One update from the mean gradient of these batches, at this learning rate. */
  step(batches: readonly Batch[], rate: number): Promise<StepResult>;
  /** The loss of a batch; changes nothing, drops nothing out. */
  evaluate(batch: Batch): Promise<Evaluation>;
  /** A copy of all that has been learned. */
  state(): Promise<LearnerState>;
  /** Goes on from a state. @throws InputError when its names or shapes are not this learner's. */
  load(state: LearnerState): Promise<void>;
  close(): Promise<void>;
}
