import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  loadGrammar,
  MAX_DEPTH,
  parsePython,
  type SyntaxNode,
  type SyntaxTree,
} from "../../src/python/syntax.js";

beforeAll(loadGrammar);

function parsed(text: string): SyntaxTree {
  const tree = parsePython(text);
  if (!tree) throw new Error("took too long");
  return tree;
}

function nodesOf(node: SyntaxNode): SyntaxNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

describe("parsePython", () => {
  it("gives nodes whose offsets cut their text out, with characters beyond the first plane", () => {
    const text = "# 😀😀\nπ = f('😀', x)  # ü\nif π:\n    y = 2\n";
    for (const node of nodesOf(parsed(text).root)) {
      expect(node.text).toBe(text.slice(node.startIndex, node.endIndex));
      const { row, column } = node.startPosition;
      const lines = text.split("\n");
      expect(lines.slice(0, row).join("\n").length + (row > 0 ? 1 : 0) + column).toBe(node.startIndex);
    }
  });

  it("names the roles of children and links them to their parent", () => {
    const assignment = parsed("x = 1").root.codeChildren[0]?.codeChildren[0];
    expect(assignment?.childForFieldName("left")?.text).toBe("x");
    expect(assignment?.childForFieldName("right")?.field).toBe("right");
    expect(assignment?.childForFieldName("type")).toBeNull();
    expect(assignment?.child(0)?.parent).toBe(assignment);
    expect(assignment?.childCount).toBe(3);
    expect(assignment?.namedChildren.map(({ type }) => type)).toEqual(["identifier", "integer"]);
  });

  it("leaves comments and line continuations out of the code children", () => {
    const { root } = parsed("# a\nx = \\\n  1\n# b\n");
    expect(root.namedChildren.map(({ type }) => type)).toEqual([
      "comment",
      "expression_statement",
      "comment",
    ]);
    expect(root.codeChildren.map(({ type }) => type)).toEqual(["expression_statement"]);
  });

  it("marks an error on the way up, and nowhere else", () => {
    const { root, hasError } = parsed("def f():\n    return (1\n\ndef g():\n    return 2\n");
    expect(hasError).toBe(true);
    expect(root.hasError).toBe(true);
    expect(parsed("def g():\n    return 2\n").hasError).toBe(false);
    const [good, bad] = parsed("x = 1\ny = = 2\n").root.children;
    expect([good?.hasError, bad?.hasError]).toEqual([false, true]);
  });

  it("sees a missing token as an error", () => {
    expect(parsed("x = (1\n").hasError).toBe(true);
  });

  it("gives up when time is over and works on afterwards", () => {
    const clock = vi.spyOn(performance, "now");
    let now = 0;
    clock.mockImplementation(() => (now += 10_000));
    expect(parsePython("x = [" + "1, ".repeat(50_000) + "]")).toBeNull();
    clock.mockRestore();
    expect(parsed("x = 1").hasError).toBe(false);
  });

  it("copies a tree of any depth without a stack, and counts what lies too deep as an error", () => {
    const nested = (depth: number): string => `x = ${"(".repeat(depth)}1${")".repeat(depth)}`;
    expect(parsed(nested(MAX_DEPTH - 10)).hasError).toBe(false);
    expect(parsed(nested(MAX_DEPTH + 10)).hasError).toBe(true);
    expect(parsed(nested(100_000)).hasError).toBe(true);
  });

  it("keeps its nodes after the tree is freed", () => {
    const tree = parsed("x = 1");
    tree.delete();
    expect(tree.root.codeChildren[0]?.text).toBe("x = 1");
  });
});

describe("without loadGrammar", () => {
  it("parsing says what to do", async () => {
    vi.resetModules();
    const fresh = await import("../../src/python/syntax.js");
    expect(() => fresh.parsePython("x")).toThrow(
      "internal: the Python grammar is not loaded; await loadGrammar() first",
    );
  });
});

describe("captures", () => {
  it("finds what a query of the grammar file names", () => {
    const found = parsed("print 'a'\nx <> y\n").captures("python-2");
    expect(found.map(({ name, node }) => [name, node.text])).toContainEqual(["print-statement", "print 'a'"]);
    expect(found.map(({ name }) => name)).toContain("not-equal");
  });

  it("refuses a query that is not there", () => {
    expect(() => parsed("x").captures("nothing")).toThrow(
      'internal: grammars/python.scm has no query "nothing"',
    );
  });
});
