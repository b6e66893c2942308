import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { withoutComments } from "../../src/instruct/comments.js";
import { parseConcepts, parseInstruction, parseResponse, type Parsed } from "../../src/instruct/parse.js";
import { flawOf, functionNames } from "../../src/instruct/program.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

const folder = path.resolve(import.meta.dirname, "../fixtures/responses");
const cases = readdirSync(folder).filter((name) => name.endsWith(".md"));
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");

/** The one field of an answer, or the reason. */
function said(parsed: Parsed<Readonly<Record<string, unknown>>>): unknown {
  return "fields" in parsed ? Object.values(parsed.fields)[0] : parsed.reason;
}

describe("a response", () => {
  it.each(cases)("is read or refused as its fixture says: %s", (name) => {
    expect(parseResponse(read(name))).toEqual(JSON.parse(read(name.replace(/\.md$/, ".expected.json"))));
  });

  it("has a fixture for every reason but its length", () => {
    const reasons = cases
      .map((name) => parseResponse(read(name)))
      .map((parsed) => ("reason" in parsed ? parsed.reason : "read"));
    expect([...new Set(reasons)].sort()).toEqual([
      "empty",
      "missing-section",
      "no-code",
      "no-function",
      "no-tests",
      "placeholder",
      "read",
      "repeated-section",
      "section-order",
      "several-test-blocks",
      "syntax-error",
      "tests-do-not-call",
      "tests-never-invoked",
      "tests-redefine",
      "unclosed-block",
    ]);
  });

  it("that goes on for ever is refused before it is parsed", () => {
    const text = read("plain.md") + "\nand so on".repeat(5_000);
    expect(parseResponse(text)).toEqual({ reason: "too-long", detail: `${text.length} characters` });
  });

  it("may have the line ends of Windows", () => {
    expect(parseResponse(read("plain.md").replaceAll("\n", "\r\n"))).toEqual(parseResponse(read("plain.md")));
  });

  it("keeps a fence that is indented inside a docstring, and takes off the indentation of its own", () => {
    const code = `def f(x):\n    """Double.\n\n    \`\`\`\n    f(1)\n    \`\`\`\n    """\n    return 2 * x\n`;
    const text = (block: string): string =>
      `[Reasoning]\nr\n[Implementation]\n${block}\n[Explanation]\ne\n[Tests]\n\`\`\`py\nassert f(1) == 2\n\`\`\``;
    expect(parseResponse(text(`\`\`\`python\n${code}\`\`\``))).toMatchObject({ fields: { code } });
    const indented = `~~~python\n${code}~~~`.replace(/^/gm, "  ");
    expect(parseResponse(text(indented))).toMatchObject({ fields: { code } });
  });

  it("damaged in any way gives fields that hold, or a reason, and never throws", () => {
    const pieces = [
      "```",
      "```python\n",
      "[Tests]\n",
      "[Implementation]",
      "\n\n",
      "def f(x):",
      '"""',
      "'",
      "(",
      "    ",
    ];
    const bases = cases.map(read).filter((text) => "fields" in parseResponse(text) || text.length % 2 === 0);
    let fields = 0;
    const reasons = new Set<string>();
    for (let round = 0; round < 1_500; round++) {
      const next = uniforms(7, String(round));
      const pick = (length: number): number => Math.floor(next() * length);
      let text = bases[pick(bases.length)] ?? "";
      for (let edits = 1 + pick(3); edits > 0; edits--) {
        const [a = 0, b = 0] = [pick(text.length + 1), pick(text.length + 1)].sort((x, y) => x - y);
        const insert = [pieces[pick(pieces.length)] ?? "", text.slice(a, a + pick(200)), ""][pick(3)] ?? "";
        text = text.slice(0, a) + insert + text.slice(next() < 0.5 ? a : Math.min(b, a + 40));
      }
      const parsed = parseResponse(text);
      if ("fields" in parsed) {
        fields++;
        const { code, tests, entryPoint } = parsed.fields;
        expect(flawOf(code), text).toBeNull();
        expect(flawOf(tests), text).toBeNull();
        expect(flawOf(withoutComments(code)), text).toBeNull();
        expect(functionNames(code), text).toContain(entryPoint);
        expect(tests, text).toContain("assert");
      } else {
        reasons.add(parsed.reason);
        expect(parsed.detail).not.toBe("");
      }
    }
    // Both ways were taken, or the loop proves nothing.
    expect(fields).toBeGreaterThan(100);
    expect(reasons.size).toBeGreaterThan(10);
  });
});

