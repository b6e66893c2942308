// The wire format of Protocol Buffers read by its definition, for tests: fields in their order, and nothing about their meaning.

export interface Field {
  readonly number: number;
  /** A whole number, a float or double, or bytes. */
  readonly value: bigint | number | Uint8Array;
}

/** All fields of a message. @throws where the bytes are none. */
export function fieldsOf(message: Uint8Array): readonly Field[] {
  // A copy, since slices of a Buffer are none.
  const bytes = new Uint8Array(message);
  const fields: Field[] = [];
  let at = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error("the message ends too early");
    return value;
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const next = byte();
      value |= BigInt(next & 127) << shift;
      if (next < 128) return value;
    }
    throw new Error("a number of more than ten bytes");
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error("the message ends too early");
    at += length;
    return bytes.slice(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, wire] = [key >>> 3, key & 7];
    if (wire === 0) fields.push({ number, value: varint() });
    else if (wire === 1) fields.push({ number, value: new DataView(take(8).buffer).getFloat64(0, true) });
    else if (wire === 2) fields.push({ number, value: take(Number(varint())) });
    else if (wire === 5) fields.push({ number, value: new DataView(take(4).buffer).getFloat32(0, true) });
    else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

/** The values of one field of a message, as messages, texts or numbers. */
export function readerOf(bytes: Uint8Array): {
  bytes(field: number): readonly Uint8Array[];
  texts(field: number): readonly string[];
  ints(field: number): readonly bigint[];
  floats(field: number): readonly number[];
  /** Numbers of the fields that there are, each once. */
  readonly fields: readonly number[];
} {
  const all = fieldsOf(bytes);
  const of = (field: number) => all.filter(({ number }) => number === field).map(({ value }) => value);
  const arrays = (field: number) => of(field).map((value) => value as Uint8Array);
  return {
    bytes: arrays,
    texts: (field) => arrays(field).map((value) => new TextDecoder().decode(value)),
    ints: (field) => of(field).map((value) => BigInt.asIntN(64, value as bigint)),
    floats: (field) => of(field) as number[],
    fields: [...new Set(all.map(({ number }) => number))].sort((a, b) => a - b),
  };
}
