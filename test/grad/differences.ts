// Gradients against central differences, in float64: each test says what is computed from which numbers.
import { countOf } from "../../src/onnx/header.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { uniforms } from "../../src/core/random.js";
import { pairwise, table, total } from "../../src/grad/nodes.js";
import { gradients, input, newTape, type Real, type Tape, type Var } from "../../src/grad/tape.js";
import { newGraph, type Graph } from "../../src/onnx/graph.js";
import { modelBytes } from "../../src/onnx/model.js";
import { openSession, type Session } from "../../src/onnx/session.js";
import type { Tensor } from "../../src/onnx/tensor.js";

/** Opens what a function builds. */
export async function opened(build: (tape: Tape) => void, real: Real = "float32"): Promise<Session> {
  const tape = newTape(newGraph("test"), real);
  build(tape);
  return openedGraph(tape.graph);
}

/** Opens a graph; the model's file is gone when it is open. */
export async function openedGraph(graph: Graph, threads = 1): Promise<Session> {
  const folder = mkdtempSync(path.join(tmpdir(), "selfalign-"));
  try {
    const file = path.join(folder, "model.onnx");
    writeFileSync(file, modelBytes(graph));
    return await openSession(file, { threads });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Random numbers from -1 to 1, always the same for a name. */
export function drawn(name: string, dims: readonly number[], spread = 1): Float64Array {
  const next = uniforms(1, name);
  return Float64Array.from({ length: countOf(dims) }, () => spread * (2 * next() - 1));
}

export const float64 = (dims: readonly number[], data: Float64Array): Tensor => ({
  type: "float64",
  dims,
  data,
});
export const int64 = (dims: readonly number[], numbers: readonly number[]): Tensor => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});

type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * The largest difference between a gradient and the central difference, relative to the largest central difference, over
 * all numbers of all inputs. What is computed is made one number by a sum with random weights.
 */
export async function worstDifference(
  shapes: Shapes,
  compute: (tape: Tape, inputs: Readonly<Record<string, Var>>) => Var,
  step = 1e-5,
): Promise<number> {
  const names = Object.keys(shapes);
  const session = await opened((tape) => {
    const inputs = Object.fromEntries(
      names.map((name) => [name, input(tape, name, "float64", shapes[name] ?? [])]),
    );
    const y = compute(tape, inputs);
    const weights = table(tape, "test weights", y.dims, drawn("weights", y.dims));
    const weighted = pairwise(tape, "Mul", y, weights);
    const sum = total(tape, "ReduceSum", weighted);
    const seeded = { ...sum };
    tape.entries.push({ inputs: [y], outputs: [seeded], pullback: () => [weights] });
    tape.graph.output(sum.value, "float64", []);
    const made = gradients(tape, seeded, Object.values(inputs));
    for (const [at, gradient] of made.entries()) {
      tape.graph.named(`d ${names[at]}`, "Identity", [gradient.value]);
      tape.graph.output(`d ${names[at]}`, "float64", gradient.dims);
    }
  }, "float64");
  try {
    const values = Object.fromEntries(names.map((name) => [name, drawn(name, shapes[name] ?? [])]));
    const run = () =>
      session.run(
        Object.fromEntries(
          names.map((name) => [name, float64(shapes[name] ?? [], values[name] ?? new Float64Array())]),
        ),
      );
    const first = session.outputs[0]?.name ?? "";
    const sumAt = async (): Promise<number> => Number((await run())[first]?.data[0]);
    const ours = await run();
    let [worst, largest] = [0, 0];
    for (const name of names) {
      const numbers = values[name] ?? new Float64Array();
      for (const [at, value] of numbers.entries()) {
        numbers[at] = value + step;
        const above = await sumAt();
        numbers[at] = value - step;
        const below = await sumAt();
        numbers[at] = value;
        const expected = (above - below) / (2 * step);
        largest = Math.max(largest, Math.abs(expected));
        worst = Math.max(worst, Math.abs(expected - Number(ours[`d ${name}`]?.data[at])));
      }
    }
    return worst / largest;
  } finally {
    await session.close();
  }
}
