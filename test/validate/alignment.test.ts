import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { overlap } from "../../src/validate/alignment.js";

beforeAll(loadGrammar);

const pairs = [
  {
    instruction: "Write a function that returns the words of a sentence in reverse order.",
    code: 'def reverse_words(sentence):\n    """Return it reversed."""\n    return " ".join(reversed(sentence.split()))\n',
  },
  {
    instruction: "Given a directory, delete all temporary files in it that are older than some age.",
    code: "def clean(dir, max_age):\n    for file in dir.iterdir():\n        if is_temp(file) and age_of(file) > max_age:\n            file.unlink()\n",
  },
  {
    instruction: "Compute the greatest common divisor of two integers.",
    code: "def gcd(a, b):\n    # greatest common divisor, by Euclid\n    while b:\n        a, b = b, a % b\n    return a\n",
  },
  {
    instruction: "Parse an HTTP header line into a pair of name and value.",
    code: "def parseHeader(line):\n    name, _, value = line.partition(':')\n    return name.strip(), value.strip()\n",
  },
];

describe("overlap", () => {
  it("is higher for a pair than for any two that do not belong together", () => {
    for (const { instruction, code } of pairs) {
      const own = overlap(instruction, code);
      for (const other of pairs)
        if (other.code !== code) expect(overlap(instruction, other.code)).toBeLessThan(own);
    }
  });

  it("stays between 0 and 1", () => {
    expect(overlap("reverse sentence", "reverse(sentence)\n")).toBeCloseTo(1, 10);
    expect(overlap("reverse sentence", "x = 1\n")).toBe(0);
    expect(overlap("", "")).toBe(0);
    expect(overlap("dir directory direct", "dir = directory = direct\n")).toBeLessThanOrEqual(1);
  });

  it("does not see docstrings of modules, classes and functions", () => {
    const word = "hippopotamus";
    const quiet = `"""${word}"""\nclass A:\n    """${word}"""\n    def f(self):\n        """${word}"""\n        pass\n`;
    expect(overlap(word, quiet)).toBe(0);
    expect(overlap(word, `${quiet}\n# ${word}\n`)).toBeGreaterThan(0);
    expect(overlap(word, `def f():\n    return "${word}"\n`)).toBeGreaterThan(0);
  });

  it("does not see doctests", () => {
    const text = (rest: string) =>
      overlap(`Count the apples.\n\n${rest}`, "def zebra(lion):\n    return lion\n");
    expect(text(">>> zebra(1)\nlion\n\nThat is all.")).toBe(0);
    expect(text(">>> zebra(1)\nlion\n\nIt takes a lion.")).toBeGreaterThan(0);
  });

  it("splits identifiers and sees through endings and abbreviations", () => {
    const of = (instruction: string, name: string) => overlap(instruction, `${name} = 1\n`);
    expect(of("http header reader", "readHTTPHeader")).toBeCloseTo(1, 10);
    expect(of("sorted indices", "sort_index")).toBeGreaterThan(0.4);
    expect(of("directories", "dir")).toBeCloseTo(0.6, 10);
    expect(of("director", "di")).toBe(0);
  });

  it("weighs words that every function has less", () => {
    const code = "def f(value, apple):\n    return value\n";
    expect(overlap("apple", code)).toBeGreaterThan(overlap("return", code));
  });

  it("takes code that does not parse", () => {
    expect(overlap("count apples", "def count_apples(:\n")).toBeGreaterThan(0.5);
  });
});
