// Rows of a table by their number, with the gradient of the table.
import { countOf } from "../onnx/header.js";
import { node, reshaped, whole } from "./nodes.js";
import { zeros } from "./shapes.js";
import { record, type Tape, type Var } from "./tape.js";

/** Rows of a table, [rows, width], for int64 ids of any shape: [...ids, width]. */
export function embedding(tape: Tape, rows: Var, ids: Var<"int64">): Var {
  const width = rows.dims[1] ?? 0;
  const y = node(tape, "Gather", [rows, ids], [...ids.dims, width], { axis: 0 });
  return record(tape, [rows], y, (d) => [(sum) => scattered(tape, sum ?? zeros(tape, rows.dims), ids, d)]);
}

/**
 * A table with updates added to the rows of these ids, which may repeat. By ScatterElements, as ScatterND on the processor
 * adds in several threads at once and loses updates where rows repeat.
 */
function scattered(tape: Tape, onto: Var, ids: Var, updates: Var): Var {
  const [count, width] = [countOf(ids.dims), onto.dims[1] ?? 0];
  const lines = reshaped(tape, ids, [count, 1]);
  const places = node(tape, "Expand", [lines, whole(tape, [count, width])], [count, width]);
  const values = reshaped(tape, updates, [count, width]);
  return node(tape, "ScatterElements", [onto, places, values], onto.dims, { axis: 0, reduction: "add" });
}
