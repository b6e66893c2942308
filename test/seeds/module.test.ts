import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { moduleStatements, type Statement } from "../../src/seeds/module.js";

beforeAll(loadGrammar);

function first(code: string): Statement {
  const root = parsePython(code)?.root;
  const [statement] = root ? moduleStatements(root, code).statements : [];
  if (!statement) throw new Error("no statement");
  return statement;
}

describe("a statement of the module level", () => {
  for (const [code, fills] of [
    ["X[1] = 2", "X"],
    ["X.a.b[c], (Y.d, z) = 1, 2", "X Y"],
    ["X.a += 1", "X"],
    ["X.append(1)", "X"],
    ["X.items.update(y)", "X"],
    ["setattr(X, 'a', 1)", "X"],
    ["for k in y:\n    if k:\n        X[k] = 1", "X"],
    ["del X[1]", "X"],
    ["@X.register(int)\ndef f(a): Y.append(a)", "X"],
    ["@X.register\nclass C: pass", "X"],
    ["X.read()", ""],
    ["x = Y.a", ""],
    ["def f(): X.append(1)", ""],
  ] as const) {
    it(`fills ${fills || "nothing"} in ${JSON.stringify(code)}`, () => {
      expect([...first(code).fills].sort().join(" ")).toBe(fills);
    });
  }

  it("tells what it reads at once from what its functions read later", () => {
    const statement = first("def f(a=now):\n    return later\n");
    expect([...statement.uses].sort()).toEqual(["later", "now"]);
    expect([...statement.immediate]).toEqual(["now"]);
  });

  it("knows names for one object", () => {
    expect(first("a = b = {}").aliases).toEqual(["a", "b"]);
    expect(first("a = {}").aliases).toEqual([]);
  });

  it("ends behind a comment on its last line", () => {
    const code = "x = 1  # one\n# more\ny = 2\n";
    expect(code.slice(0, first(code).endIndex)).toBe("x = 1  # one");
  });
});

describe("moduleStatements", () => {
  it("leaves out the main guard and finds who binds what", () => {
    const code = "a = 1\nif '__main__' == __name__:\n    a = 2\ndel a\na = 3\n";
    const root = parsePython(code)?.root;
    const module = root && moduleStatements(root, code);
    expect(module?.binders.get("a")?.map(({ node }) => node.text)).toEqual(["a = 1", "a = 3"]);
    expect(module?.hasStarImport).toBe(false);
  });

  it("sees a star import under a condition", () => {
    const code = "try:\n    from a import *\nexcept ImportError: pass\n";
    const root = parsePython(code)?.root;
    expect(root && moduleStatements(root, code).hasStarImport).toBe(true);
  });
});
