import { beforeAll, describe, expect, it } from "vitest";
import { shapeOf } from "../../src/overlap/shape.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

const ORIGINAL = `import re

def words(text: str, least: int = 3) -> list[str]:
    """The words of a text."""
    found = []
    for word in re.findall("[a-z]+", text.lower()):
        if len(word) >= least:  # long enough
            found.append(word)
    return found

def longest(text):
    return max(words(text), key=len)
`;

describe("a shape", () => {
  it("is that of a copy with other names, literals, annotations, order and white space", () => {
    const copy = `from math import pi
import re
def biggest(page): return (max(tokens(page), key=len))
def tokens(page, shortest=4):
      '''Something else.

      >>> tokens("a")
      '''
      kept   = []
      for token in (re.findall(r"\\w*", page . lower())):
            if len(token) >= shortest: kept.append(token)
      return (kept)
`;
    expect(shapeOf(copy)).toEqual(shapeOf(ORIGINAL));
    expect(shapeOf(ORIGINAL).length).toBeGreaterThan(40);
  });

  it.each([
    ["another operator", ">= least", "> least"],
    ["another builtin", "max(", "min("],
    ["another method", "found.append", "found.extend"],
    ["another statement", "return max(words(text), key=len)", "yield max(words(text), key=len)"],
    ["a condition less", "if len(word) >= least:  # long enough\n            found", "found"],
    ["a text with a value in it", '"[a-z]+"', 'f"[{least}]+"'],
  ])("is another with %s", (_, before, after) => {
    expect(ORIGINAL).toContain(before);
    expect(shapeOf(ORIGINAL.replace(before, after))).not.toEqual(shapeOf(ORIGINAL));
  });

  it("leaves out names that the code sets on objects", () => {
    const box = (name: string): string => `def f(x):\n    x.${name} = 1\n    return x.${name}.copy()\n`;
    expect(shapeOf(box("size"))).toEqual(shapeOf(box("width")));
    expect(shapeOf(box("size")).join(" ")).toContain("copy");
  });

  it("is made of words only", () => {
    for (const word of shapeOf(`${ORIGINAL}\nx = [~a << 2 if not b and c is not d else e not in f]\n`))
      expect(word).toMatch(/^\w+$/);
  });

  it("is empty where there is no code", () => {
    expect(shapeOf("")).toEqual([]);
    expect(shapeOf("# nothing\nimport os\n")).toEqual([]);
  });
});
