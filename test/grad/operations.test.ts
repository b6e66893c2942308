// Every operation's gradient against central differences in float64. Runs on the compiled thread in dist.
import { describe, expect, it } from "vitest";
import { attention, causalMask, rotary, rotation, softmax } from "../../src/grad/attention.js";
import { add, exactGelu, gelu, mul, relu, scale, silu, sub } from "../../src/grad/elementwise.js";
import { embedding } from "../../src/grad/gather.js";
import { headLoss } from "../../src/grad/loss.js";
import { linear, matmul } from "../../src/grad/matmul.js";
import { layerNorm, rmsNorm } from "../../src/grad/normalise.js";
import { table, total } from "../../src/grad/nodes.js";
import { concat, reshape, slice, split, transpose } from "../../src/grad/shapes.js";
import { gradients, input, record, type Tape, type Var } from "../../src/grad/tape.js";
import { opened, worstDifference } from "./differences.js";

const ids = ({ graph }: Tape, numbers: readonly number[]): Var<"int64"> => ({
  value: graph.int64(numbers),
  dims: [numbers.length],
  type: "int64",
});

const weights = (tape: Tape, numbers: readonly number[]): Var =>
  table(tape, "weights", [numbers.length], numbers);

interface Case {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly compute: (tape: Tape, inputs: Readonly<Record<string, Var>>) => Var;
}

/** The names of what is computed from a, b and c; the types let a case name what its shapes name. */
const given = <Name extends string>(
  shapes: Readonly<Record<Name, readonly number[]>>,
  compute: (tape: Tape, inputs: Readonly<Record<Name, Var>>) => Var,
): Case => ({ shapes, compute: compute });

