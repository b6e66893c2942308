// Batches of lessons: which tokens are read, and which count. Only responses count, their end token among them. A causal
// model's row is one lesson, filled up on the right, or, packed, as many whole lessons as fit one behind the other: tokens see
// the lessons before theirs in the row then, and positions run on, as in most packed training. What a batch holds depends on
// the seed, the epoch and its number alone.
import { InputError } from "../core/errors.js";
import { shuffled, uniforms } from "../core/random.js";
import type { Tensor } from "../onnx/tensor.js";
import type { Batches } from "./batches.js";
import type { Batch } from "./learner.js";
import type { Lesson } from "./lessons.js";

export interface LessonBatchOptions {
  /** Rows of a batch. Where there are fewer, the rest are rows that count nothing. */
  readonly rows: number;
  /** Longest row, in tokens. */
  readonly context: number;
  /** Fills rows up; any token will do, as it counts nothing. */
  readonly pad: number;
  /** Draws the order of each epoch; null keeps that of the lessons. */
  readonly seed: number | null;
  /** Several lessons in a row. Default false. */
  readonly packed?: boolean;
}

/** Lessons that share a row, in their order. */
export type Row = readonly Lesson[];

/** Rows of whole lessons, each begun when the next lesson does not fit the one before. */
export function packed(lessons: readonly Lesson[], context: number): Row[] {
  const rows: Lesson[][] = [];
  let room = 0;
  for (const lesson of lessons) {
    const size = sizeOf(lesson);
    if (size > room || rows.length === 0) {
      rows.push([]);
      room = context;
    }
    rows.at(-1)?.push(lesson);
    room -= size;
  }
  return rows;
}

const sizeOf = ({ prompt, response }: Lesson): number => prompt.length + response.length;

/** Rows are filled up to one of so many lengths: each makes graphs of its own. */
const LENGTHS = 4;

/** The shortest of the lengths that so many tokens fit. */
export function filledTo(longest: number, context: number): number {
  const step = Math.ceil(context / LENGTHS);
  return Math.min(context, Math.ceil(longest / step) * step);
}

/** Batches of a causal model: ids [B, T], and targets and weights [B * T], as of `causalBatch`. */
export function openLessonBatches(lessons: readonly Lesson[], options: LessonBatchOptions): Batches {
  const { context, seed } = options;
  // Packed in an order that was drawn, as the file's neighbours may be alike.
  const order = seed === null ? lessons : shuffled(lessons, uniforms(seed, "pack"));
  const rows = options.packed === true ? packed(order, context) : lessons.map((lesson) => [lesson]);
  return batchesOf(rows, options, (chosen) => {
    const longest = Math.max(...chosen.map((row) => row.reduce((sum, lesson) => sum + sizeOf(lesson), 0)));
    return lessonBatch(chosen, filledTo(longest, context), options);
  });
}

function lessonBatch(chosen: readonly Row[], length: number, { rows, pad }: LessonBatchOptions): Batch {
  const ids = new BigInt64Array(rows * length).fill(BigInt(pad));
  const targets = new BigInt64Array(rows * length);
  const weights = new Float32Array(rows * length);
  for (const [at, row] of chosen.entries()) {
    let place = at * length;
    for (const { prompt, response } of row) {
      for (const [i, id] of [...prompt, ...response].entries()) ids[place + i] = BigInt(id);
      // The last token before a response foretells its first; without a prompt nothing does.
      weights.fill(1, place + Math.max(prompt.length, 1) - 1, place + prompt.length + response.length - 1);
      place += prompt.length + response.length;
    }
    targets.set(ids.subarray(at * length + 1, (at + 1) * length), at * length);
  }
  const dims = [rows * length];
  return {
    ids: { type: "int64", dims: [rows, length], data: ids },
    targets: { type: "int64", dims, data: targets },
    weights: { type: "float32", dims, data: weights },
  };
}

/** Batches of an encoder-decoder: ids and mask [B, S] of the prompts, targets and weights [B, T] of the responses. */
export function openPairBatches(lessons: readonly Lesson[], options: LessonBatchOptions): Batches {
  if (options.packed === true)
    throw new InputError("a model that reads one text and writes another has nothing to pack; leave it out");
  return batchesOf(lessons, options, (chosen) => {
    const read = filled(
      chosen.map(({ prompt }) => prompt),
      options,
    );
    const written = filled(
      chosen.map(({ response }) => response),
      options,
    );
    return { ids: read.ids, mask: read.counts, targets: written.ids, weights: written.counts };
  });
}

/** Texts of one batch, filled up, [B, T], and 1 for each of their tokens. */
function filled(
  texts: readonly (readonly number[])[],
  { rows, context, pad }: LessonBatchOptions,
): { ids: Tensor; counts: Tensor } {
  const length = filledTo(Math.max(...texts.map((text) => text.length)), context);
  const ids = new BigInt64Array(rows * length).fill(BigInt(pad));
  const counts = new Float32Array(rows * length);
  for (const [row, text] of texts.entries()) {
    for (const [i, id] of text.entries()) ids[row * length + i] = BigInt(id);
    counts.fill(1, row * length, row * length + text.length);
  }
  const dims = [rows, length];
  return {
    ids: { type: "int64", dims, data: ids },
    counts: { type: "float32", dims, data: counts },
  };
}

/** Batches of so many items in an order that each epoch draws. */
function batchesOf<Item>(
  items: readonly Item[],
  { rows, seed }: LessonBatchOptions,
  made: (chosen: readonly Item[]) => Batch,
): Batches {
  const count = Math.ceil(items.length / rows);
  let drawn: { readonly epoch: number; readonly order: readonly Item[] } = { epoch: -1, order: items };
  const orderOf = (epoch: number): readonly Item[] => {
    if (seed === null) return items;
    if (drawn.epoch !== epoch) drawn = { epoch, order: shuffled(items, uniforms(seed, `epoch:${epoch}`)) };
    return drawn.order;
  };
  return {
    count,
    batch(epoch, k) {
      if (!Number.isSafeInteger(k) || k < 0 || k >= count)
        return Promise.reject(new InputError(`batch ${k} does not exist: an epoch has ${count}, from 0 on`));
      return Promise.resolve(made(orderOf(epoch).slice(k * rows, (k + 1) * rows)));
    },
  };
}
