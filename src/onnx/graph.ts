// An ONNX graph under construction: nodes and values by name, constants and weights, bodies of control flow. What is built is
// turned into bytes by model.ts. Checks nothing about operators or shapes: ONNX Runtime does when it loads the model.
// Source of the format: https://github.com/onnx/onnx/blob/main/docs/IR.md
import type { Stored } from "./external.js";
import { toHalf } from "./floats.js";

/** Element types, with their number in ONNX. */
export const ELEMENT = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
} as const;

export type ElementType = keyof typeof ELEMENT;

/** A dimension: a number, or the name of one that is known at run time. */
export type Dim = number | string;

/** A value of the graph, by its name; `""` stands for an optional input or output that is left out. */
export type Value = string;

/** Attributes of a node. Whole numbers are ints; a float is written `{ float: 1e-5 }`, as 1 would be taken for an int. */
export type Attribute = number | string | { readonly float: number } | readonly number[] | Graph;
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

export interface Port {
  readonly name: Value;
  readonly type: ElementType;
  readonly dims: readonly Dim[];
  /** A list of such tensors, not one. */
  readonly list?: true;
}

/** A constant or a weight: its bytes here, or where they lie in a file beside the model. */
export interface Initialiser {
  readonly name: Value;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | Stored;
}

/** Domain of ONNX Runtime's own operators. */
export const MICROSOFT = "com.microsoft";

export interface NodeOptions {
  /** `""` is ONNX itself. */
  readonly domain?: string;
  /** Names of the outputs. Default: one, with a name of its own. */
  readonly outputs?: readonly Value[];
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Of this graph alone: a body sees those of the graphs around it. */
  readonly initialisers: ReadonlyMap<Value, Initialiser>;
  input(name: Value, type: ElementType, dims: readonly Dim[]): Value;
  output(name: Value, type: ElementType, dims: readonly Dim[]): void;
  /** An output that is a list of tensors of this type. */
  listOutput(name: Value, type: ElementType): void;
  /** A name that nothing else has. */
  fresh(hint: string): Value;
  /** Adds a node; gives its first output. */
  op(operator: string, inputs: readonly Value[], attributes?: Attributes, options?: NodeOptions): Value;
  /** Adds a node under a name that the graph's outputs use. */
  named(name: Value, operator: string, inputs: readonly Value[], attributes?: Attributes): Value;
  /** Adds a node with several outputs. */
  ops(
    operator: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    attributes?: Attributes,
    domain?: string,
  ): void;
  /** A weight of the outermost graph; the same name twice is the same weight. */
  weight(initialiser: Initialiser): Value;
  /** Small constants of the outermost graph: a scalar for a number, a vector for a list. */
  int64(value: number | readonly number[]): Value;
  int32(value: number): Value;
  uint32(value: number): Value;
  float(value: number, type?: "float32" | "float16" | "float64"): Value;
  bool(value: boolean): Value;
  /** The graph of a Loop, If or Scan inside this one. */
  body(name: string): Graph;
}

/** A graph of its own; bodies inside it come from `body`. */
export function newGraph(name: string): Graph {
  return graphIn(name, { names: 0, initialisers: new Map() });
}

/** What a graph and its bodies have in common. */
interface Whole {
  names: number;
  readonly initialisers: Map<Value, Initialiser>;
}

function graphIn(name: string, whole: Whole, outermost = true): Graph {
  const nodes: Node[] = [];
  const inputs: Port[] = [];
  const outputs: Port[] = [];
  const constant = (
    label: string,
    type: ElementType,
    dims: readonly number[],
    data: ArrayBufferView,
  ): Value =>
    self.weight({
      name: `${type}:${label}`,
      type,
      dims,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });

  const self: Graph = {
    name,
    nodes,
    inputs,
    outputs,
    initialisers: outermost ? whole.initialisers : new Map(),
    input(port, type, dims) {
      inputs.push({ name: port, type, dims });
      return port;
    },
    output(port, type, dims) {
      outputs.push({ name: port, type, dims });
    },
    listOutput(port, type) {
      outputs.push({ name: port, type, dims: [], list: true });
    },
    fresh: (hint) => `${hint}_${whole.names++}`,
    op(operator, given, attributes = {}, { domain = "", outputs: names } = {}) {
      const made = names ?? [self.fresh(operator)];
      nodes.push({ operator, domain, inputs: given, outputs: made, attributes });
      return made[0] ?? "";
    },
    named: (output, operator, given, attributes) =>
      self.op(operator, given, attributes, { outputs: [output] }),
    ops(operator, given, made, attributes = {}, domain = "") {
      nodes.push({ operator, domain, inputs: given, outputs: made, attributes });
    },
    weight(initialiser) {
      if (!whole.initialisers.has(initialiser.name)) whole.initialisers.set(initialiser.name, initialiser);
      return initialiser.name;
    },
    int64(value) {
      const list = typeof value === "number" ? [value] : value;
      const dims = typeof value === "number" ? [] : [list.length];
      return constant(`${dims.length}:${list.join()}`, "int64", dims, BigInt64Array.from(list, BigInt));
    },
    int32: (value) => constant(String(value), "int32", [], Int32Array.of(value)),
    uint32: (value) => constant(String(value), "uint32", [], Uint32Array.of(value)),
    float(value, type = "float32") {
      if (type === "float64") return constant(String(value), type, [], Float64Array.of(value));
      const single = Float32Array.of(value);
      return constant(String(value), type, [], type === "float16" ? toHalf(single) : single);
    },
    bool: (value) => constant(String(value), "bool", [], Uint8Array.of(Number(value))),
    body: (inner) => graphIn(inner, whole, false),
  };
  return self;
}
