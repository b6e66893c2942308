// Docstrings over whole files are compared with CPython's in functions.test.ts; here are the single rules.
import { beforeAll, describe, expect, it } from "vitest";
import { cleaned, docstringNode, stringOf, stringValue } from "../../src/python/literals.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

describe("stringValue", () => {
  for (const [literal, value] of [
    ["'a'", "a"],
    ['"""a"b"""', 'a"b'],
    [String.raw`'\n\t\\\'\x41\u00e9\U0001F600\101\0'`, "\n\t\\'A\u00e9😀A\0"],
    [String.raw`'\d\N{DIGIT ONE}'`, String.raw`\d\N{DIGIT ONE}`],
    ["'a\\\nb'", "ab"],
    [String.raw`R"\n"`, String.raw`\n`],
    ["u'x'", "x"],
    [String.raw`'\U00110000'`, String.raw`\U00110000`],
  ] as const) {
    it(`of ${literal}`, () => expect(stringValue(literal)).toBe(value));
  }

  for (const literal of ["b'a'", "Rb'a'", "f'a'", "fr'a'", "t'a'", "1", ""]) {
    it(`has none for ${literal || "nothing"}`, () => expect(stringValue(literal)).toBeNull());
  }
});

describe("stringOf", () => {
  function valueOf(code: string): string | null {
    const node = parsePython(code)?.root.codeChildren[0]?.codeChildren[0];
    return node ? stringOf(node) : null;
  }

  it("joins what stands side by side, in parentheses or not", () => {
    expect(valueOf("'a' \"b\" r'\\c'")).toBe("ab\\c");
    expect(valueOf("(('a'  # one\n 'b'))")).toBe("ab");
  });

  it("is nothing when one part has no fixed value", () => {
    expect(valueOf("'a' f'{b}'")).toBeNull();
    expect(valueOf("a")).toBeNull();
  });
});

describe("docstringNode", () => {
  it("is the statement, not a later string and not a tuple", () => {
    const body = (code: string): string | undefined => {
      const definition = parsePython(code)?.root.codeChildren[0]?.childForFieldName("body");
      return definition ? docstringNode(definition)?.text : undefined;
    };
    expect(body("def f():\n    # first\n    'doc'\n    'other'\n")).toBe("'doc'");
    expect(body("def f():\n    x = 1\n    'late'\n")).toBeUndefined();
    expect(body("def f():\n    'doc',\n")).toBeUndefined();
  });
});

describe("cleaned", () => {
  it("takes the common indentation off all lines but the first", () => {
    expect(cleaned("  a\n    b\n      c\n\n  \n    ")).toBe("a\nb\n  c");
  });

  it("sets tabs to columns of eight, counted in characters", () => {
    expect(cleaned("😀\tx\n\ty")).toBe("😀       x\ny");
  });

  it("keeps lines of mere spaces, as Python does, and drops empty ones at both ends", () => {
    expect(cleaned("   \n  \n")).toBe("  ");
    expect(cleaned("\n\na\n\n")).toBe("a");
  });
});
