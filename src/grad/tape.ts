// Reverse-mode automatic differentiation that writes ONNX: operations add nodes to a graph and note on a tape how a gradient
// goes back through them; `gradients` then adds the nodes of the way back. Shapes are numbers, known while building.
// Source of the method: https://arxiv.org/abs/1502.05767, section 3.2
import type { ElementType, Graph, Value } from "../onnx/graph.js";

/** Types of what is differentiated; float64 is for checks against finite differences. */
export type Real = "float32" | "float64";

/** A value of the graph with its shape. */
export interface Var<Type extends ElementType = ElementType> {
  readonly value: Value;
  readonly dims: readonly number[];
  readonly type: Type;
}

/**
 * What one operation adds to the gradient of its input: a value, or a function that adds it to the sum so far where the
 * operation can do both at once (null: nothing so far).
 */
export type Share = Var | ((sum: Var | null) => Var);

/** From the gradient of an operation's output to those of its inputs; `needed` tells which are asked for, others may be null. */
export type Pullback = (output: Var, needed: readonly boolean[]) => readonly (Share | null)[];

/** The same for several outputs; null where an output led nowhere. */
export type PullbackOfMany = (
  outputs: readonly (Var | null)[],
  needed: readonly boolean[],
) => readonly (Share | null)[];

interface Entry {
  readonly inputs: readonly Var[];
  readonly outputs: readonly Var[];
  readonly pullback: PullbackOfMany;
}

export interface Tape {
  readonly graph: Graph;
  /** Type of all that is differentiated. */
  readonly real: Real;
  readonly entries: Entry[];
}

/** A tape that writes into this graph. */
export function newTape(graph: Graph, real: Real = "float32"): Tape {
  return { graph, real, entries: [] };
}

/** An input of the graph. */
export function input<Type extends ElementType>(
  { graph }: Tape,
  name: string,
  type: Type,
  dims: readonly number[],
): Var<Type> {
  return { value: graph.input(name, type, dims), dims, type };
}

/** Notes how a gradient goes back through the operation that made `output`; gives the output. */
export function record(tape: Tape, inputs: readonly Var[], output: Var, pullback: Pullback): Var {
  recordMany(tape, inputs, [output], ([gradient], needed) =>
    gradient ? pullback(gradient, needed) : inputs.map(() => null),
  );
  return output;
}

/** Notes how gradients go back through an operation with several outputs. */
export function recordMany(
  tape: Tape,
  inputs: readonly Var[],
  outputs: readonly Var[],
  pullback: PullbackOfMany,
): void {
  tape.entries.push({ inputs, outputs, pullback });
}

/**
 * Gradients of a sum of one number by values that it depends on, one for each of `by`, of their shapes. `onto` are sums of
 * gradients so far, which these are added to.
 * @throws Error where the number does not depend on one of them.
 */
export function gradients(tape: Tape, of: Var, by: readonly Var[], onto: readonly Var[] = []): Var[] {
  const wanted = new Set(by.map(({ value }) => value));
  const live = dependants(tape, wanted);
  const sums = new Map<Value, Var>(by.flatMap(({ value }, at) => (onto[at] ? [[value, onto[at]]] : [])));
  const reached = new Set<Value>([of.value]);
  sums.set(of.value, { value: tape.graph.float(1, tape.real), dims: [], type: tape.real });
  for (const { inputs, outputs, pullback } of [...tape.entries].reverse()) {
    const given = outputs.map(({ value }) => (reached.has(value) ? (sums.get(value) ?? null) : null));
    const needed = inputs.map(({ value }) => live.has(value));
    if (given.every((gradient) => gradient === null) || !needed.includes(true)) continue;
    for (const [at, share] of pullback(given, needed).entries()) {
      const to = inputs[at]?.value;
      if (share === null || to === undefined || needed[at] !== true) continue;
      sums.set(to, joined(tape, sums.get(to) ?? null, share));
      reached.add(to);
    }
  }
  return by.map(({ value }) => {
    const sum = sums.get(value);
    if (sum === undefined || !reached.has(value))
      throw new Error(`internal: what is differentiated does not depend on "${value}"`);
    return sum;
  });
}

/** All values that depend on some of these, and these. */
function dependants(tape: Tape, on: ReadonlySet<Value>): ReadonlySet<Value> {
  const live = new Set(on);
  for (const { inputs, outputs } of tape.entries)
    if (inputs.some(({ value }) => live.has(value))) for (const { value } of outputs) live.add(value);
  return live;
}

function joined(tape: Tape, sum: Var | null, share: Share): Var {
  if (typeof share === "function") return share(sum);
  if (sum === null) return share;
  return { ...sum, value: tape.graph.op("Add", [sum.value, share.value]) };
}
