// A way around a copy. ONNX Runtime writes an output over the memory that it is given, but its JavaScript then copies every
// output into an array of its own all the same, which for a cache or for weights is more work than the run. It makes these
// arrays in the order of the graph's outputs, and gives up at one that is no tensor; so a graph whose first output is a list
// leaves none to be copied. Results are then only where they were written to. A runtime that learns to give lists, too,
// merely copies again.
import type { Graph, Value } from "./graph.js";

/** The name of that output. */
export const UNCOPIED = "uncopied";

/** Adds it to a graph that has no outputs yet; any small value of the graph will do. */
export function addUncopied(graph: Graph, { name, type }: { name: Value; type: "int32" | "int64" }): void {
  graph.ops("SequenceConstruct", [name], [UNCOPIED]);
  graph.listOutput(UNCOPIED, type);
}

/** Whether a run failed for nothing but that. */
export function isUncopied(error: unknown): boolean {
  return error instanceof Error && error.message.includes("Non tensor type is temporarily not supported");
}
