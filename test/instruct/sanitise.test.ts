import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { testText } from "../../src/core/record.js";
import { withoutComments } from "../../src/instruct/comments.js";
import { parseResponse, type ResponseParts } from "../../src/instruct/parse.js";
import { sanitise, type SanitiseOptions } from "../../src/instruct/sanitise.js";
import { blocksOf, isPython } from "../../src/instruct/sections.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

const CODE = `# Letters that count.
VOWELS = frozenset("aeiou#")  # no y


def count_vowels(text: str) -> int:
    """Number of vowels. # not a comment"""
    # Capitals count too.
    return sum(letter in VOWELS for letter in text.lower())
`;

const BARE = `VOWELS = frozenset("aeiou#")


def count_vowels(text: str) -> int:
    """Number of vowels. # not a comment"""
    return sum(letter in VOWELS for letter in text.lower())
`;

const TESTS = `import math

# Plain words.
assert count_vowels("Banana") == 3
assert count_vowels("") == 0; assert count_vowels("x") == 0

expected = 2
assert count_vowels("ae") == expected
assert math.isclose(count_vowels("e"), 1)
for word in ("b", "c"):
    assert count_vowels(word) == 0
`;

const parts: ResponseParts = {
  reasoning: "Go through the letters.",
  implementation: `A set is quick:\n\n\`\`\`python\n${CODE}\`\`\`\n\nThat is all.`,
  explanation: "Lower-casing first helps.",
  code: CODE,
  tests: TESTS,
  entryPoint: "count_vowels",
};
const INSTRUCTION = "Write a function that counts vowels.";

const all = { stripComments: 1, keepReasoning: 1, keepExplanation: 1, showAsserts: 1 };
const none = { stripComments: 0, keepReasoning: 0, keepExplanation: 0, showAsserts: 0 };

const made = (options: Partial<SanitiseOptions> = {}, changed: Partial<ResponseParts> = {}) =>
  sanitise({ ...parts, ...changed }, INSTRUCTION, { key: "k", seed: 1, ...options });

const pythonIn = (markdown: string): string[] =>
  blocksOf(markdown)
    .closed.filter(isPython)
    .map(({ text }) => text);

describe("what is published of a response", () => {
  it("with nothing chosen is the Implementation", () => {
    expect(made(none)).toMatchObject({
      instruction: INSTRUCTION,
      response: `A set is quick:\n\n\`\`\`python\n${CODE}\`\`\`\n\nThat is all.\n`,
      code: CODE,
      choices: {
        stripComments: false,
        keepReasoning: false,
        keepExplanation: false,
        keepTests: false,
        shownAsserts: 0,
      },
    });
  });

  it("with everything chosen has all prose around code without comments", () => {
    const { response, code, choices } = made(all);
    expect(code).toBe(BARE);
    expect(response).toBe(
      `Go through the letters.\n\nA set is quick:\n\n\`\`\`python\n${BARE}\`\`\`\n\nThat is all.\n\nLower-casing first helps.\n`,
    );
    expect(choices).toMatchObject({ stripComments: true, keepReasoning: true, keepExplanation: true });
  });

  it("has one block of Python, the code, whatever is drawn", () => {
    for (let at = 0; at < 200; at++) {
      const { response, code } = made({ key: String(at) });
      expect(pythonIn(response)).toEqual([code]);
    }
  });

  it("keeps no prose that has a program of its own", () => {
    const reasoning = "As in:\n\n```python\nx = 1\n```";
    const { response, choices } = made(all, { reasoning });
    expect(pythonIn(response)).toEqual([BARE]);
    expect(choices.keepReasoning).toBe(false);
  });

  it("of several blocks is the joined code alone", () => {
    const implementation = "First:\n```python\nx = 1\n```\nThen:\n```python\nx = 2\n```";
    expect(made(none, { implementation }).response).toBe(`\`\`\`python\n${CODE}\`\`\`\n`);
  });

  it("has a longer fence around code with a fence of its own", () => {
    const code = 'PAGE = """\n```text\nx\n```\n"""\n\n\ndef f(x):\n    return PAGE\n';
    const { response } = made(none, { code, implementation: `~~~python\n${code}~~~` });
    expect(response).toBe(`\`\`\`\`python\n${code}\`\`\`\`\n`);
    expect(pythonIn(response)).toEqual([code]);
  });

  it("never says that prose was kept where there was none", () => {
    const { response, choices } = made(all, { explanation: "" });
    expect(response).toMatch(/That is all\.\n$/);
    expect(choices.keepExplanation).toBe(false);
  });

  it("has the tests behind the code only where the instruction asks for them", () => {
    for (const [request, asked] of [
      ["Write f, and include unit tests.", true],
      ["Write f. Add a test case for the empty list.", true],
      ["Write f with tests.", true],
      ["Write f to test whether n is prime.", false],
      ["Write a function that tests a number.", false],
      ["Write f, which must pass all provided tests.", false],
    ] as const) {
      const { response, choices } = sanitise(parts, request, { key: "k", seed: 1, ...none });
      expect(choices.keepTests, request).toBe(asked);
      expect(pythonIn(response), request).toEqual(asked ? [CODE, TESTS] : [CODE]);
    }
  });

  it("is what a parser read", () => {
    const text = `[Reasoning]\nr\n[Implementation]\n\`\`\`python\n${CODE}\`\`\`\n[Explanation]\ne\n[Tests]\n\`\`\`python\n${TESTS}\`\`\`\n`;
    const parsed = parseResponse(text);
    if (!("fields" in parsed)) throw new Error(parsed.reason);
    expect(sanitise(parsed.fields, INSTRUCTION, { key: "k", seed: 1, ...none }).response).toBe(
      `\`\`\`python\n${CODE}\`\`\`\n`,
    );
  });
});

