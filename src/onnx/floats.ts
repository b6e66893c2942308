// Half floats (IEEE binary16) and bfloat16 to single floats and back, whole arrays at a time, by their bits. Narrowing
// rounds to the nearest, ties to even; what is too large becomes infinite; subnormals stay what they are. A NaN stays a
// NaN, with the part of its payload that fits. Sixteen-bit floats are numbers in a Uint16Array here: their bits.

const SIGN = 0x8000;
const HALF_INFINITY = 0x7c00;
const INFINITY_BITS = 0x7f800000;
/** The smallest magnitude, as bits of a single float, that rounds to an infinite half: 65520. */
const HALF_OVERFLOW = 0x477ff000;
/** The smallest normal half, 2^-14, as bits of a single float. */
const HALF_NORMAL = 0x38800000;
/** Difference of the exponents' biases, 127 - 15, at its place in a single float. */
const REBIAS = 112 << 23;

/** Half floats as single floats: every one of them exactly. */
export function fromHalf(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i] ?? 0;
    if ((half & HALF_INFINITY) === HALF_INFINITY) {
      bits[i] = ((half & SIGN) << 16) | INFINITY_BITS | ((half & 0x3ff) << 13);
    } else {
      // With its bits in place the number is 2^112 too small; multiplying also mends subnormals.
      bits[i] = (half & 0x7fff) << 13;
      values[i] = (values[i] ?? 0) * 2 ** 112;
      bits[i] = (bits[i] ?? 0) | ((half & SIGN) << 16);
    }
  }
  return values;
}

/** Single floats as half floats. */
export function toHalf(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  const bits = bitsOf(values);
  const one = new Float32Array(1);
  const oneBits = new Uint32Array(one.buffer);
  for (let i = 0; i < halves.length; i++) {
    const all = bits[i] ?? 0;
    const size = all & 0x7fffffff;
    let half: number;
    if (size > INFINITY_BITS) half = HALF_INFINITY | ((size >>> 13) & 0x3ff || 1);
    else if (size >= HALF_OVERFLOW) half = HALF_INFINITY;
    else if (size >= HALF_NORMAL) half = (size - REBIAS + 0xfff + ((size >>> 13) & 1)) >>> 13;
    else {
      // Beside 0.5 a single float's last place is 2^-24, a subnormal half's: storing the sum rounds as it should.
      oneBits[0] = size;
      one[0] = (one[0] ?? 0) + 0.5;
      half = oneBits[0] & 0x7ff;
    }
    halves[i] = half | ((all >>> 16) & SIGN);
  }
  return halves;
}

/** Bfloat16 numbers as single floats: the upper half of their bits. */
export function fromBfloat(narrow: Uint16Array): Float32Array {
  const bits = new Uint32Array(narrow.length);
  for (let i = 0; i < narrow.length; i++) bits[i] = (narrow[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

/** Single floats as bfloat16 numbers. */
export function toBfloat(values: Float32Array): Uint16Array {
  const narrow = new Uint16Array(values.length);
  const bits = bitsOf(values);
  for (let i = 0; i < narrow.length; i++) {
    const all = bits[i] ?? 0;
    const upper = all >>> 16;
    if ((all & 0x7fffffff) > INFINITY_BITS) narrow[i] = (upper & 0x7f) === 0 ? upper | 1 : upper;
    else narrow[i] = (all + 0x7fff + (upper & 1)) >>> 16;
  }
  return narrow;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
