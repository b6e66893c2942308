// Whole files are compared with mccabe's and radon's own figures in functions.test.ts; this table shows the rules.
import { beforeAll, describe, expect, it } from "vitest";
import { complexityOf, complexityRadonOf } from "../../src/python/complexity.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

describe("complexity by mccabe and by radon", () => {
  for (const [body, mccabe, radon] of [
    ["return 1", 1, 1],
    ["if a: b\n    elif c: d\n    else: e", 3, 3],
    ["for a in b: c\n    else: d", 2, 3],
    ["while a: b", 2, 2],
    ["try: a\n    except B: c\n    except D: e\n    else: f\n    finally: g", 4, 4],
    ["try: a\n    finally: b", 2, 1],
    ["return a and b or c", 1, 3],
    ["return a if b else c", 1, 2],
    ["return [a for b in c if d if e]", 1, 4],
    ["assert a and b", 1, 2],
    ["match a:\n        case 1: b\n        case _: c", 1, 2],
    ["with a: b", 1, 1],
    ["def g():\n        if a: b\n    return g", 3, 1],
    ["return lambda: a if b else c", 1, 2],
  ] as const) {
    it(`${mccabe} and ${radon} for ${JSON.stringify(body)}`, () => {
      const definition = parsePython(`def f():\n    ${body}\n`)?.root.codeChildren[0];
      expect(definition && [complexityOf(definition), complexityRadonOf(definition)]).toEqual([
        mccabe,
        radon,
      ]);
    });
  }
});
