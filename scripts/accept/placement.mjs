// What a profile of ONNX Runtime tells about where a graph ran: which provider has which operators, what is copied between
// the device and the processor, and whether the loop and the cache of keys and values stay on the device. In come the
// profile's events and the cache's shape.
// Source of the format: https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html

const CPU = "CPUExecutionProvider";
const COPIES = { MemcpyFromHost: "to the device", MemcpyToHost: "from the device" };

/**
 * @param {readonly object[]} events Of the profile, all of them.
 * @param {{ kvHeads: number, headDim: number }} model
 */
export function placementOf(events, { kvHeads, headDim }) {
  const kernels = events
    .filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"))
    .map(({ name, dur, args }) => ({ name, dur, ...args }));
  const operators = new Map();
  for (const { op_name: operator, provider, dur } of kernels) {
    const key = `${operator} ${provider}`;
    const row = operators.get(key) ?? { operator, provider, calls: 0, ms: 0 };
    operators.set(key, { ...row, calls: row.calls + 1, ms: row.ms + dur / 1e3 });
  }
  const copied = kernels.filter(({ op_name: operator }) => Object.hasOwn(COPIES, operator));
  const ofCache = copied.filter(({ output_type_shape: shapes }) => isCache(shapes, kvHeads, headDim));
  const providersOf = (operator) => [
    ...new Set(kernels.filter(({ op_name: name }) => name === operator).map(({ provider }) => provider)),
  ];
  const [loop, attention] = [providersOf("Loop"), providersOf("GroupQueryAttention")];
  return {
    operators: [...operators.values()].sort((a, b) => b.ms - a.ms),
    copies: Object.entries(COPIES).map(([operator, way]) => sumOf(copied, operator, way)),
    cacheCopies: Object.entries(COPIES).map(([operator, way]) => sumOf(ofCache, operator, way)),
    loop,
    attention,
    cache: cacheOf(loop, attention, ofCache.length),
  };
}

function isCache(shapes, kvHeads, headDim) {
  const [shape = []] = shapes.flatMap((typed) => Object.values(typed));
  return shape.length === 4 && shape[1] === kvHeads && shape[3] === headDim;
}

/** Copy nodes in the graphs, how often they ran and what they moved. */
function sumOf(kernels, operator, way) {
  const own = kernels.filter(({ op_name: name }) => name === operator);
  return {
    way,
    nodes: new Set(own.map(({ name, node_index: index }) => `${name} ${index}`)).size,
    calls: own.length,
    bytes: own.reduce((sum, { output_size: bytes }) => sum + Number(bytes), 0),
  };
}

/** In words; a loop of the processor hands its state over at each step, which the profile shows no nodes for. */
function cacheOf(loop, attention, copies) {
  if (attention.every((provider) => provider === CPU)) return "on the processor, as all is";
  if (!attention.every((provider) => loop.includes(provider)))
    return "crosses at every step: the loop is not on the device that the attention is on";
  return copies === 0 ? "stays on the device within a run" : "crosses within a run: see the copies of it";
}
