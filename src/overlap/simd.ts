// The inner loop of MinHash as a WebAssembly module with 128-bit vectors, assembled here byte by byte: sixteen
// permutations at a time stay in registers while the shingles pass by. It computes what `minhash.ts` computes in plain
// JavaScript, bit for bit. Gives null where the engine has no such vectors.
// Source: https://webassembly.github.io/spec/core/binary, for the vectors .../binary/instructions.html#vector-instructions

/** Permutations that one round of the loop works on. */
export const LANES = 16;

/** Shingles that the module's memory holds at a time. */
export const BLOCK = 4_096;

/** The module's memory, and its function. All arrays are views of that memory. */
export interface SimdMinima {
  readonly multipliers: Uint32Array;
  readonly increments: Uint32Array;
  readonly minima: Uint32Array;
  /** Of `BLOCK` entries. */
  readonly shingles: Uint32Array;
  /** Lowers `minima` by the first `count` shingles: min(minimum, shingle × multiplier + increment) modulo 2^32. */
  readonly lower: (count: number) => void;
}

// The compiler's libraries leave WebAssembly to the browser's.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  validate(bytes: Uint8Array): boolean;
};

/** An instance for so many permutations, a multiple of `LANES`; null where vectors are not supported. */
export function openSimd(permutations: number): SimdMinima | null {
  const bytes = moduleBytes(permutations);
  if (!WebAssembly.validate(bytes)) return null;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  // The exports are ours, ten lines below.
  const { buffer } = exports["memory"] as { readonly buffer: ArrayBuffer };
  const lower = exports["lower"] as (count: number) => void;
  const view = (offset: number, length: number): Uint32Array => new Uint32Array(buffer, offset, length);
  return {
    multipliers: view(0, permutations),
    increments: view(4 * permutations, permutations),
    minima: view(8 * permutations, permutations),
    shingles: view(12 * permutations, BLOCK),
    lower,
  };
}

const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;

/** The whole module: one type, one function, one memory, two exports. */
function moduleBytes(permutations: number): Uint8Array {
  const pages = Math.ceil((12 * permutations + 4 * BLOCK) / 65_536);
  const body = [...LOCALS, ...lowering(permutations), OP.end];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 1, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, ...unsigned(pages)]),
    ...section(7, [2, ...name("memory"), 2, 0, ...name("lower"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** Numbers of the parameter and the locals. */
const COUNT = 0;
const LANE = 1;
const SHINGLE = 2;
const END = 3;
const VALUE = 4;
const [MULTIPLIER, INCREMENT, MINIMUM] = [5, 9, 13];
const QUARTERS = [0, 1, 2, 3];
const LOCALS = [2, 3, I32, 13, V128];

const OP = {
  block: [0x02, VOID],
  loop: [0x03, VOID],
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  constant: 0x41,
  lessUnsigned: 0x49,
  notLessUnsigned: 0x4f,
  add: 0x6a,
  shiftLeft: 0x74,
  load: [0xfd, 0x00],
  loadSplat: [0xfd, 0x09],
  store: [0xfd, 0x0b],
  addLanes: [0xfd, 0xae, 0x01],
  multiplyLanes: [0xfd, 0xb5, 0x01],
  minimumLanes: [0xfd, 0xb7, 0x01],
} as const;

/** For each sixteen permutations: load their state, let all shingles pass, store the minima. */
function lowering(permutations: number): number[] {
  const shingles = 12 * permutations;
  const at = (array: number, quarter: number): number[] => unsigned(4 * array * permutations + 16 * quarter);
  const load = (array: number, local: number): number[] =>
    QUARTERS.flatMap((k) => [OP.get, LANE, ...OP.load, 4, ...at(array, k), OP.set, local + k]);
  return [
    ...[OP.constant, ...signed(shingles), OP.get, COUNT, OP.constant, 2, OP.shiftLeft, OP.add, OP.set, END],
    ...OP.loop,
    ...load(0, MULTIPLIER),
    ...load(1, INCREMENT),
    ...load(2, MINIMUM),
    ...[OP.constant, ...signed(shingles), OP.set, SHINGLE],
    ...OP.block,
    ...OP.loop,
    ...[OP.get, SHINGLE, OP.get, END, OP.notLessUnsigned, OP.brIf, 1],
    ...[OP.get, SHINGLE, ...OP.loadSplat, 2, 0, OP.set, VALUE],
    ...QUARTERS.flatMap((k) => [
      ...[OP.get, MINIMUM + k, OP.get, VALUE, OP.get, MULTIPLIER + k, ...OP.multiplyLanes],
      ...[OP.get, INCREMENT + k, ...OP.addLanes, ...OP.minimumLanes, OP.set, MINIMUM + k],
    ]),
    ...[OP.get, SHINGLE, OP.constant, 4, OP.add, OP.set, SHINGLE, OP.br, 0],
    ...[OP.end, OP.end],
    ...QUARTERS.flatMap((k) => [OP.get, LANE, OP.get, MINIMUM + k, ...OP.store, 4, ...at(2, k)]),
    ...[OP.get, LANE, OP.constant, ...signed(4 * LANES), OP.add, OP.tee, LANE],
    ...[OP.constant, ...signed(4 * permutations), OP.lessUnsigned, OP.brIf, 0],
    OP.end,
  ];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function name(text: string): number[] {
  const bytes = Buffer.from(text, "utf8");
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128, unsigned. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** LEB128, signed; for values that aren't negative: the last byte must leave bit 6 clear. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)];
}
