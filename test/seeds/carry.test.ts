// Whole seeds are compared in seeds.test.ts; here is how the closure is taken.
import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { carriedNames, closureOf, seedText } from "../../src/seeds/carry.js";
import { moduleStatements } from "../../src/seeds/module.js";

beforeAll(loadGrammar);

/** Carries the function `f` out of a module. */
function carry(code: string): {
  text: string;
  carried: string[];
  missing: readonly string[];
  fileNames: readonly string[];
} {
  const root = parsePython(code)?.root;
  if (!root) throw new Error("took too long");
  const module = moduleStatements(root, code);
  const own = module.binders.get("f")?.at(-1);
  if (!own) throw new Error("no f");
  const closure = closureOf(own, module);
  const { missing, fileNames } = closure;
  return {
    text: seedText(own, closure, code, null),
    carried: carriedNames(own, closure),
    missing,
    fileNames,
  };
}

describe("closureOf", () => {
  it("follows needs through constants, helpers, classes and what fills them", () => {
    const code =
      "z = 0\na = 1\nb = [a]\nb.append(z)\nclass C(B): x = b\ndef g(): return C\ndef f(): return g\n";
    expect(carry(code)).toMatchObject({ carried: ["z", "a", "b", "C", "g"], missing: ["B"] });
  });

  it("ends with functions that need each other", () => {
    expect(carry("def g(): return h()\ndef h(): return g() or f()\ndef f(): return h()\n").carried).toEqual([
      "g",
      "h",
    ]);
  });

  it("takes every statement that binds a name, but of the function's own name only the function", () => {
    const code = "def f(): return 0\na = 1\na = a + 1\nif a:\n    a = 2\ndef f(): return a, f\n";
    expect(carry(code).text).toBe("a = 1\na = a + 1\nif a:\n    a = 2\n\n\ndef f(): return a, f\n");
  });

  it("does not touch the objects of imported modules", () => {
    expect(carry("import sys\nsys.path.append(1)\ndef f(): return sys\n").text).toBe(
      "import sys\n\n\ndef f(): return sys\n",
    );
  });

  it("tells names of the file from names that nobody binds", () => {
    expect(carry("def f(): return __file__, __doc__, __name__, len, nowhere\n")).toMatchObject({
      missing: ["nowhere"],
      fileNames: ["__doc__", "__file__"],
    });
  });

  it("accepts a global that a carried function sets, and no other", () => {
    expect(carry("def g():\n    global a\n    a = 1\ndef f():\n    g()\n    return a\n").missing).toEqual([]);
    expect(carry("def g():\n    global a\n    a = 1\ndef f(): return a\n").missing).toEqual(["a"]);
  });
});

describe("seedText", () => {
  it("puts imports first and the function last", () => {
    const code = "a = 1\ndef f(): return a, os, g\nimport os\ndef g(): return f\n";
    expect(carry(code).text).toBe(
      "import os\n\na = 1\n\n\ndef g(): return f\n\n\ndef f(): return a, os, g\n",
    );
  });

  it("leaves the order alone where a default needs the function while the module is imported", () => {
    const code = "def f(): return g\ndef g(x=f): return x\n";
    expect(carry(code).text).toBe("def f(): return g\n\n\ndef g(x=f): return x\n");
  });

  it("leaves an import where it stood when another statement binds its name too", () => {
    const code = "a = None\nimport a\ndef f(): return a\n";
    expect(carry(code).text).toBe("a = None\n\nimport a\n\n\ndef f(): return a\n");
  });
});