describe("hostile text", () => {
  const block = (text: string): string =>
    read("plain.md").replace(/(?<=```python\n)def[\s\S]*?(?=```)/, text);
  const pieces = [
    "`",
    "\n",
    "[Tests]\n",
    "[Tests] ",
    "```python\n",
    "a,",
    "(",
    "**",
    '"',
    " ",
    "# ",
    "## a\n",
    "- ",
    "1. a\n",
    ": ",
    "a",
    "…",
    "\r",
    "\0",
    "'“",
  ];

  const forms: [string, (text: string) => string][] = [
    ["alone", (text) => text],
    ["below a line", (text) => `x\n${text}`],
    ["in a fence", (text) => `\`\`\`${text}\`x`],
  ];
  const parsers = { parseConcepts, parseInstruction, parseResponse };

  // What is quadratic in a text, or worse, would take hours.
  describe.each(pieces)("of a megabyte of %j", (piece) => {
    const text = piece.repeat(Math.ceil(1e6 / piece.length));
    describe.each(forms)("%s", (_, formed) => {
      it.each(Object.entries(parsers))("is answered by %s", { timeout: 1_000 }, (__, parse) => {
        expect(parse(formed(text))).toBeTypeOf("object");
      });
    });
  });

  it.each([
    "(",
    "f(",
    "[",
    "x if ",
    "if x:\n",
    "assert f(",
    "# c\n",
    "def f(): pass\n",
    "'''",
    "f'{",
    "x = 1;",
    "\\\n",
    " def f(x):\n",
    "@f\n",
  ])("of nothing but %j as code is answered", { timeout: 4_000 }, (piece) => {
    const code = piece.repeat(Math.floor(18_000 / piece.length));
    const tests = read("plain.md").replace(/(?<=\[Tests\]\n```python\n)[\s\S]*(?=```)/, `${code}\n`);
    for (const text of [block(code), tests]) expect(parseResponse(text)).toBeTypeOf("object");
  });
});

describe("concepts", () => {
  it.each([
    ["recursion, memoisation, string slicing", ["recursion", "memoisation", "string slicing"]],
    ["recursion, memoisation.\n\n### Snippet\ndef f(): ...", ["recursion", "memoisation"]],
    ["### Concepts\n\nrecursion, and sorting", ["recursion", "sorting"]],
    ["Concepts: recursion, sorting", ["recursion", "sorting"]],
    [
      'Here are the concepts:\n\n- `recursion`\n* **Sorting**: puts things in order\n3. "heaps" - trees\n',
      ["recursion", "Sorting", "heaps"],
    ],
    ["1. **Regular expressions:** for matching\n2) *generators*;\n", ["Regular expressions", "generators"]],
    ["recursion\nsorting\n## Example 2", ["recursion", "sorting"]],
    ["Recursion, recursion, RECURSION , sorting", ["Recursion", "sorting"]],
    ["loops (for, while), *args and **kwargs", ["loops (for, while)", "*args and **kwargs"]],
    ["loops (for, while, recursion", ["loops (for", "while", "recursion"]],
    ["a1, a2, a3, a4, a5, a6, a7, a8, a9", ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"]],
    [`recursion, sorting, ${"long ".repeat(20)}`, ["recursion", "sorting"]],
    ["recursion", ["recursion"]],
    ["", "empty"],
    ["### Concepts\n\n", "empty"],
    [" , ,\n", "empty"],
    ["This code shows recursion, sorting, and heaps.", "not-a-list"],
    ["The function takes a list, sorts it, and returns it", "not-a-list"],
    ["Recursion is used to walk down the tree", "not-a-list"],
    ["Recursion walks down. Sorting orders the children of every node there is", "not-a-list"],
  ])("%j", (text, expected) => {
    expect(said(parseConcepts(text))).toEqual(expected);
  });
});

describe("an instruction", () => {
  const task = "Write a function that counts vowels.";
  const fenced = (code: string): string => `${task}\n\n\`\`\`python\n${code}\n\`\`\``;
  it.each([
    ["is prose", `\n ${task}\n`, task],
    ["loses a repeated header", `### Instruction\n${task}`, task],
    ["loses the header of a chat model", `**Instruction:**\n\n${task}`, task],
    ["loses a label", `Instruction: ${task}`, task],
    ["loses a title of its own", `## Counting\n\n${task}`, task],
    ["ends at the next header", `${task}\n\n### Response\n[Reasoning]\nLoop.`, task],
    ["ends at a section's tag", `${task}\n[Implementation]\nx`, task],
    ["keeps what looks like a header inside a block", fenced("## note\nx = 1"), fenced("## note\nx = 1")],
    [
      "may show a signature",
      fenced('def f(x):\n    """Count."""\n    ...'),
      fenced('def f(x):\n    """Count."""\n    ...'),
    ],
    [
      "may show a class to work with",
      fenced("class Node:\n    def __init__(self):\n        self.next = None"),
      fenced("class Node:\n    def __init__(self):\n        self.next = None"),
    ],
    ["may show a session", fenced(">>> f(1)\n2"), fenced(">>> f(1)\n2")],
    ["does not give its answer", fenced("def f(x):\n    return x"), "has-solution"],
    [
      "does not give its answer in a block without a language",
      fenced("def f(x):\n    return x").replace("python", ""),
      "has-solution",
    ],
    ["is not left open", fenced("x = 1").slice(0, -3), "unclosed-block"],
    ["is not nothing", " \n", "empty"],
    ["is not a header only", "### Instruction\n", "empty"],
    ["has at most 300 words", "word ".repeat(300), "word ".repeat(300).trim()],
    ["has no more", "word ".repeat(301), "too-long"],
    ["is written", "...", "placeholder"],
    ["is written to the end", "Write a function. [insert task here]", "placeholder"],
    [
      "may speak of a TODO list",
      "Write a function that sorts a TODO list.",
      "Write a function that sorts a TODO list.",
    ],
  ])("%s", (_, text, expected) => {
    expect(said(parseInstruction(text))).toBe(expected);
  });
});
