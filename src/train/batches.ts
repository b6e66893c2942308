// What a causal language model reads at once. In: pieces of tokens; out: tensors by the names of the model's inputs. Batch k of
// epoch e depends on the seed, e and k alone, so that a run which goes on in the middle reads what it would have read.
import { InputError } from "../core/errors.js";
import { shuffled, uniforms } from "../core/random.js";
import { keyTokenWeights } from "./keytokens.js";
import type { Batch } from "./learner.js";
import type { Ids, Tokens } from "./tokens.js";

export interface KeyTokenOptions {
  readonly ids: readonly number[];
  /** Default 1, as the course's. */
  readonly alpha?: number;
}

export interface BatchOptions {
  /** Samples of a batch. Where there are fewer, the rest are rows that count nothing. */
  readonly rows: number;
  /** Weighs samples by their key tokens; default all alike. */
  readonly keyTokens?: KeyTokenOptions;
}

/**
 * A batch of samples of T tokens each:
 * - `ids` int64 [B, T];
 * - `targets` int64 [B*T], at each place the token that follows; the last place of a row has none (0);
 * - `weights` float32 [B*T], what each target counts for: 0 at the last place of a row and in rows that fill up, else the
 *   weight of its sample, 1 without key tokens. The loss is sum(weights * ce) / sum(weights).
 * - `denominator` float32 [], only with key tokens: number of samples times (T - 1). The course's loss is the mean over
 *   samples i of w_i * L_i, where L_i is the mean over the sample's T - 1 targets. It is not divided by the sum of the
 *   weights, so that a batch with many key tokens weighs more than one with few; hence it is
 *   sum(weights * ce) / denominator, exactly. Dividing by sum(weights) instead would lose the factor
 *   sum(weights) / denominator, the mean of the w_i.
 */
export function causalBatch(samples: readonly Ids[], { rows, keyTokens }: BatchOptions): Batch {
  const length = samples[0]?.length ?? 0;
  if (samples.length > rows || length < 2 || samples.some((sample) => sample.length !== length))
    throw new InputError(
      `a batch of ${rows} rows must have 1 to ${rows} samples of one length of at least 2, not ${samples.length} of ${length}`,
    );
  const ids = new BigInt64Array(rows * length);
  const targets = new BigInt64Array(rows * length);
  const weights = new Float32Array(rows * length);
  const ofSamples = keyTokens === undefined ? [] : keyTokenWeights(samples, keyTokens.ids, keyTokens.alpha);
  for (const [row, sample] of samples.entries()) {
    const start = row * length;
    for (let at = 0; at < length; at++) ids[start + at] = BigInt(sample[at] ?? 0);
    targets.set(ids.subarray(start + 1, start + length), start);
    weights.fill(ofSamples[row] ?? 1, start, start + length - 1);
  }
  const batch: Batch = {
    ids: { type: "int64", dims: [rows, length], data: ids },
    targets: { type: "int64", dims: [rows * length], data: targets },
    weights: { type: "float32", dims: [rows * length], data: weights },
  };
  if (keyTokens === undefined) return batch;
  const denominator = Float32Array.of(samples.length * (length - 1));
  return { ...batch, denominator: { type: "float32", dims: [], data: denominator } };
}

/** Targets that count in a batch. */
export function countedTargets({ weights }: Batch): number {
  return Array.from(weights?.data ?? [], Number).filter((weight) => weight !== 0).length;
}

export interface Batches {
  /** Batches of an epoch; the last may be filled up with rows that count nothing. */
  readonly count: number;
  /** Batch `k` of epoch `epoch`, both from 0. */
  batch(epoch: number, k: number): Promise<Batch>;
}

export interface BatchesOptions extends BatchOptions {
  /** Tokens of a sample. */
  readonly context: number;
  /** Draws the order of each epoch; null keeps the order of the pieces, as validation wants it. */
  readonly seed: number | null;
}

/** The batches of pieces that begin at `starts`. */
export function openBatches(
  tokens: Pick<Tokens, "read">,
  starts: Float64Array,
  { context, seed, ...options }: BatchesOptions,
): Batches {
  const inOrder = Array.from(starts);
  // The order of one epoch: drawing it costs seconds where there are millions of pieces.
  let drawn = { epoch: -1, order: inOrder };
  const orderOf = (epoch: number): readonly number[] => {
    if (seed === null) return inOrder;
    if (drawn.epoch !== epoch) drawn = { epoch, order: shuffled(inOrder, uniforms(seed, `epoch:${epoch}`)) };
    return drawn.order;
  };
  const count = Math.ceil(starts.length / options.rows);
  return {
    count,
    async batch(epoch, k) {
      if (!Number.isSafeInteger(k) || k < 0 || k >= count)
        throw new InputError(`batch ${k} does not exist: an epoch has ${count}, from 0 on`);
      const chosen = orderOf(epoch).slice(k * options.rows, (k + 1) * options.rows);
      const samples = await Promise.all(chosen.map((start) => tokens.read(start, context)));
      return causalBatch(samples, options);
    },
  };
}
