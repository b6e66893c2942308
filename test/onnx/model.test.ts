// A model that uses every kind of attribute, port and initialiser, read back by the wire format's definition and the numbers
// of onnx.proto: ModelProto 1 7 8, GraphProto 1 2 5 11 12, NodeProto 1 2 3 4 5 7, AttributeProto, TensorProto.
import { describe, expect, it } from "vitest";
import { newGraph } from "../../src/onnx/graph.js";
import { modelBytes } from "../../src/onnx/model.js";
import { everything } from "./everything.js";
import { readerOf } from "./wire.js";

const model = readerOf(modelBytes(everything()));
const graph = readerOf(model.bytes(7)[0] ?? new Uint8Array());
const nodes = graph.bytes(1).map(readerOf);
const node = (operator: string) =>
  nodes.find((read) => read.texts(4)[0] === operator) ?? readerOf(new Uint8Array());
const attributes = (operator: string) =>
  new Map(
    node(operator)
      .bytes(5)
      .map(readerOf)
      .map((read) => [read.texts(1)[0], read]),
  );

describe("a model", () => {
  it("says its version, its maker and the sets of operators", () => {
    expect(model.fields).toEqual([1, 2, 7, 8]);
    expect(model.ints(1)).toEqual([8n]);
    expect(model.texts(2)).toEqual(["selfalign"]);
    const sets = model.bytes(8).map(readerOf);
    expect(sets.map((set) => [set.texts(1), set.ints(2)])).toEqual([
      [[""], [18n]],
      [["com.microsoft"], [1n]],
    ]);
  });

  it("lists its nodes in order, with inputs that are left out and names that nothing else has", () => {
    expect(nodes.map((read) => read.texts(4)[0])).toEqual(["Softmax", "Fused", "Loop"]);
    expect(node("Fused").texts(1)).toEqual(["x", "", "table"]);
    expect(node("Fused").texts(2)).toEqual(["a", "", "b"]);
    expect(nodes.map((read) => read.texts(7)[0])).toEqual(["", "com.microsoft", ""]);
    expect(new Set(nodes.map((read) => read.texts(3)[0])).size).toBe(nodes.length);
  });

  it("tells attributes of every kind, each with its type", () => {
    const fused = attributes("Fused");
    const [int, negative, float, whole, text, ints, none] = [
      "int",
      "negative",
      "float",
      "whole",
      "text",
      "ints",
      "none",
    ].map((name) => fused.get(name) ?? readerOf(new Uint8Array()));
    expect([int?.ints(3), int?.ints(20)]).toEqual([[7n], [2n]]);
    expect([negative?.ints(3), negative?.ints(20)]).toEqual([[-1n], [2n]]);
    expect([float?.floats(2), float?.ints(20)]).toEqual([[Math.fround(1e-5)], [1n]]);
    expect([whole?.floats(2), whole?.ints(20)]).toEqual([[2], [1n]]);
    expect([text?.texts(4), text?.ints(20)]).toEqual([["größer"], [3n]]);
    expect([ints?.ints(8), ints?.ints(20)]).toEqual([[0n, -2n, 5n], [7n]]);
    expect([none?.ints(8), none?.ints(20)]).toEqual([[], [7n]]);
    const body = attributes("Loop").get("body");
    expect(body?.ints(20)).toEqual([5n]);
    const inner = readerOf(body?.bytes(6)[0] ?? new Uint8Array());
    expect(inner.texts(2)).toEqual(["step"]);
    expect(inner.bytes(5)).toEqual([]);
    expect(inner.bytes(11).map((port) => readerOf(port).texts(1)[0])).toEqual(["at", "go_on"]);
  });

  it("tells the types and shapes of what goes in and comes out", () => {
    const port = (bytes: Uint8Array) => {
      const read = readerOf(bytes);
      const tensor = readerOf(readerOf(read.bytes(2)[0] ?? new Uint8Array()).bytes(1)[0] ?? new Uint8Array());
      const dims = readerOf(tensor.bytes(2)[0] ?? new Uint8Array())
        .bytes(1)
        .map(readerOf);
      return [read.texts(1)[0], tensor.ints(1)[0], dims.map((dim) => dim.texts(2)[0] ?? dim.ints(1)[0])];
    };
    expect(graph.bytes(11).map(port)).toEqual([
      ["x", 1n, ["rows", 3n]],
      ["times", 7n, []],
    ]);
    expect(graph.bytes(12).map(port)).toEqual([
      ["a", 10n, ["rows"]],
      ["copies", 7n, ["taken"]],
    ]);
  });

  it("holds constants of every type, and says where weights lie", () => {
    const tensors = graph.bytes(5).map(readerOf);
    const inside = tensors.filter((read) => read.ints(14).length === 0);
    const shown = inside.map((read) => [
      read.texts(8)[0],
      read.ints(1),
      read.ints(2)[0],
      Buffer.from(read.bytes(9)[0] ?? []).toString("hex"),
    ]);
    expect(shown).toEqual([
      ["int64:0:-2", [], 7n, "feffffffffffffff"],
      ["int64:1:3,-1", [2n], 7n, "0300000000000000ffffffffffffffff"],
      ["int64:1:", [0n], 7n, ""],
      ["int32:5", [], 6n, "05000000"],
      ["float32:0.1", [], 1n, "cdcccc3d"],
      ["float32:-Infinity", [], 1n, "000080ff"],
      ["float16:0.1", [], 10n, "662e"],
      ["bool:false", [], 9n, "00"],
      ["bool:true", [], 9n, "01"],
    ]);
    const [stored, ...others] = tensors.filter((read) => read.ints(14).length > 0);
    expect(others).toEqual([]);
    expect([stored?.texts(8), stored?.ints(1), stored?.ints(2), stored?.ints(14)]).toEqual([
      ["table"],
      [2n, 3n],
      [2n],
      [1n],
    ]);
    const where = stored?.bytes(13).map(readerOf) ?? [];
    expect(where.map((entry) => [entry.texts(1)[0], entry.texts(2)[0]])).toEqual([
      ["location", "model_data"],
      ["offset", "4096"],
      ["length", "6"],
    ]);
  });
});

describe("a graph", () => {
  it("gives names that nothing else has, across its bodies, and shares constants and weights with them", () => {
    const outer = newGraph("outer");
    const body = outer.body("inner");
    const names = [outer.fresh("n"), body.fresh("n"), body.body("deep").fresh("n"), outer.fresh("n")];
    expect(new Set(names).size).toBe(4);
    expect(body.int64(3)).toBe(outer.int64(3));
    expect(outer.int64(3)).not.toBe(outer.int64([3]));
    expect(outer.float(1)).not.toBe(outer.float(1, "float16"));
    expect([...outer.initialisers.keys()]).toEqual(["int64:0:3", "int64:1:3", "float32:1", "float16:1"]);
    expect(body.initialisers.size).toBe(0);
  });

  it("gives a node's first output", () => {
    const made = newGraph("outer");
    expect(made.op("Split", ["x"], {}, { outputs: ["left", "right"] })).toBe("left");
    expect(made.named("sum", "Add", ["left", "right"])).toBe("sum");
    expect(made.nodes.map(({ outputs }) => outputs)).toEqual([["left", "right"], ["sum"]]);
  });
});
