import { beforeAll, describe, expect, it } from "vitest";
import { scopesOf } from "../../src/python/names.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

/** Names bound inside the first function of a code, and those that the module level reads. */
function insideAndOutside(code: string): [inside: string, outside: string] {
  const root = parsePython(code)?.root;
  if (!root) throw new Error("took too long");
  const { module, functions } = scopesOf(root);
  const [inside] = functions.values();
  return [[...(inside?.bound ?? [])].sort().join(" "), [...module.reads].sort().join(" ")];
}

describe("what a function binds inside, and what its header reads outside", () => {
  for (const [code, inside, outside] of [
    ["def f(a, /, b, *c, d, **e): pass", "a b c d e", ""],
    ["def f(a: A, b=B, c: C = D, *e: E, **g: G) -> H: pass", "a b c e g", "A B C D E G H"],
    ["def f(a, (b, c)): pass", "a b c", ""],
    ["def f(x):\n    a, (b.c, *d), [e[g]] = x", "a d x", ""],
    [
      "def f(x):\n    match x:\n        case A(b, c=d) | [e, *g] | {'k': h, **i} if j: pass",
      "b d e g h i x",
      "",
    ],
    [
      "def f(x):\n    match x:\n        case a.b | _ | 1 | 'c' | -2: pass\n        case d as e: pass",
      "d e x",
      "",
    ],
    ["def f(x):\n    with a as (b, c.d), e as g: pass", "b g x", ""],
  ] as const) {
    it(code, () => expect(insideAndOutside(code)).toEqual([inside, outside]));
  }
});
