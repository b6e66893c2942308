import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { readExample } from "../../src/instruct/examples.js";

const LINES: Readonly<Record<string, string>> = {
  snippet: "snippet: |\n  def f(x):\n      return x\n",
  concepts: "concepts: identity functions,  giving back arguments\n",
  category: "category: code generation (function implementation)\n",
  language: "language: Python\n",
  difficulty: "difficulty: easy\n",
  instruction: "instruction: >-\n  Write `g(x)`, which\n  doubles x.\n",
  reasoning: "reasoning: Twice is enough.\n",
  implementation: "implementation: |\n  def g(x: int) -> int:\n      return 2 * x\n",
  explanation: "explanation: Multiplies.\n",
  tests: "tests: |\n  assert g(2) == 4\n  assert g(0) == 0\n",
};

/** The example with some fields written otherwise; an empty text leaves a field out. */
function written(changes: Readonly<Record<string, string>> = {}): string {
  return Object.values({ ...LINES, ...changes }).join("");
}

async function refusal(text: string): Promise<string> {
  const found = await readExample("folder/double.yaml", text).catch((error: unknown) => error);
  if (found instanceof InputError) return found.message;
  throw new Error("was read");
}

describe("a worked example", () => {
  it("is a mapping, its code as written and its prose in one piece", async () => {
    expect(await readExample("folder/double.yaml", written())).toEqual({
      name: "double",
      snippet: "def f(x):\n    return x",
      concepts: ["identity functions", "giving back arguments"],
      category: "code generation (function implementation)",
      language: "Python",
      difficulty: "easy",
      instruction: "Write `g(x)`, which doubles x.",
      reasoning: "Twice is enough.",
      implementation: "def g(x: int) -> int:\n    return 2 * x",
      explanation: "Multiplies.",
      tests: "assert g(2) == 4\nassert g(0) == 0",
    });
  });

  it.each([
    ["a missing field", { explanation: "" }, '"folder/double.yaml" explanation: missing; add the field'],
    [
      "an unknown field",
      { extra: "extra: 1\n" },
      '"folder/double.yaml" extra: unknown field; the fields are snippet, ',
    ],
    ["a number for a text", { reasoning: "reasoning: 7\n" }, '"folder/double.yaml" reasoning: expected text'],
    ["a blank text", { reasoning: 'reasoning: " "\n' }, '"folder/double.yaml" reasoning: expected text'],
    [
      "another difficulty",
      { difficulty: "difficulty: simple\n" },
      '"folder/double.yaml" difficulty: "simple" does not exist; choose from easy, medium, hard',
    ],
    [
      "a concept twice",
      { concepts: "concepts: a, b, a\n" },
      '"folder/double.yaml" concepts: one is named twice',
    ],
    [
      "a fence in its code",
      { implementation: "implementation: |\n  ```python\n  x = 1\n  ```\n" },
      '"folder/double.yaml" implementation: expected Python without fences',
    ],
    ["no asserts", { tests: "tests: print(g(2))\n" }, '"folder/double.yaml" tests: expected asserts'],
    ["a field twice", { again: "language: Python\n" }, '"folder/double.yaml" line 19 is not YAML: '],
    [
      "no mapping",
      { ...Object.fromEntries(Object.keys(LINES).map((key) => [key, ""])), list: "- a\n" },
      "expected a mapping",
    ],
  ])("with %s is refused by file and field", async (_, changes, message) => {
    expect(await refusal(written(changes))).toContain(message);
  });
});
