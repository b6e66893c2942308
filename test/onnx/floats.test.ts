// The oracle is the formats' definition: sign, exponent and fraction, in double precision, for all 65,536 numbers; and
// for narrowing every place where the result changes: halfway between two neighbours, and one float to either side.
import { describe, expect, it } from "vitest";
import { fromBfloat, fromHalf, toBfloat, toHalf } from "../../src/onnx/floats.js";

interface Format {
  readonly name: string;
  readonly widen: (narrow: Uint16Array) => Float32Array;
  readonly narrow: (values: Float32Array) => Uint16Array;
  readonly exponentBits: number;
  readonly fractionBits: number;
}

const FORMATS: readonly Format[] = [
  { name: "half", widen: fromHalf, narrow: toHalf, exponentBits: 5, fractionBits: 10 },
  { name: "bfloat16", widen: fromBfloat, narrow: toBfloat, exponentBits: 8, fractionBits: 7 },
];

/** The number that these bits are, by definition. */
function defined(bits: number, { exponentBits, fractionBits }: Format): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The float that follows `value` by `steps` in size; for positive numbers. */
function neighbour(value: number, steps: number): number {
  const one = Float32Array.of(value);
  const bits = new Uint32Array(one.buffer);
  bits[0] = (bits[0] ?? 0) + steps;
  return one[0] ?? 0;
}

const ALL = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

describe.each(FORMATS)("$name", (format) => {
  const { widen, narrow, exponentBits, fractionBits } = format;
  const infinity = (2 ** exponentBits - 1) << fractionBits;

  it("widens all 65,536 numbers to what they are", () => {
    const values = widen(ALL);
    const wrong = [...ALL].filter((bits) => !Object.is(values[bits], defined(bits, format)));
    expect(wrong).toEqual([]);
  });

  it("narrows all of them back to the same bits, NaNs included", () => {
    expect(narrow(widen(ALL))).toEqual(ALL);
  });

  it("rounds to the nearest and ties to even between all neighbours, overflow included", () => {
    const asked: number[] = [];
    const expected: number[] = [];
    for (let low = 0; low < infinity; low++) {
      // Above the largest number lies what would come next, had the exponent another value: its stand-in is infinite.
      const above = low + 1 === infinity ? 2 ** (2 ** (exponentBits - 1)) : defined(low + 1, format);
      const half = (defined(low, format) + above) / 2;
      const even = low % 2 === 0 ? low : low + 1;
      asked.push(half, neighbour(half, -1), neighbour(half, 1));
      expected.push(even, low, low + 1);
    }
    expect(narrow(Float32Array.from(asked))).toEqual(Uint16Array.from(expected));
    const negative = Float32Array.from(asked, (value) => -value);
    expect(narrow(negative)).toEqual(Uint16Array.from(expected, (bits) => bits | 0x8000));
  });

  it("keeps a NaN whose payload does not fit a NaN", () => {
    const value = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
    expect(narrow(value)).toEqual(Uint16Array.of(infinity + 1, 0x8000 | (infinity + 1)));
  });

  it("reads a part of a larger array, and nothing", () => {
    const values = Float32Array.of(9, 1, -2, 9).subarray(1, 3);
    expect(widen(narrow(values))).toEqual(Float32Array.of(1, -2));
    expect(widen(narrow(new Float32Array(0)))).toEqual(new Float32Array(0));
  });
});
