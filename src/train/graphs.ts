// The graphs that a learner runs: the loss of a batch, its loss and gradients, the gradients' norm, and the update.
import { InputError } from "../core/errors.js";
import { FACTORS, sumOfSquares, updated, type AdamW } from "../grad/adamw.js";
import { dropoutBy } from "../grad/dropout.js";
import { pairwise } from "../grad/nodes.js";
import { gradients, input, newTape, type Tape, type Var } from "../grad/tape.js";
import { newGraph, type Graph } from "../onnx/graph.js";
import { addUncopied } from "../onnx/uncopied.js";
import type { Batch } from "./learner.js";
import type { Piece } from "./layout.js";
import { projecting } from "./project.js";
import type { Building, Trainable } from "./trainable.js";

/** Names of inputs beside the batch's and the parameters' own. */
export const SHARE = "share";
export const KEY = "key";
export const sumName = (parameter: string): string => `sum ${parameter}`;
export const batchName = (name: string): string => `batch ${name}`;

/** The loss of batches of this one's shapes. Inputs: the parameters, the batch, and what a weight of 1 counts for. */
export function lossGraph(trainable: Trainable, batch: Batch): Graph {
  const tape = newTape(newGraph("loss"));
  const { loss } = begun(tape, trainable, batch, false);
  tape.graph.output(loss.value, loss.type, []);
  return tape.graph;
}

/**
 * Gradients by all parameters, in their order, and then the loss of batches of this one's shapes. Inputs: as for the loss,
 * a key of two int32 for dropout, and where gradients are added to sums those, too.
 */
export function gradientGraph(trainable: Trainable, batch: Batch, adding: boolean): Graph {
  const tape = newTape(newGraph("gradients"));
  const { graph } = tape;
  addUncopied(graph, { name: graph.int64(1), type: "int64" });
  const { loss, parameters } = begun(tape, trainable, batch, true);
  const sums = adding
    ? trainable.parameters.map(({ name, dims }) => input(tape, sumName(name), tape.real, dims))
    : [];
  const taken = new Set<string>();
  for (const { value, dims, type } of gradients(tape, loss, parameters, sums)) {
    // An output has one name: what is the gradient of two parameters is given twice.
    const name = taken.has(value) ? graph.op("Identity", [value]) : value;
    taken.add(name);
    graph.output(name, type, dims);
  }
  graph.output(loss.value, loss.type, []);
  return graph;
}

/** What an update changes. */
export const CHANGED = ["weights", "means", "squares"] as const;

/** Name of a piece's input. */
export const pieceName = (what: (typeof CHANGED)[number] | "gradient", at: number): string => `${what} ${at}`;

/** The sum of the squares of all gradients, which come in pieces. */
export function normGraph(pieces: readonly Piece[]): Graph {
  const tape = newTape(newGraph("norm"));
  const given = pieces.map(({ size }, at) => input(tape, pieceName("gradient", at), tape.real, [size]));
  tape.graph.output(sumOfSquares(tape, given).value, tape.real, []);
  return tape.graph;
}

/** One update of all pieces; `FACTORS` come in as numbers. Outputs are `CHANGED` of each piece in turn. */
export function updateGraph(pieces: readonly Piece[], options: AdamW): Graph {
  const tape = newTape(newGraph("update"));
  const { graph } = tape;
  addUncopied(graph, { name: graph.int64(1), type: "int64" });
  const factors = FACTORS.map((name) => input(tape, name, tape.real, []));
  for (const [at, { size, decayed }] of pieces.entries()) {
    const piece = (what: Parameters<typeof pieceName>[0]): Var =>
      input(tape, pieceName(what, at), tape.real, [size]);
    const before = { weights: piece("weights"), means: piece("means"), squares: piece("squares") };
    const after = updated(tape, before, piece("gradient"), factors, options, decayed);
    for (const what of CHANGED) graph.output(after[what].value, tape.real, [size]);
  }
  return graph;
}

function begun(
  tape: Tape,
  trainable: Trainable,
  batch: Batch,
  training: boolean,
): { loss: Var; parameters: Var[] } {
  const { building, parameters } = buildingOf(tape, trainable, batch, training);
  const share = input(tape, SHARE, tape.real, []);
  const weights = pairwise(tape, "Mul", building.input("weights"), share);
  return { loss: trainable.loss(building, weights), parameters };
}

/** A graph under construction for batches of this one's shapes, and its inputs for what is learned. */
export function buildingOf(
  tape: Tape,
  trainable: Trainable,
  batch: Batch,
  training: boolean,
): { building: Building; parameters: Var[] } {
  const parameters = trainable.parameters.map(({ name, dims }) => input(tape, name, tape.real, dims));
  const frozen = (trainable.frozen ?? []).map(({ name, type, dims }) => input(tape, name, type, dims));
  const byName = new Map<string, Var>([...parameters, ...frozen].map((one) => [one.value, one]));
  const inputs = new Map(
    Object.entries(batch).map(([name, { type, dims }]) => [name, input(tape, batchName(name), type, dims)]),
  );
  const drop = training ? dropoutBy(tape, input(tape, KEY, "int32", [2])) : (x: Var) => x;
  const named = (name: string): Var => {
    const found = inputs.get(name);
    if (found === undefined)
      throw new InputError(`the batch has no "${name}", only ${[...inputs.keys()].join(", ")}; add it`);
    return found;
  };
  const parameter = (name: string): Var => {
    const found = byName.get(name);
    if (found === undefined) throw new Error(`internal: the model has no parameter "${name}"`);
    return found;
  };
  const project = projecting(tape, trainable.parameters, parameter);
  return { building: { tape, parameter, project, input: named, drop }, parameters };
}
