import { describe, expect, it } from "vitest";
import { printsOf, WIDTHS } from "../../src/overlap/ngrams.js";

const prints = (code: string, docstring: string | null = null): ReturnType<typeof printsOf> =>
  printsOf({ code, docstring });

describe("prints of code", () => {
  const original =
    "def f(values, start):\n    total = start\n    for value in values:\n        total += value\n    return total\n";
  const renamed = "def g(xs, s):\n    t = s\n    for x in xs:\n        t += x\n    return t\n";

  it("are one per run of ten tokens", () => {
    const tokens = Array.from({ length: 14 }, (_, at) => `t${at}`).join(" ");
    expect(prints(tokens).code.size).toBe(14 - WIDTHS.code + 1);
    expect(prints("a b c").code.size).toBe(0);
  });

  it("change with the names, but for those left open", () => {
    expect([...prints(original).code].filter((print) => prints(renamed).code.has(print))).toEqual([]);
    expect(prints(original).open).toEqual(prints(renamed).open);
  });

  it("differ where other names are the same ones", () => {
    const crossed = renamed.replace("t += x", "x += t");
    expect(prints(crossed).open).not.toEqual(prints(original).open);
  });

  it("stay the same wherever a function stands", () => {
    const moved = `import os\nLIMIT = 3\n\n${renamed}\nprint(LIMIT)\n`;
    const open = prints(moved).open;
    expect([...prints(original).open].every((print) => open.has(print))).toBe(true);
  });

  it("hold a function shorter than a run as a whole", () => {
    expect(prints("def f(x): return len(x)").open).toEqual(prints("def size(of): return len(of)\n").open);
    expect(prints("def f(x): return len(x)").open.size).toBe(1);
    expect(prints("def f(x): return sum(x)").open).not.toEqual(prints("def f(x): return len(x)").open);
    expect(prints("x = len(y)").open.size).toBe(0);
  });
});

describe("prints of words", () => {
  it("don't mind letters, signs and lines", () => {
    expect(prints("", "Find the first, the last\n and the longest.").words).toEqual(
      prints("", "find THE first the last and (the longest)").words,
    );
  });

  it("leave out how tasks begin, and examples", () => {
    const bare = prints("", "reverse the words of a given sentence").words;
    expect(bare.size).toBe(7 - WIDTHS.words + 1);
    expect(prints("", "Write a function to reverse the words of a given sentence.").words).toEqual(bare);
    expect(prints("", "Write a Python function that reverse the words of a given sentence").words).toEqual(
      bare,
    );
    expect(prints("", "reverse the words of a given sentence\n\n>>> f('a b')\n'b a'").words).toEqual(bare);
  });

  it("hold a short description, or a short first sentence, as a whole", () => {
    const short = prints("", "Write a function to sort a list.").words;
    expect(short.size).toBe(1);
    expect(prints("", "Sort a list. Takes any list and gives a new one.").words).toContain([...short][0]);
    expect(prints("", "sort it").words.size).toBe(0);
    expect(prints("", null).words.size).toBe(0);
  });
});
