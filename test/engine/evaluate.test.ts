import { describe, expect, it } from "vitest";
import { cutLines, editSimilarity } from "../../src/engine/evaluate.js";
import { windowsOf } from "../../src/model/foretell.js";
import { uniforms } from "../../src/core/random.js";
import { askPython, pythonWith } from "../system/python.js";

/** Levenshtein's distance by its definition, over length: another way than ours, which keeps one row. */
const ORACLE = `
import functools, json, sys
def similarity(a, b):
    @functools.lru_cache(None)
    def distance(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
    return 1 - distance(len(a), len(b)) / max(len(a), len(b), 1)
print(json.dumps([similarity(a, b) for a, b in json.load(sys.stdin)]))
`;

describe("edit similarity", () => {
  it("is 1 for the same, 0 for what has nothing in common, and counts characters, not their halves", () => {
    expect(editSimilarity("", "")).toBe(1);
    expect(editSimilarity("return x", "return x")).toBe(1);
    expect(editSimilarity("abc", "")).toBe(0);
    expect(editSimilarity("abc", "xyz")).toBe(0);
    expect(editSimilarity("kitten", "sitting")).toBeCloseTo(1 - 3 / 7, 12);
    expect(editSimilarity("a😀", "ab")).toBe(0.5);
  });

  const python = pythonWith("json");
  it.skipIf(python === null)("is what its definition gives, on texts of few letters", () => {
    const next = uniforms(1, "edits");
    const word = (): string =>
      Array.from({ length: Math.floor(next() * 18) }, () => "ab é"[Math.floor(next() * 4)]).join("");
    const pairs = Array.from({ length: 200 }, () => [word(), word()] as const);
    const expected = askPython(python ?? "", ORACLE, pairs) as number[];
    for (const [at, [a, b]] of pairs.entries())
      expect(editSimilarity(a, b)).toBeCloseTo(expected[at] ?? NaN, 12);
  });
});

describe("cut lines", () => {
  const text = "import os\n\n\ndef f(a):\n    return a + 1\n  }\n";

  it("are cut within what a line says, and put together they are the text", () => {
    const cuts = cutLines(text, 10, "0");
    expect(cuts).toHaveLength(3);
    for (const { before, rest } of cuts) {
      expect(text.startsWith(before + rest)).toBe(true);
      expect(rest).toBe(rest.trimEnd());
      expect(rest.length).toBeGreaterThan(0);
      expect(rest).not.toContain("\n");
      expect((before.split("\n").at(-1) ?? "").trim()).not.toBe("");
      expect(["\n", undefined]).toContain(text[before.length + rest.length]);
    }
  });

  it("are the same for the same seed, and others for another", () => {
    const long = Array.from({ length: 60 }, (_, at) => `value_${at} = compute(${at})`).join("\n");
    expect(cutLines(long, 5, "1")).toEqual(cutLines(long, 5, "1"));
    expect(cutLines(long, 5, "1")).not.toEqual(cutLines(long, 5, "2"));
    expect(new Set(cutLines(long, 5, "1").map(({ before }) => before)).size).toBe(5);
  });
});

describe("windows", () => {
  it("foretell every token but the first once, each after what its window has before it", () => {
    const tokens = Array.from({ length: 23 }, (_, at) => at);
    for (const [length, stride] of [
      [8, 4],
      [8, 7],
      [5, 1],
      [50, 10],
    ] as const) {
      const windows = windowsOf(tokens, { length, stride });
      expect(windows.flatMap(({ text }) => text)).toEqual(tokens.slice(1));
      for (const { prompt, text } of windows) {
        expect(prompt.length).toBeGreaterThanOrEqual(1);
        expect(prompt.length + text.length).toBeLessThanOrEqual(length);
        expect(prompt.at(-1)).toBe((text[0] ?? 0) - 1);
      }
      for (const { prompt } of windows.slice(1))
        expect(prompt.length).toBeGreaterThanOrEqual(length - stride);
    }
    expect(windowsOf([1], { length: 4, stride: 2 })).toEqual([]);
  });
});