const CASES: Readonly<Record<string, Case>> = {
  add: given({ a: [2, 3], b: [2, 3] }, (t, { a, b }) => add(t, a, b)),
  "add with broadcasting": given({ a: [4, 1, 3], b: [2, 1] }, (t, { a, b }) => add(t, a, b)),
  "add of a bias": given({ a: [2, 4, 3], b: [3] }, (t, { a, b }) => add(t, a, b)),
  "add of a value to itself": given({ a: [3] }, (t, { a }) => add(t, a, a)),
  sub: given({ a: [2, 3], b: [3] }, (t, { a, b }) => sub(t, a, b)),
  mul: given({ a: [2, 3], b: [2, 1] }, (t, { a, b }) => mul(t, a, b)),
  scale: given({ a: [5] }, (t, { a }) => scale(t, a, -2.5)),
  relu: given({ a: [20] }, (t, { a }) => relu(t, a)),
  silu: given({ a: [20] }, (t, { a }) => silu(t, scale(t, a, 4))),
  gelu: given({ a: [20] }, (t, { a }) => gelu(t, scale(t, a, 4))),
  linear: given({ x: [4, 3], w: [3, 5], b: [5] }, (t, { x, w, b }) => linear(t, x, w, { bias: b })),
  "linear with [out, in]": given({ x: [4, 3], w: [5, 3] }, (t, { x, w }) =>
    linear(t, x, w, { outFirst: true }),
  ),
  "linear whose weight is used twice": given({ x: [4, 3], w: [3, 3] }, (t, { x, w }) =>
    linear(t, linear(t, x, w), w, { outFirst: true }),
  ),
  matmul: given({ a: [2, 3, 4], b: [2, 4, 5] }, (t, { a, b }) => matmul(t, a, b, { factor: 0.3 })),
  "matmul turned": given({ a: [2, 3, 4], b: [2, 5, 4] }, (t, { a, b }) =>
    matmul(t, a, b, { turned: true, factor: 2 }),
  ),
  reshape: given({ a: [2, 6] }, (t, { a }) => mul(t, reshape(t, a, [3, 4]), reshape(t, a, [3, 4]))),
  transpose: given({ a: [2, 3, 4] }, (t, { a }) => transpose(t, a, [2, 0, 1])),
  "split, a piece of which is not used": given({ a: [2, 7] }, (t, { a }) => {
    const [left = a, , right = a] = split(t, a, 1, [2, 3, 2]);
    return mul(t, left, right);
  }),
  concat: given({ a: [2, 3], b: [2, 1] }, (t, { a, b }) => concat(t, [a, b, a], -1)),
  slice: given({ a: [3, 5] }, (t, { a }) => slice(t, a, -1, 1, 4)),
  layerNorm: given({ x: [3, 6], g: [6], b: [6] }, (t, { x, g, b }) => layerNorm(t, x, g, b, 1e-5)),
  rmsNorm: given({ x: [2, 2, 6], g: [6] }, (t, { x, g }) => rmsNorm(t, x, g, 1e-6)),
  "embedding of ids that repeat": given({ w: [5, 3] }, (t, { w }) =>
    embedding(t, w, ids(t, [1, 4, 1, 1, 0])),
  ),
  softmax: given({ a: [2, 3, 5] }, (t, { a }) => softmax(t, scale(t, a, 3))),
  rotary: given({ x: [1, 2, 3, 4] }, (t, { x }) => rotary(t, x, rotation(t, 3, 4, 100))),
  attention: given({ q: [1, 4, 5, 2], k: [1, 2, 5, 2], v: [1, 2, 5, 2] }, (t, { q, k, v }) =>
    attention(t, q, k, v, { mask: causalMask(t, 5, 3) }),
  ),
  headLoss: given({ x: [4, 3], w: [5, 3] }, (t, { x, w }) =>
    headLoss(t, scale(t, x, 3), w, ids(t, [4, 0, 2, 2]), weights(t, [1, 0, 0.5, 2])),
  ),
  "headLoss with smoothing": given({ x: [3, 3], w: [5, 3] }, (t, { x, w }) =>
    headLoss(t, x, w, ids(t, [1, 1, 3]), weights(t, [1, 2, 0.1]), { smoothing: 0.2 }),
  ),
  "headLoss whose head is the embedding, too": given({ w: [5, 3] }, (t, { w }) =>
    headLoss(t, embedding(t, w, ids(t, [1, 4, 1])), w, ids(t, [0, 1, 1]), weights(t, [1, 2, 1])),
  ),
};

describe("the gradient of", () => {
  it.each(Object.entries(CASES))("%s", async (_, { shapes, compute }) => {
    expect(await worstDifference(shapes, compute)).toBeLessThan(1e-8);
  });
});

// The runtime has no Erf of doubles, so it is compared with what is known of the normal distribution: its table, and its bell.
it("exactGelu is x times the normal distribution's share, with that product's gradient", async () => {
  const xs = [-2, -1, 0, 0.5, 1, 3];
  const shares = [0.022750132, 0.158655254, 0.5, 0.691462461, 0.841344746, 0.998650102];
  const bell = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const session = await opened((tape) => {
    const x = input(tape, "x", "float32", [6]);
    const y = exactGelu(tape, x);
    const sum = total(tape, "ReduceSum", y);
    const ones = table(tape, "ones", [6], new Array(6).fill(1));
    const all = record(tape, [y], sum, () => [ones]);
    tape.graph.output(y.value, "float32", [6]);
    for (const { value } of gradients(tape, all, [x])) tape.graph.output(value, "float32", [6]);
  });
  const outputs = await session.run({ x: { type: "float32", dims: [6], data: Float32Array.from(xs) } });
  const [y, slope] = session.outputs.map(({ name }) => Array.from(outputs[name]?.data ?? [], Number));
  await session.close();
  for (const [at, x] of xs.entries()) {
    const share = shares[at] ?? NaN;
    expect(y?.[at]).toBeCloseTo(x * share, 6);
    expect(slope?.[at]).toBeCloseTo(share + x * bell(x), 6);
  }
});
