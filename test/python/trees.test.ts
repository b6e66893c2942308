import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { treeOf } from "../../src/python/trees.js";

beforeAll(loadGrammar);

describe("treeOf", () => {
  it("gives the same tree for the same text while it is recent", () => {
    const tree = treeOf("x = 1\n");
    expect(tree?.root.text).toBe("x = 1\n");
    expect(treeOf("x = 1\n")?.root).toBe(tree?.root);
    for (let n = 0; n < 16; n++) treeOf(`y = ${n}\n`);
    expect(treeOf("x = 1\n")?.root).not.toBe(tree?.root);
  });

  it("says what does not parse", () => {
    expect(treeOf("def f(:\n")?.hasError).toBe(true);
    expect(treeOf("def f(): pass\n")?.hasError).toBe(false);
  });

  it("keeps no long text", () => {
    const long = `x = 1\n`.repeat(5_000);
    expect(treeOf(long)?.root).not.toBe(treeOf(long)?.root);
  });
});
