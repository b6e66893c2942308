// Python's onnx judges the models that we write: every kind of attribute and initialiser, and the graphs of each architecture.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convert } from "../../src/model/convert.js";
import { modelBytes } from "../../src/onnx/model.js";
import { folderSource } from "../../src/onnx/safetensors.js";
import { everything } from "../onnx/everything.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("onnx");
if (python === null) console.warn("skipped: no Python with onnx; set SELFALIGN_PYTHON");

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "selfalign-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const READ = `
import json, sys, onnx
from onnx import helper
model = onnx.load(json.load(sys.stdin), load_external_data=False)
graph = model.graph
def told(value):
    value = helper.get_attribute_value(value)
    if isinstance(value, bytes): return value.decode()
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value if not isinstance(value, onnx.GraphProto) else value.name
def dims(port): return [d.dim_param or d.dim_value for d in port.type.tensor_type.shape.dim]
print(json.dumps({
    "opsets": {o.domain: o.version for o in model.opset_import},
    "nodes": [[n.op_type, n.domain, list(n.input), list(n.output), {a.name: told(a) for a in n.attribute}] for n in graph.node],
    "ports": [[p.name, onnx.TensorProto.DataType.Name(p.type.tensor_type.elem_type), dims(p)] for p in [*graph.input, *graph.output]],
    "constants": {t.name: onnx.numpy_helper.to_array(t).astype("f8").tolist() for t in graph.initializer if not t.external_data and "Inf" not in t.name},
    "stored": {t.name: {e.key: e.value for e in t.external_data} for t in graph.initializer if t.external_data},
}))
`;

const CHECK = `
import json, sys, onnx
files = json.load(sys.stdin)
for file in files: onnx.checker.check_model(file, full_check=False)
print(json.dumps(len(files)))
`;

describe.skipIf(python === null)("Python's onnx", () => {
  it("reads what we meant", () => {
    const file = path.join(folder, "everything.onnx");
    writeFileSync(file, modelBytes(everything()));
    expect(askPython(python ?? "", READ, file)).toEqual({
      opsets: { "": 18, "com.microsoft": 1 },
      nodes: [
        ["Softmax", "", ["x"], [expect.any(String)], { axis: -1 }],
        [
          "Fused",
          "com.microsoft",
          ["x", "", "table"],
          ["a", "", "b"],
          {
            int: 7,
            negative: -1,
            float: Math.fround(1e-5),
            whole: 2,
            text: "größer",
            ints: [0, -2, 5],
            none: [],
          },
        ],
        ["Loop", "", ["times", "bool:true"], ["copies"], { body: "step" }],
      ],
      ports: [
        ["x", "FLOAT", ["rows", 3]],
        ["times", "INT64", []],
        ["a", "FLOAT16", ["rows"]],
        ["copies", "INT64", ["taken"]],
      ],
      constants: {
        "int64:0:-2": -2,
        "int64:1:3,-1": [3, -1],
        "int64:1:": [],
        "int32:5": 5,
        "float32:0.1": Math.fround(0.1),
        "float16:0.1": 0.0999755859375,
        "bool:true": 1,
        "bool:false": 0,
      },
      stored: { table: { location: "model_data", offset: "4096", length: "6" } },
    });
  });

  it.each(["starcoder2/sliding", "gpt2/odd"])("finds graphs valid, of every format: %s", async (name) => {
    const source = folderSource(path.resolve(import.meta.dirname, "../fixtures", name));
    const files: string[] = [];
    for (const [dtype, device, plain] of [
      ["fp32", "cpu", "model.onnx"],
      ["int8", "cpu", "model_quantized.onnx"],
      ["int8-64", "cpu", "model_quantized.onnx"],
      ["int8-128", "cpu", "model_quantized.onnx"],
      ["fp16", "cpu", null],
      ["int8", "cuda", null],
    ] as const) {
      const out = path.join(folder, name.replace("/", " "), `${dtype} ${device}`);
      await convert(source, out, { dtype, device, draw: () => undefined });
      const names = ["decode.onnx", "score.onnx", ...(plain === null ? [] : [plain])];
      if (device === "cpu") names.push("step.onnx");
      files.push(...names.map((name) => path.join(out, "onnx", name)));
    }
    expect(askPython(python ?? "", CHECK, files)).toBe(21);
  });
});
