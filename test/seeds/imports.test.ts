import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar, parsePython, type SyntaxNode } from "../../src/python/syntax.js";
import { importProblem, importText, type PackagePath } from "../../src/seeds/imports.js";

beforeAll(loadGrammar);

function statement(code: string): SyntaxNode {
  const node = parsePython(code)?.root.codeChildren[0];
  if (!node) throw new Error("no statement");
  return node;
}

function problem(code: string, place: PackagePath = null): string | null {
  const found = importProblem([statement(code)], () => true, place);
  return found && `${found.reason}: ${found.detail}`;
}

describe("importProblem", () => {
  for (const [code, expected] of [
    ["import os.path, re", null],
    ["from collections import abc", null],
    ["import numpy.linalg as la", "third-party-import: numpy"],
    ["from yaml import load", "third-party-import: yaml"],
    ["try:\n    import yaml\nexcept ImportError:\n    yaml = None", null],
    ["try:\n    import yaml\nexcept (A, ModuleNotFoundError):\n    yaml = None", null],
    ["try:\n    import yaml\nexcept:\n    yaml = None", null],
    ["try:\n    import yaml\nexcept ValueError:\n    yaml = None", "third-party-import: yaml"],
    ["try:\n    pass\nexcept ImportError:\n    import yaml", "third-party-import: yaml"],
    ["def f():\n    import yaml", "third-party-import: yaml"],
    ["import __main__", "needs-file: __main__"],
    ["from . import a", "relative-import: from . import a"],
    ["import imp", "third-party-import: imp, no longer in the standard library"],
    ["import threading", "needs-process: threading"],
    ["try:\n    import threading\nexcept ImportError: pass", "needs-process: threading"],
    ["import concurrent.futures", "needs-process: concurrent.futures"],
    ["from urllib import parse, request", "needs-process: urllib.request"],
    ["import urllib.parse", null],
    ["import nt", "needs-process: nt"],
    ["if windows:\n    import nt, winreg", null],
    ["x = os.fork()", "needs-process: os.fork"],
    ["x = os.path.join()", null],
    ["import threading, numpy", "third-party-import: numpy"],
  ] as const) {
    it(`${String(expected)} for ${JSON.stringify(code)}`, () => expect(problem(code)).toBe(expected));
  }

  it("judges a relative import by the module that it names", () => {
    expect(problem("from . import base", ["asyncio"])).toBeNull();
    expect(problem("from .connection import x", ["multiprocessing"])).toBe(
      "needs-process: multiprocessing.connection",
    );
    expect(problem("from ... import x", ["a", "b"])).toBe("relative-import: from ... import x");
  });

  it("looks only at the names in use", () => {
    const used = (name: string): boolean => name === "os";
    expect(importProblem([statement("import os, numpy")], used, null)).toBeNull();
  });
});

describe("importText", () => {
  for (const [code, wanted, text] of [
    ["import a, b.c, d as e", ["b", "e"], "import b.c, d as e"],
    ["from a import b, c as d, e", ["d"], "from a import c as d"],
    ["from a import (  # why\n    b,\n)", ["b"], "from a import (  # why\n    b,\n)"],
    ["from .a import b, c", ["c"], "from pkg.a import c"],
    ["from .. import b, c", ["b"], null],
  ] as const) {
    it(`${JSON.stringify(code)} for ${wanted.join()}`, () => {
      expect(importText(statement(code), new Set(wanted), ["pkg"])).toBe(text ?? "from .. import b");
    });
  }

  it("wraps a line that would be too long", () => {
    const names = Array.from({ length: 9 }, (_, at) => `long_name_${at}`);
    const text = importText(statement(`from module import x, ${names.join(", ")}`), new Set(names), null);
    expect(text).toBe(`from module import (\n${names.map((name) => `    ${name},\n`).join("")})`);
  });
});
