// A learner small enough to be read: two layers and a softmax over classes, gradients by hand, AdamW. Everything is
// plain arithmetic in one order, so that the same steps give the same bits. It imports types only: a test also runs it
// in a process of its own.
import type { Batch, Evaluation, Learner, LearnerState, StepResult } from "../../src/train/learner.js";
import type { TrainingData } from "../../src/train/data.js";
import type { Tensor } from "../../src/onnx/tensor.js";

const [INPUTS, HIDDEN, CLASSES] = [6, 12, 4];
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "in.weight": [INPUTS, HIDDEN],
  "in.bias": [HIDDEN],
  "out.weight": [HIDDEN, CLASSES],
  "out.bias": [CLASSES],
};

/** Numbers in [0, 1) from a seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Points around one centre for each class; some are put into a wrong class, so that learning them by heart is no good. */
export function toyBatch(seed: number, size: number, noise = 0.2): Batch {
  const next = numbers(seed + 1);
  const x = new Float32Array(size * INPUTS);
  const y = new Int32Array(size);
  for (let row = 0; row < size; row++) {
    const made = Math.floor(next() * CLASSES);
    y[row] = next() < noise ? Math.floor(next() * CLASSES) : made;
    for (let at = 0; at < INPUTS; at++)
      x[row * INPUTS + at] = (at % CLASSES === made ? 1 : -0.3) + next() - 0.5;
  }
  return {
    x: { type: "float32", dims: [size, INPUTS], data: x },
    y: { type: "int32", dims: [size], data: y },
  };
}

/** Batches of 8 rows by step and micro-batch, three batches of different sizes to validate with. */
export function toyData(seed = 1): TrainingData {
  return {
    batch: (step, micro) => toyBatch(seed * 1_000_000 + step * 100 + micro, 8),
    validation: [toyBatch(-1, 16), toyBatch(-2, 16), toyBatch(-3, 4)],
    tokens: (batch) => rowsOf(batch).y.length,
  };
}

function rowsOf(batch: Batch): { x: Float32Array; y: Int32Array } {
  return { x: batch["x"]?.data as Float32Array, y: batch["y"]?.data as Int32Array };
}

type Parameters = Map<string, Float32Array>;

function fresh(make: () => number): Parameters {
  const entries = Object.entries(SHAPES).map(([name, dims]): [string, Float32Array] => [
    name,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, make),
  ]);
  return new Map(entries);
}

function get(parameters: Parameters, name: string): Float32Array {
  return parameters.get(name) ?? new Float32Array();
}

type Layers = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

function layers(of: Parameters): Layers {
  return [get(of, "in.weight"), get(of, "in.bias"), get(of, "out.weight"), get(of, "out.bias")];
}

/** Mean loss of a batch; its gradients are added to `into` where that is given. */
function lossOf(weights: Parameters, batch: Batch, into?: Parameters): number {
  const { x, y } = rowsOf(batch);
  const [w1, b1, w2, b2] = layers(weights);
  let loss = 0;
  for (let row = 0; row < y.length; row++) {
    const hidden = Array.from(b1, (bias, h) => {
      let sum = bias;
      for (let i = 0; i < INPUTS; i++) sum += (x[row * INPUTS + i] ?? 0) * (w1[i * HIDDEN + h] ?? 0);
      return Math.tanh(sum);
    });
    const scores = Array.from(b2, (bias, c) => {
      let sum = bias;
      for (let h = 0; h < HIDDEN; h++) sum += (hidden[h] ?? 0) * (w2[h * CLASSES + c] ?? 0);
      return sum;
    });
    const top = Math.max(...scores);
    const total = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
    const target = y[row] ?? 0;
    loss += Math.log(total) + top - (scores[target] ?? 0);
    if (!into) continue;
    const [g1, c1, g2, c2] = layers(into);
    const away = scores.map(
      (score, c) => (Math.exp(score - top) / total - (c === target ? 1 : 0)) / y.length,
    );
    for (let c = 0; c < CLASSES; c++) c2[c] = (c2[c] ?? 0) + (away[c] ?? 0);
    for (let h = 0; h < HIDDEN; h++) {
      let back = 0;
      for (let c = 0; c < CLASSES; c++) {
        const at = h * CLASSES + c;
        back += (away[c] ?? 0) * (w2[at] ?? 0);
        g2[at] = (g2[at] ?? 0) + (away[c] ?? 0) * (hidden[h] ?? 0);
      }
      back *= 1 - (hidden[h] ?? 0) ** 2;
      c1[h] = (c1[h] ?? 0) + back;
      for (let i = 0; i < INPUTS; i++) {
        g1[i * HIDDEN + h] = (g1[i * HIDDEN + h] ?? 0) + back * (x[row * INPUTS + i] ?? 0);
      }
    }
  }
  return loss / y.length;
}

function tensors(parameters: Parameters, prefix = ""): Map<string, Tensor<"float32">> {
  const entries = [...parameters].map(([name, data]): [string, Tensor<"float32">] => [
    prefix + name,
    { type: "float32", dims: SHAPES[name] ?? [], data: data.slice() },
  ]);
  return new Map(entries);
}

/** A learner with random weights of its own. */
export function toyLearner(seed = 1): Learner {
  const next = numbers(seed);
  const weights = fresh(() => next() - 0.5);
  const [first, second] = [fresh(() => 0), fresh(() => 0)];
  let updates = 0;

  const update = (gradients: Parameters, rate: number): void => {
    updates++;
    for (const [name, gradient] of gradients) {
      const [w, m, v] = [get(weights, name), get(first, name), get(second, name)];
      gradient.forEach((g, at) => {
        m[at] = 0.9 * (m[at] ?? 0) + 0.1 * g;
        v[at] = 0.99 * (v[at] ?? 0) + 0.01 * g * g;
        const mean = (m[at] ?? 0) / (1 - 0.9 ** updates);
        const spread = Math.sqrt((v[at] ?? 0) / (1 - 0.99 ** updates)) + 1e-8;
        w[at] = (w[at] ?? 0) * (1 - 0.01 * rate) - (rate * mean) / spread;
      });
    }
  };

  return {
    step(batches, rate): Promise<StepResult> {
      const gradients = fresh(() => 0);
      let loss = 0;
      for (const batch of batches) loss += lossOf(weights, batch, gradients) / batches.length;
      let squares = 0;
      for (const gradient of gradients.values()) {
        gradient.forEach((g, at) => {
          gradient[at] = g / batches.length;
          squares += (gradient[at] ?? 0) ** 2;
        });
      }
      const norm = Math.sqrt(squares);
      const applied = Number.isFinite(loss) && Number.isFinite(norm);
      if (applied) update(gradients, rate);
      return Promise.resolve({ loss, norm, applied });
    },
    evaluate(batch): Promise<Evaluation> {
      return Promise.resolve({ loss: lossOf(weights, batch), weight: rowsOf(batch).y.length });
    },
    state(): Promise<LearnerState> {
      const moments = new Map([...tensors(first, "first."), ...tensors(second, "second.")]);
      return Promise.resolve({ updates, weights: tensors(weights), moments });
    },
    load(state): Promise<void> {
      for (const name of Object.keys(SHAPES)) {
        get(weights, name).set(state.weights.get(name)?.data ?? []);
        get(first, name).set(state.moments.get(`first.${name}`)?.data ?? []);
        get(second, name).set(state.moments.get(`second.${name}`)?.data ?? []);
      }
      updates = state.updates;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
