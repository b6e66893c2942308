// Resolution over scopes built by hand; whole files are compared with symtable in functions.test.ts.
import { beforeAll, describe, expect, it } from "vitest";
import { Scope, type ScopeKind } from "../../src/python/scope.js";
import { loadGrammar, parsePython, type SyntaxNode } from "../../src/python/syntax.js";

beforeAll(loadGrammar);

function identifier(name: string): SyntaxNode {
  const node = parsePython(name)?.root.codeChildren[0]?.codeChildren[0];
  if (!node) throw new Error("not a name");
  return node;
}

/** Scopes inside one another, the name bound in those marked, read in the innermost; true when it is the module's. */
function readsGlobal(...chain: (ScopeKind | `${ScopeKind} binds`)[]): boolean {
  const module = new Scope("module", null);
  let scope = module;
  for (const entry of chain) {
    const [kind, binds] = entry.split(" ") as [ScopeKind, string?];
    scope = new Scope(kind, scope);
    if (binds) scope.bind(identifier("name"));
  }
  scope.read(identifier("name"));
  return module.globalReads().has("name");
}

describe("a name is the module's", () => {
  for (const [chain, expected] of [
    [["function"], true],
    [["function binds"], false],
    [["function binds", "function"], false],
    [["function binds", "class", "comprehension"], false],
    [["class binds"], false],
    [["class binds", "function"], true],
    [["class binds", "comprehension"], true],
    [["class binds", "types"], false],
    [["class binds", "types", "function"], true],
    [["class", "types binds", "function"], false],
  ] as const) {
    it(`${expected ? "" : "not "}for ${chain.join(" > ")}`, () =>
      expect(readsGlobal(...chain)).toBe(expected));
  }

  it("where a function between declares it global", () => {
    const module = new Scope("module", null);
    const outer = new Scope("function", module);
    outer.bind(identifier("x"));
    outer.globals.add("x");
    new Scope("function", outer).read(identifier("x"));
    expect([...module.globalReads()]).toEqual(["x"]);
  });
});

describe("nameOf", () => {
  it("mangles private names by the class around, and normalises letters", () => {
    const inside = new Scope("class", new Scope("module", null), "__Box");
    expect(inside.nameOf(identifier("__x"))).toBe("_Box__x");
    expect(inside.nameOf(identifier("__x__"))).toBe("__x__");
    expect(new Scope("class", null, "__").nameOf(identifier("__x"))).toBe("__x");
    expect(inside.nameOf(identifier("\ufb01"))).toBe("fi");
  });
});
