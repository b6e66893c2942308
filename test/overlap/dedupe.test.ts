import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { clusterNearDuplicates, openNearDuplicates, PAIR_THRESHOLD } from "../../src/overlap/dedupe.js";
import { jaccard, plantedPair } from "./planted.js";

const words = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `w${from + at}`).join(" ");

describe("one text after the other", () => {
  it("keeps the first and names it for those that resemble it", () => {
    const memory = openNearDuplicates();
    expect(memory.add(words(0, 100))).toEqual({ kept: true });
    expect(memory.add(words(500, 600))).toEqual({ kept: true });
    expect(memory.add(words(500, 600))).toEqual({ kept: false, duplicateOf: 1, similarity: 1 });
    const near = memory.add(words(0, 90));
    expect(near).toMatchObject({ kept: false, duplicateOf: 0 });
    expect(Math.abs((near.kept ? 0 : near.similarity) - jaccard(words(0, 100), words(0, 90)))).toBeLessThan(
      0.1,
    );
    expect(memory.size()).toBe(2);
  });

  it("names the most similar of several that were kept", () => {
    const memory = openNearDuplicates({ threshold: 0.3 });
    memory.add(words(0, 100));
    memory.add(words(70, 170));
    expect(memory.add(words(60, 165))).toMatchObject({ kept: false, duplicateOf: 1 });
  });

  it("compares with what was kept, never with what was left out", () => {
    const memory = openNearDuplicates();
    expect(memory.add(words(0, 100)).kept).toBe(true);
    expect(memory.add(words(20, 120)).kept).toBe(false);
    // Like the second, but too unlike the first.
    expect(memory.add(words(50, 150)).kept).toBe(true);
  });

  it("keeps every text without tokens, and counts it", () => {
    const memory = openNearDuplicates();
    expect([memory.add(""), memory.add("+"), memory.add("a b c"), memory.add("a-b-c")]).toEqual([
      { kept: true },
      { kept: true },
      { kept: true },
      { kept: false, duplicateOf: 2, similarity: 1 },
    ]);
  });

  it("goes on from the kept texts as if it had not stopped", () => {
    const texts = Array.from({ length: 300 }, (_, at) => plantedPair(`r${at >> 1}`, 60, 0.6)[at % 2] ?? "");
    const whole = openNearDuplicates();
    const all = texts.map((text) => whole.add(text));
    const resumed = openNearDuplicates();
    texts.slice(0, 150).forEach((text, at) => {
      if (all[at]?.kept) expect(resumed.add(text)).toEqual({ kept: true });
    });
    expect(texts.slice(150).map((text) => resumed.add(text))).toEqual(all.slice(150));
    expect(all.some(({ kept }) => !kept)).toBe(true);
  });

  it("decides the same without vectors", () => {
    const texts = Array.from({ length: 200 }, (_, at) => plantedPair(`v${at >> 1}`, 60, 0.5)[at % 2] ?? "");
    const [vectors, plain] = [openNearDuplicates(), openNearDuplicates({ simd: false })];
    expect(texts.map((text) => vectors.add(text))).toEqual(texts.map((text) => plain.add(text)));
  });

  it("takes only copies at the threshold 1, whatever stands between their tokens", () => {
    const memory = openNearDuplicates({ threshold: 1 });
    memory.add(words(0, 100));
    expect(memory.add(words(0, 100).replaceAll(" ", "\n")).kept).toBe(false);
    expect(memory.add(words(0, 90)).kept).toBe(true);
  });

  it("refuses a threshold that is none", () => {
    for (const threshold of [0, -1, 1.1, Number.NaN])
      expect(() => openNearDuplicates({ threshold })).toThrow(InputError);
  });
});

describe("clusters", () => {
  it("follow chains to the first text", () => {
    const texts = [words(0, 100), words(500, 600), words(25, 125), words(50, 150), words(500, 605), ""];
    const { survivors, similarities } = clusterNearDuplicates(texts);
    expect([...survivors]).toEqual([0, 1, 0, 0, 1, 5]);
    expect(similarities[3]).toBeLessThan(0.5);
    expect([...similarities].filter((value) => value === 1)).toHaveLength(3);
  });

  it("join two that were apart when a text links them", () => {
    expect([...clusterNearDuplicates([words(0, 100), words(40, 140), words(20, 120)]).survivors]).toEqual([
      0, 0, 0,
    ]);
  });

  it("hold a thousand copies of one text", () => {
    const { survivors, similarities } = clusterNearDuplicates(Array<string>(1_000).fill(words(0, 50)));
    expect(new Set(survivors)).toEqual(new Set([0]));
    expect(new Set(similarities)).toEqual(new Set([1]));
  });
});

// Of 100 pairs each. At the threshold about half of the pairs are found by any MinHash: the estimate errs by 0.03.
describe.each([0.5, PAIR_THRESHOLD])("planted pairs at the threshold %d", (threshold) => {
  const found = (similarity: number): number => {
    const pairs = Array.from({ length: 100 }, (_, at) =>
      plantedPair(`q${similarity}_${at}`, 100, similarity),
    );
    const { survivors } = clusterNearDuplicates(pairs.flat(), { threshold });
    return pairs.filter((_, at) => survivors[2 * at + 1] === 2 * at).length;
  };

  it("are all found 0.2 above it and never 0.15 below it", () => {
    expect(found(threshold + 0.2)).toBeGreaterThanOrEqual(98);
    expect(found(threshold - 0.15)).toBe(0);
  });
});
