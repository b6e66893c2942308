import { describe, expect, it } from "vitest";
import { message } from "../../src/onnx/protobuf.js";
import { fieldsOf, readerOf } from "./wire.js";

const hex = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("hex");

describe("a message", () => {
  // From the encoding's description, and its rule for negative numbers: ten bytes.
  it.each([
    ["150 in field 1", message().int(1, 150), "089601"],
    ["text in field 2", message().text(2, "testing"), "120774657374696e67"],
    ["a message in field 3", message().message(3, message().int(1, 150)), "1a03089601"],
    ["0", message().int(1, 0), "0800"],
    ["127 and 128", message().int(1, 127).int(1, 128), "087f088001"],
    ["-1", message().int(1, -1), "08ffffffffffffffffff01"],
    ["the least number", message().int(1, -(2n ** 63n)), "0880808080808080808001"],
    ["field 16, whose key takes two bytes", message().int(16, 1), "800101"],
    ["a float", message().float(2, 1.5), "150000c03f"],
    ["a double", message().double(1, 1.5), "09000000000000f83f"],
    ["no text", message().text(1, ""), "0a00"],
    ["nothing", message(), ""],
  ])("has the bytes of %s", (_, { parts }, expected) => {
    expect(hex(parts)).toBe(expected);
  });

  it("knows its length, also of long parts inside it", () => {
    const inner = message().bytes(9, new Uint8Array(300));
    const outer = message().message(1, inner).text(2, "ü");
    expect(inner.byteLength).toBe(1 + 2 + 300);
    expect(outer.byteLength).toBe(Buffer.concat(outer.parts).length);
    const read = readerOf(Buffer.concat(outer.parts));
    expect(read.texts(2)).toEqual(["ü"]);
    expect(read.bytes(1)[0]).toEqual(new Uint8Array(Buffer.concat(inner.parts)));
  });

  it("gives every whole number back", () => {
    const numbers = [
      0n,
      1n,
      -1n,
      300n,
      2n ** 31n,
      -(2n ** 31n),
      2n ** 53n + 1n,
      2n ** 63n - 1n,
      -(2n ** 63n),
    ];
    const made = message();
    for (const number of numbers) made.int(7, number);
    expect(readerOf(Buffer.concat(made.parts)).ints(7)).toEqual(numbers);
    expect(fieldsOf(Buffer.concat(made.parts)).length).toBe(numbers.length);
    expect(readerOf(Buffer.concat(message().int(1, Number.MAX_SAFE_INTEGER).parts)).ints(1)).toEqual([
      BigInt(Number.MAX_SAFE_INTEGER),
    ]);
  });
});
