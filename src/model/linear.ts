// Products with a model's weights, in whatever type they are kept: linear layers and rows of an embedding, which may be the same
// matrix. Operators: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
import { MICROSOFT, type ElementType, type Graph, type Value } from "../onnx/graph.js";
import { blocksOf } from "./quantise.js";
import { blockOf, type Format } from "./weights.js";

/** The weights of a graph. */
export interface Weighing {
  readonly format: Format;
  /** Makes a weight of the plan known to the graph; gives its value. */
  readonly weight: (graph: Graph, name: string) => Value;
}

/** A matrix of the plan, [rows, columns], and whether it has a bias. */
export interface Linear {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly bias: boolean;
}

/** Eight-bit activations where the processor multiplies: eleven times as fast on CPU as weights alone; CUDA ignores it. */
const INT8_ACTIVATIONS = 4;

/** x, [..., columns], times a matrix: [..., rows]. */
export function addLinear(graph: Graph, { format, weight }: Weighing, x: Value, linear: Linear): Value {
  const { name, rows, columns } = linear;
  const bias = linear.bias ? weight(graph, `${name}.bias`) : "";
  const add = (product: Value): Value => (bias === "" ? product : graph.op("Add", [product, bias]));
  if (format.matrices !== "int8")
    return add(
      graph.op("FusedMatMul", [x, weight(graph, `${name}.weight`)], { transB: 1 }, { domain: MICROSOFT }),
    );
  const inputs = [x, weight(graph, `${name}.blocks`), weight(graph, `${name}.scales`)];
  const attributes = {
    ...{ K: columns, N: rows, bits: 8, block_size: blockOf(format) },
    accuracy_level: INT8_ACTIVATIONS,
  };
  // CUDA's kernels for half floats take no bias.
  if (bias === "" || format.activations === "float16")
    return add(graph.op("MatMulNBits", inputs, attributes, { domain: MICROSOFT }));
  return graph.op("MatMulNBits", [...inputs, "", "", bias], attributes, { domain: MICROSOFT });
}

/** Rows of an embedding, [B, S, width]; from int8 they are made wide again, since a tied head has the same bytes. */
export function addEmbedding(
  graph: Graph,
  { format, weight }: Weighing,
  ids: Value,
  name: string,
  width: number,
): Value {
  if (format.matrices !== "int8")
    return graph.op("Gather", [weight(graph, `${name}.weight`), ids], { axis: 0 });
  const type: ElementType = format.activations;
  const bytes = graph.op("Gather", [weight(graph, `${name}.blocks`), ids], { axis: 0 });
  const scales = graph.op("Gather", [weight(graph, `${name}.scales`), ids], { axis: 0 });
  const numbers = graph.op("Sub", [
    graph.op("Cast", [bytes], { to: type === "float16" ? 10 : 1 }),
    graph.float(128, type),
  ]);
  const blocks = graph.op("Mul", [numbers, graph.op("Unsqueeze", [scales, graph.int64([-1])])]);
  const block = blockOf(format);
  const rows = graph.op("Reshape", [blocks, graph.int64([0, 0, blocksOf(width, block) * block])]);
  if (width % block === 0) return rows;
  return graph.op("Slice", [rows, graph.int64([0]), graph.int64([width]), graph.int64([-1])]);
}
