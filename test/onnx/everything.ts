// A graph with every kind of attribute, port and initialiser; it means nothing.
import { MICROSOFT, newGraph, type Graph } from "../../src/onnx/graph.js";

export function everything(): Graph {
  const graph = newGraph("everything");
  graph.input("x", "float32", ["rows", 3]);
  graph.input("times", "int64", []);
  graph.int64(-2);
  graph.int64([3, -1]);
  graph.int64([]);
  graph.int32(5);
  graph.float(0.1);
  graph.float(-Infinity);
  graph.float(0.1, "float16");
  const data = { location: "model_data", offset: 4_096, length: 6 };
  const table = graph.weight({ name: "table", type: "uint8", dims: [2, 3], data });
  graph.op("Softmax", ["x"], { axis: -1 });
  graph.ops(
    "Fused",
    ["x", "", table],
    ["a", "", "b"],
    {
      int: 7,
      negative: -1,
      float: { float: 1e-5 },
      whole: { float: 2 },
      text: "größer",
      ints: [0, -2, 5],
      none: [],
    },
    MICROSOFT,
  );
  const body = graph.body("step");
  body.input("at", "int64", []);
  body.input("go_on", "bool", []);
  body.bool(false);
  body.named("go_on_out", "Identity", ["go_on"]);
  body.named("at_out", "Identity", ["at"]);
  body.output("go_on_out", "bool", []);
  body.output("at_out", "int64", []);
  graph.ops("Loop", ["times", graph.bool(true)], ["copies"], { body });
  graph.output("a", "float16", ["rows"]);
  graph.output("copies", "int64", ["taken"]);
  return graph;
}
