// From a graph to the bytes of a .onnx file. Numbers of fields and types: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import type { Stored } from "./external.js";
import {
  ELEMENT,
  MICROSOFT,
  type Attribute,
  type Graph,
  type Initialiser,
  type Node,
  type Port,
} from "./graph.js";
import { message, type Message } from "./protobuf.js";

/** Version of the format; ONNX 1.14 and later read it. */
const IR_VERSION = 8;
/** The newest operators that ONNX Runtime's CUDA kernel for Loop is registered with in every build of the last years. */
const OPSET = 18;

const ATTRIBUTE = { float: 1, int: 2, text: 3, graph: 5, ints: 7 } as const;
/** In a tensor: the data lies in another file. */
const EXTERNAL = 1;

/** The bytes of a model. Weights that lie elsewhere must be in files beside it. */
export function modelBytes(graph: Graph): Uint8Array {
  const model = message()
    .int(1, IR_VERSION)
    .text(2, "selfalign")
    .message(7, graphMessage(graph))
    .message(8, message().text(1, "").int(2, OPSET))
    .message(8, message().text(1, MICROSOFT).int(2, 1));
  return Buffer.concat(model.parts);
}

function graphMessage({ name, nodes, inputs, outputs, initialisers }: Graph): Message {
  const made = message();
  for (const [at, node] of nodes.entries()) made.message(1, nodeMessage(node, at));
  made.text(2, name);
  for (const initialiser of initialisers.values()) made.message(5, tensorMessage(initialiser));
  for (const port of inputs) made.message(11, portMessage(port));
  for (const port of outputs) made.message(12, portMessage(port));
  return made;
}

function nodeMessage({ operator, domain, inputs, outputs, attributes }: Node, at: number): Message {
  const made = message();
  for (const input of inputs) made.text(1, input);
  for (const output of outputs) made.text(2, output);
  made.text(3, `${operator}_${at}`).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) made.message(5, attributeMessage(name, value));
  return made.text(7, domain);
}

function attributeMessage(name: string, value: Attribute): Message {
  const made = message().text(1, name);
  if (typeof value === "number") return made.int(3, value).int(20, ATTRIBUTE.int);
  if (typeof value === "string")
    return made.bytes(4, new TextEncoder().encode(value)).int(20, ATTRIBUTE.text);
  if (isGraph(value)) return made.message(6, graphMessage(value)).int(20, ATTRIBUTE.graph);
  if ("float" in value) return made.float(2, value.float).int(20, ATTRIBUTE.float);
  for (const item of value) made.int(8, item);
  return made.int(20, ATTRIBUTE.ints);
}

function isGraph(value: object): value is Graph {
  return "nodes" in value;
}

function portMessage({ name, type, dims, list }: Port): Message {
  const shape = message();
  for (const dim of dims)
    shape.message(1, typeof dim === "number" ? message().int(1, dim) : message().text(2, dim));
  const element = message().int(1, ELEMENT[type]);
  const typed = list
    ? message().message(4, message().message(1, message().message(1, element)))
    : message().message(1, element.message(2, shape));
  return message().text(1, name).message(2, typed);
}

function tensorMessage({ name, type, dims, data }: Initialiser): Message {
  const made = message();
  for (const dim of dims) made.int(1, dim);
  made.int(2, ELEMENT[type]).text(8, name);
  if (data instanceof Uint8Array) return made.bytes(9, data);
  for (const [key, value] of Object.entries(storedFields(data)))
    made.message(13, message().text(1, key).text(2, value));
  return made.int(14, EXTERNAL);
}

function storedFields({ location, offset, length }: Stored): Readonly<Record<string, string>> {
  return { location, offset: String(offset), length: String(length) };
}
