// Taking comments off, judged by Python itself on the files of its library: the same tree, and no comment left.
import { beforeAll, describe, expect, it } from "vitest";
import { withoutComments } from "../../src/instruct/comments.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { askPython, pythonWith } from "./python.js";

beforeAll(loadGrammar);

const python = pythonWith("ast", "tokenize");
const absent = "no Python; SELFALIGN_PYTHON may name one";

/** Modules of the library by name, as text; those that this Python parses. */
const LIBRARY = `
import ast, glob, json, os
folder = os.path.dirname(os.__file__)
files = {}
for pattern in ("*.py", "email/*.py", "json/*.py", "asyncio/*.py", "collections/*.py"):
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        with open(path, encoding="utf-8", errors="replace", newline=None) as file:
            text = file.read()
        if len(text) < 20_000:
            files[os.path.relpath(path, folder)] = text
print(json.dumps(files))
`;

/** For each pair, whether the trees are one, and what comments the second still has. */
const COMPARE = `
import ast, io, json, sys, tokenize
found = {}
for name, (before, after) in json.load(sys.stdin).items():
    same = ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    tokens = tokenize.generate_tokens(io.StringIO(after).readline)
    left = [token.string for token in tokens if token.type == tokenize.COMMENT]
    found[name] = [same, left]
print(json.dumps(found))
`;

describe("Python's library without its comments", () => {
  it("has the same syntax trees and no comment but those on types", (context) => {
    if (python === null) return context.skip(absent);
    const library = askPython(python, LIBRARY) as Record<string, string>;
    // What our grammar takes for an error (a handful) never gets so far in a run.
    const sound = Object.entries(library).filter(([, text]) => parsePython(text)?.hasError === false);
    expect(sound.length).toBeGreaterThan(0.97 * Object.keys(library).length);
    const pairs = Object.fromEntries(sound.map(([name, text]) => [name, [text, withoutComments(text)]]));
    const commented = Object.values(pairs).filter(([before, after]) => before !== after);
    expect(commented.length).toBeGreaterThan(100);
    const found = askPython(python, COMPARE, pairs) as Record<string, [boolean, string[]]>;
    const wrong = Object.entries(found).filter(
      ([, [same, left]]) => !same || left.some((comment) => !/^#\s*type:/.test(comment)),
    );
    expect(wrong).toEqual([]);
  });
});
