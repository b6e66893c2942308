// The records are read back by the format's definition; the checksums by long division of polynomials, a bit at a time.
import { describe, expect, it } from "vitest";
import type { StepMetrics } from "../../src/train/metrics.js";
import { crc32c, eventOf, eventsHead } from "../../src/train/tensorboard.js";
import { readerOf } from "../onnx/wire.js";

/** Remainder of the bytes as a polynomial over GF(2) by Castagnoli's 0x11EDC6F41, bits of a byte lowest first. */
function remainder(bytes: Uint8Array): number {
  const bits = [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, at) => (byte >> at) & 1));
  const padded = [...bits, ...Array<number>(32).fill(0)];
  for (let at = 0; at < 32; at++) padded[at] = (padded[at] ?? 0) ^ 1;
  const divisor = Array.from((0x11edc6f41).toString(2), Number);
  for (let at = 0; at < bits.length; at++) {
    if (padded[at] === 1) divisor.forEach((bit, i) => (padded[at + i] = (padded[at + i] ?? 0) ^ bit));
  }
  return padded.slice(-32).reduce((sum, bit, at) => sum + (1 - bit) * 2 ** at, 0);
}

/** The records of an event file. @throws where a checksum is wrong. */
function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  const check = (part: Buffer, stored: number): void => {
    const turned = (stored - 0xa282ead8 + 2 ** 32) % 2 ** 32;
    const sum = ((turned * 2 ** 15) % 2 ** 32) + Math.floor(turned / 2 ** 17);
    if (sum !== remainder(part)) throw new Error("wrong checksum");
  };
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    check(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8));
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(data, bytes.readUInt32LE(at + 12 + length));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

const row: StepMetrics = {
  step: 300,
  loss: 1.5,
  validation: null,
  rate: 0.25,
  norm: null,
  tokens: 4096,
  skipped: 2,
};

describe("CRC-32C", () => {
  // From RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
  it.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["counting up", Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
    ["123456789", Buffer.from("123456789"), 0xe3069283],
  ])("of %s is the standard's", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
    expect(remainder(bytes)).toBe(expected);
  });
});

describe("an event file", () => {
  it("begins with the format's version", () => {
    const [head] = recordsOf(Buffer.from(eventsHead(1.5)));
    expect(readerOf(head ?? Buffer.alloc(0)).texts(3)).toEqual(["brain.Event:2"]);
    expect(readerOf(head ?? Buffer.alloc(0)).floats(1)).toEqual([1.5]);
  });

  it("has an event for each row, with the numbers that it has", () => {
    const rows = [row, { ...row, step: 301, validation: 0.5 }];
    const records = recordsOf(Buffer.concat(rows.map((each) => eventOf(each, 12.25))));
    const [first, second] = records.map((record) => {
      const event = readerOf(record);
      const values = event.bytes(5).flatMap((summary) => readerOf(summary).bytes(1));
      return {
        time: event.floats(1),
        step: event.ints(2),
        scalars: new Map(values.map((value) => [readerOf(value).texts(1)[0], readerOf(value).floats(2)[0]])),
      };
    });
    const scalars = { "loss/training": 1.5, "step/rate": 0.25, "step/tokens": 4096, "step/skipped": 2 };
    const more = { ...scalars, "loss/validation": 0.5 };
    expect(first).toEqual({ time: [12.25], step: [300n], scalars: new Map(Object.entries(scalars)) });
    expect(second).toEqual({ time: [12.25], step: [301n], scalars: new Map(Object.entries(more)) });
  });
});