describe("the tests", () => {
  it("are one to a statement, and together what they were", () => {
    const { tests } = made();
    expect(tests.map(({ origin }) => origin)).toEqual(Array(7).fill("model"));
    expect(tests.map(({ source }) => source)).toEqual([
      "import math",
      '# Plain words.\nassert count_vowels("Banana") == 3',
      'assert count_vowels("") == 0; assert count_vowels("x") == 0',
      "expected = 2",
      'assert count_vowels("ae") == expected',
      'assert math.isclose(count_vowels("e"), 1)',
      'for word in ("b", "c"):\n    assert count_vowels(word) == 0',
    ]);
    expect(testText(tests)).toBe(TESTS.replaceAll("\n\n", "\n"));
  });

  it("stay apart where one ends in a backslash", () => {
    const { tests } = made({}, { tests: 'x = 1 \\\n\nassert count_vowels("") == 0\n' });
    expect(testText(tests)).toBe('x = 1\nassert count_vowels("") == 0\n');
  });

  it("are shown in the instruction, of those that need nothing but the code, in their order", () => {
    const alone = [
      'assert count_vowels("Banana") == 3',
      'assert count_vowels("") == 0',
      'assert count_vowels("x") == 0',
    ];
    const counts = new Set<number>();
    for (let at = 0; at < 60; at++) {
      const { instruction, choices } = made({ ...none, showAsserts: 1, key: String(at) });
      const [before = "", block = ""] = instruction.split(/:\n\n(?=```)/);
      const shown = pythonIn(block).join("").trimEnd().split("\n");
      expect(before).toContain(INSTRUCTION);
      expect(before).toContain(shown.length === 1 ? "This assertion" : "These assertions");
      expect(shown).toEqual(alone.filter((line) => shown.includes(line)));
      expect(choices.shownAsserts).toBe(shown.length);
      counts.add(shown.length);
    }
    expect([...counts].sort()).toEqual([1, 2, 3]);
  });

  it("shown are five at most", () => {
    const tests = Array.from(
      { length: 20 },
      (_, at) => `assert count_vowels("${"a".repeat(at)}") == ${at}\n`,
    ).join("");
    const counts = Array.from(
      { length: 200 },
      (_, at) => made({ ...all, key: String(at) }, { tests }).choices.shownAsserts,
    );
    expect([...new Set(counts)].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    "For example, f(1) is 2.",
    "Make sure that these tests pass.",
    "Use assert.",
    "See e.g. f(1).",
    ">>> f(1)",
  ])("are not shown where the instruction shows something already: %s", (more) => {
    const { instruction, choices } = sanitise(parts, `Write f. ${more}`, { key: "k", seed: 1, ...all });
    expect(instruction).toBe(`Write f. ${more}`);
    expect(choices.shownAsserts).toBe(0);
  });

  it("are not shown where none stands on its own", () => {
    const tests = 'text = "a"\nassert count_vowels(text) == 1\n';
    expect(made(all, { tests }).choices.shownAsserts).toBe(0);
  });
});

describe("choices", () => {
  const KEYS = 2_000;
  const many = (options: Partial<SanitiseOptions> = {}) =>
    Array.from({ length: KEYS }, (_, at) => made({ key: `row ${at}`, ...options }).choices);
  const share = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;

  it("are the same for the same key and seed, and others for others", () => {
    expect(made()).toEqual(made());
    const at = (seed: number) => JSON.stringify(many({ seed }).slice(0, 50));
    expect(at(1)).toBe(at(1));
    expect(at(1)).not.toBe(at(2));
  });

  it("fall as often as asked, within 3 points, each by itself", () => {
    const rows = many({ stripComments: 0.2, keepReasoning: 0.5, keepExplanation: 0.8, showAsserts: 0.35 });
    expect(Math.abs(share(rows.map((row) => row.stripComments)) - 0.2)).toBeLessThan(0.03);
    expect(Math.abs(share(rows.map((row) => row.keepReasoning)) - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(share(rows.map((row) => row.keepExplanation)) - 0.8)).toBeLessThan(0.03);
    expect(Math.abs(share(rows.map((row) => row.shownAsserts > 0)) - 0.35)).toBeLessThan(0.03);
    const both = share(rows.map((row) => row.keepReasoning && row.shownAsserts > 0));
    expect(Math.abs(both - 0.5 * 0.35)).toBeLessThan(0.03);
  });

  it("are halves by default", () => {
    const rows = many();
    for (const flags of [
      rows.map((row) => row.stripComments),
      rows.map((row) => row.keepReasoning),
      rows.map((row) => row.keepExplanation),
      rows.map((row) => row.shownAsserts > 0),
    ])
      expect(Math.abs(share(flags) - 0.5)).toBeLessThan(0.03);
  });

  it("do not move when another share does", () => {
    const kept = (rows: readonly { keepReasoning: boolean }[]) => rows.map((row) => row.keepReasoning);
    expect(kept(many({ stripComments: 0, showAsserts: 1 }))).toEqual(kept(many()));
  });

  it.each([-0.1, 1.1, Number.NaN])("refuse %d as a share", (keepReasoning) => {
    expect(() => made({ keepReasoning })).toThrow(InputError);
    expect(() => made({ keepReasoning })).toThrow(/keepReasoning/);
  });
});

describe("comments", () => {
  it.each([
    ["behind code", "x = 1  # one\n", "x = 1\n"],
    ["with the blank line that would double", "x = 1\n\n# two\n\ny = 2\n", "x = 1\n\ny = 2\n"],
    ["at the top", "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n\nx = 1\n", "x = 1\n"],
    ["at the top of a block", "if x:\n    # why\n\n    y = 2\n", "if x:\n    y = 2\n"],
    ["in brackets", "x = [  # list\n    1,\n    # two\n    2,\n]\n", "x = [\n    1,\n    2,\n]\n"],
    [
      "behind a backslash",
      "x = 1 + \\\n    2 # c\ny = 1 \\\n# d\nz = 2\n",
      "x = 1 + \\\n    2\ny = 1 \\\n\nz = 2\n",
    ],
    ["for linters", "import os  # noqa: F401\nx: int = 1  # type: ignore\n", "import os\nx: int = 1\n"],
    ["at the end", "x = 1\n# the end", "x = 1\n"],
  ])("go: %s", (_, code, expected) => {
    expect(withoutComments(code)).toBe(expected);
  });

  it.each([
    ["strings", 'x = "# no"\ny = """\n# no\n\n# no\n"""\n'],
    ["f-strings", 'x = f"{a!r:#>10} # {b:#x}"\n'],
    ["type comments", "x = []  # type: list[int]\n"],
    ["two blank lines where no comment was", "x = 1\n\n\ny = 2\n"],
  ])("stay: %s", (_, code) => {
    expect(withoutComments(code)).toBe(code);
  });
});
