// The header of a safetensors file (https://github.com/huggingface/safetensors#format): eight bytes with its length,
// then JSON that says of each tensor its type, its shape and where its bytes lie. In come a header's text and the bytes
// behind it, out come places in the file; and the way back. Refuses, as the reference reader does, whatever is not
// exactly one tensor after another up to the file's end, for that is a file cut short or put together wrongly.
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";

/** Bytes of one number by the type's name in the format; a type that is not here has a size that we don't know. */
const WIDTHS: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/** Bytes before the JSON: its length. */
export const LENGTH_BYTES = 8;
/** A header of more bytes is refused, as by the reference reader: its length is no length. */
const MOST_HEADER_BYTES = 100_000_000;

/** Where a tensor lies in its file. */
export interface Place {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its first byte in the file, and the one behind its last. */
  readonly start: number;
  readonly end: number;
}

/** What a tensor that shall be written is. */
export interface Described {
  readonly name: string;
  readonly dtype: "F32" | "F16" | "BF16" | "I8";
  readonly shape: readonly number[];
}

/** How many numbers a tensor of this shape has. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes of one number of this type; undefined where we don't know it. */
export function widthOf(dtype: string): number | undefined {
  return Object.hasOwn(WIDTHS, dtype) ? WIDTHS[dtype] : undefined;
}

/** Length of the JSON by the file's first bytes. `file` is what a refusal calls it. */
export function headerLength(first: Uint8Array, size: number, file: string): number {
  if (first.length < LENGTH_BYTES) damaged(file, `has ${size} bytes, too few for a header`);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length < 2n || length > MOST_HEADER_BYTES || Number(length) + LENGTH_BYTES > size) {
    damaged(file, `says that its header has ${length.toString()} bytes, the file has ${size}`);
  }
  return Number(length);
}

/** The tensors of a file of `size` bytes by their names, checked. */
export function readHeader(json: Uint8Array, size: number, file: string): ReadonlyMap<string, Place> {
  const base = LENGTH_BYTES + json.length;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    header = null;
  }
  if (!isRecord(header)) damaged(file, "has a header that is not a JSON object");
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  const places = new Map(entries.map(([name, entry]) => [name, placeOf(entry, base, `${file}: "${name}"`)]));
  checkOrder(places, base, size, file);
  return places;
}

/** Length and JSON for these tensors, whose bytes follow in this order; padded so that they begin at a multiple of 8. */
export function writeHeader(tensors: readonly Described[]): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = at + countOf(shape) * (WIDTHS[dtype] ?? 0);
    header[name] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const bytes = Buffer.alloc(LENGTH_BYTES + Math.ceil(json.length / 8) * 8, " ");
  bytes.writeBigUInt64LE(BigInt(bytes.length - LENGTH_BYTES));
  json.copy(bytes, LENGTH_BYTES);
  return bytes;
}

function placeOf(entry: unknown, base: number, what: string): Place {
  if (!isRecord(entry)) damaged(what, "has no description");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") damaged(what, "has no dtype");
  if (!areSizes(shape)) damaged(what, "has a shape that is not a list of sizes");
  if (!areSizes(offsets) || offsets.length !== 2) damaged(what, "has no pair of offsets");
  const [start = 0, end = 0] = offsets;
  const width = widthOf(dtype);
  const needed = width === undefined ? end - start : width * countOf(shape);
  if (needed < 0 || end - start !== needed) {
    damaged(
      what,
      `of ${dtype} [${shape.join(", ")}] takes ${needed} bytes, its offsets give it ${end - start}`,
    );
  }
  return { dtype, shape, start: base + start, end: base + end };
}

/** One after another, from the header to the file's end. */
function checkOrder(places: ReadonlyMap<string, Place>, base: number, size: number, file: string): void {
  let at = base;
  for (const [name, { start, end }] of [...places].sort(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    if (start !== at) {
      const fault = start < at ? "overlaps the tensor before it" : `leaves a gap of ${start - at} bytes`;
      damaged(file, `has a header in which "${name}" ${fault}`);
    }
    at = end;
  }
  if (at !== size) damaged(file, `has ${size} bytes where its header promises ${at}`);
}

function areSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Refuses a damaged file: what about it, and the next step. */
export function damaged(what: string, problem: string): never {
  throw new InputError(`${what} ${problem}. It is damaged or was cut short: fetch it again`);
}
