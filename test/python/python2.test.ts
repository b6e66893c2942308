import { beforeAll, describe, expect, it } from "vitest";
import { python2Construct } from "../../src/python/python2.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

function construct(code: string): string | null {
  const tree = parsePython(code);
  if (!tree) throw new Error("took too long");
  const found = python2Construct(tree);
  return found && `${found.what} in line ${found.line}`;
}

describe("python2Construct", () => {
  for (const [code, expected] of [
    ["x = 1\nprint 'a'", "print statement in line 2"],
    ["exec code", "exec statement in line 1"],
    ["a <> b", "not equal in line 1"],
    ["def f(a, (b, c)): pass", "tuple parameter in line 1"],
    ["lambda (a, b): a", "tuple parameter in line 1"],
    ["raise E, 'x'", "raise tuple in line 1"],
    ["x = 0777", "integer in line 1"],
    ["x = 10L", "integer in line 1"],
    ["x = ur'a'", "string in line 1"],
    ["try: pass\nexcept E, e: pass", "except in line 2"],
  ] as const) {
    it(`finds ${code}`, () => expect(construct(code)).toBe(expected));
  }

  for (const code of [
    "print('a', file=x)",
    "x = 0, 00, 0_0, 0x1F, 0o17, 0b1, 10, 1_0, 07j",
    "x = u'a', r'a', rb'b'",
    "try: pass\nexcept (A, b): pass\nexcept A as e: pass",
    "try: pass\nexcept OSError, ValueError: pass",
    "raise E('x') from None",
    "a != b",
  ]) {
    it(`lets pass ${code}`, () => expect(construct(code)).toBeNull());
  }
});
