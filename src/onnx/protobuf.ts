// The wire format of Protocol Buffers, as far as ONNX and event files need it: fields go into a message one after the other.
// Source: https://protobuf.dev/programming-guides/encoding/

/** A message under construction. */
export interface Message {
  /** A whole number: int32, int64, bool or enum. Negative ones take ten bytes. */
  int(field: number, value: number | bigint): Message;
  float(field: number, value: number): Message;
  double(field: number, value: number): Message;
  text(field: number, value: string): Message;
  bytes(field: number, value: Uint8Array): Message;
  message(field: number, value: Message): Message;
  readonly byteLength: number;
  /** The bytes so far, in pieces. */
  readonly parts: readonly Uint8Array[];
}

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

export function message(): Message {
  const parts: Uint8Array[] = [];
  let byteLength = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part);
    byteLength += part.byteLength;
  };
  const head = (field: number, wire: number): void => {
    put(varint(BigInt((field << 3) | wire)));
  };
  const self: Message = {
    int(field, value) {
      head(field, VARINT);
      put(varint(BigInt.asUintN(64, BigInt(value))));
      return self;
    },
    float(field, value) {
      head(field, FIXED_32);
      put(new Uint8Array(Float32Array.of(value).buffer));
      return self;
    },
    double(field, value) {
      head(field, FIXED_64);
      put(new Uint8Array(Float64Array.of(value).buffer));
      return self;
    },
    text: (field, value) => self.bytes(field, new TextEncoder().encode(value)),
    bytes(field, value) {
      head(field, LENGTH_DELIMITED);
      put(varint(BigInt(value.byteLength)));
      put(value);
      return self;
    },
    message(field, value) {
      head(field, LENGTH_DELIMITED);
      put(varint(BigInt(value.byteLength)));
      for (const part of value.parts) put(part);
      return self;
    },
    get byteLength() {
      return byteLength;
    },
    parts,
  };
  return self;
}

/** Seven bits to a byte, the lowest first; the top bit says that more follow. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
