import { beforeAll, expect, it } from "vitest";
import { conceptsOf, MAX_CONCEPTS } from "../../src/instruct/concepts.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

it("names the techniques that code shows, telling ones first", () => {
  const code = `import re

def f(text, depth=0):
    """Doc."""
    for part in re.split(r"\\s", text):
        if part in sorted(part):
            return f(part.strip(), depth + 1)
    return [x for x in text]
`;
  expect(conceptsOf(code, "f")).toEqual([
    "regular expressions",
    "string splitting",
    "sorting",
    "recursion",
    "string trimming",
    "list comprehensions",
    "default arguments",
    "iteration",
  ]);
});

it("does not take another function's call of the same name for recursion", () => {
  expect(conceptsOf("def f(x):\n    return g(x)\n\ndef g(x):\n    return f(x)\n", "f")).toEqual([
    "functions",
  ]);
});

it("gives at least one and at most eight", () => {
  expect(conceptsOf("def f(x):\n    return x\n", "f")).toEqual(["functions"]);
  const long = `import re, json, math, heapq, bisect, struct, base64, hashlib, decimal, random\ndef f(x):\n    return re, json\n`;
  expect(conceptsOf(long, "f")).toHaveLength(MAX_CONCEPTS);
});
