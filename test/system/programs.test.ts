// What is said of a model's program and done to it without running it, judged by Python itself on the files of its library.
import { beforeAll, describe, expect, it } from "vitest";
import { withoutComments } from "../../src/instruct/comments.js";
import { flawOf } from "../../src/instruct/program.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("ast", "tokenize");
const absent = "no Python; SELFALIGN_PYTHON may name one";

/** Modules of the library by name, as text: the smaller ones, which are more like what a model writes. */
const LIBRARY = `
import glob, json, os
folder = os.path.dirname(os.__file__)
files = {}
for pattern in ("*.py", "email/*.py", "json/*.py", "asyncio/*.py", "collections/*.py"):
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        with open(path, encoding="utf-8", errors="replace", newline=None) as file:
            text = file.read()
        if 0 < len(text) < 20_000:
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

/** Which of the texts Python parses. */
const PARSES = `
import ast, json, sys, warnings
warnings.simplefilter("ignore")
def parses(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
print(json.dumps([parses(text) for text in json.load(sys.stdin)]))
`;

let library: readonly (readonly [string, string])[] = [];

beforeAll(async () => {
  await loadGrammar();
  if (python === null) return;
  library = Object.entries(askPython(python, LIBRARY) as Record<string, string>);
});

describe("Python's library", () => {
  it("without its comments has the same syntax trees, and no comment but those on types", (context) => {
    if (python === null) return context.skip(absent);
    // What the grammar takes for an error (a handful) never gets so far in a run.
    const sound = library.filter(([, text]) => parsePython(text)?.hasError === false);
    expect(sound.length).toBeGreaterThan(0.97 * library.length);
    const pairs = sound.map(([name, text]) => [name, [text, withoutComments(text)]] as const);
    expect(pairs.filter(([, [before, after]]) => before !== after).length).toBeGreaterThan(100);
    const found = askPython(python, COMPARE, Object.fromEntries(pairs)) as Record<
      string,
      [boolean, string[]]
    >;
    const wrong = Object.entries(found).filter(
      ([, [same, left]]) => !same || left.some((comment) => !/^#\s*type:/.test(comment)),
    );
    expect(wrong).toEqual([]);
  });

  it("is hardly ever taken for broken", (context) => {
    if (python === null) return context.skip(absent);
    const broken = library.filter(([, text]) => flawOf(text)?.reason === "syntax-error");
    expect(broken.length).toBeLessThan(0.02 * library.length);
  });

  it("with a line moved or cut is taken for broken nearly as often as Python does", (context) => {
    if (python === null) return context.skip(absent);
    const damaged = library
      .filter(([, text]) => flawOf(text) === null)
      .flatMap(([, text], at) => {
        const lines = text.split("\n");
        const code = lines.flatMap((line, row) => (/^ *\w.*[\w)\]:]$/.test(line) ? [row] : []));
        const row = code[(7 * at) % code.length] ?? 0;
        const line = lines[row] ?? "";
        return [` ${line}`, line.slice(0, -1), `${line.slice(0, -3)}'`, `${line}(`].map((changed) =>
          lines.with(row, changed).join("\n"),
        );
      });
    const theirs = askPython(python, PARSES, damaged) as boolean[];
    const ours = damaged.map((text) => flawOf(text)?.reason !== "syntax-error");
    const refused = theirs.filter((parses) => !parses).length;
    expect(refused).toBeGreaterThan(200);
    const missed = theirs.filter((parses, at) => !parses && ours[at] === true).length;
    const accused = theirs.filter((parses, at) => parses && ours[at] === false).length;
    expect(missed).toBeLessThan(0.1 * refused);
    expect(accused).toBeLessThan(0.01 * damaged.length);
  });
});
