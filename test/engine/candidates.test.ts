import { describe, expect, it } from "vitest";
import { drawnFrom, likeliest, surprise } from "../../src/engine/candidates.js";
import { streamDecoder } from "../../src/engine/stops.js";

const logits = Float32Array.from([1, 3, 2, 3, -1]);
const drawing = { temperature: 1, topP: 1, topK: null };

describe("candidates", () => {
  it("are the likeliest tokens, of equals the first", () => {
    expect(likeliest(logits, 3).map(({ token }) => token)).toEqual([1, 3, 2]);
    const many = Float32Array.from({ length: 300 }, (_, id) => (id * 37) % 101);
    const sorted = [...many.keys()].sort((a, b) => (many[b] ?? 0) - (many[a] ?? 0) || a - b);
    expect(likeliest(many).map(({ token }) => token)).toEqual(sorted.slice(0, 64));
  });

  it("are drawn as often as they are likely, of those that top-k and top-p leave", () => {
    const candidates = likeliest(Float32Array.from([Math.log(0.1), Math.log(0.6), Math.log(0.3)]));
    const counts = (more: object): number[] => {
      const drawn = [0, 0, 0];
      for (let at = 0; at < 1_000; at++) {
        const token = drawnFrom(candidates, { ...drawing, ...more }, (at + 0.5) / 1_000);
        drawn[token] = (drawn[token] ?? 0) + 1;
      }
      return drawn;
    };
    expect(counts({})).toEqual([100, 600, 300]);
    expect(counts({ topK: 2 })).toEqual([0, 667, 333]);
    expect(counts({ topP: 0.5 })).toEqual([0, 1_000, 0]);
    expect(counts({ topP: 0.7 })).toEqual([0, 667, 333]);
    expect(counts({ temperature: 0 })).toEqual([0, 1_000, 0]);
  });

  it("surprise by the logarithm of their share", () => {
    expect(surprise(Float32Array.from([Math.log(0.25), Math.log(0.75)]), 0)).toBeCloseTo(Math.log(4), 6);
  });
});

describe("the stream of a tokenizer that decodes whole lists", () => {
  it("gives what decoding all at once gives, never half a character", () => {
    const decode = (ids: readonly number[]): string => Buffer.from(ids).toString("utf8");
    const text = "é😀[ x".repeat(60);
    const decoder = streamDecoder(decode);
    const pieces = [...Buffer.from(text)].map((byte) => decoder.push(byte));
    expect(pieces.join("") + decoder.end()).toBe(text);
    expect(pieces.filter((piece) => piece.includes("\uFFFD"))).toEqual([]);
    const cut = streamDecoder(decode);
    expect([cut.push(0x61), cut.push(0xf0), cut.end()]).toEqual(["a", "", "\uFFFD"]);
  });
});
