// Style findings against the tools they stand for, pycodestyle and pydocstyle, on files of the standard library.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { formatted, lint, withoutPragmas } from "../../src/python/ruff.js";
import { askPython, pythonWith } from "./python.js";

/** Modules that pycodestyle and pydocstyle on Pythons from 3.10 can read. */
const names =
  "argparse ast bisect calendar csv datetime difflib fractions heapq ipaddress json/decoder shlex statistics string textwrap".split(
    " ",
  );

function library(): readonly string[] {
  const zip = readFileSync(createRequire(import.meta.url).resolve("pyodide/python_stdlib.zip"));
  const wanted = new Set(names.map((name) => `${name}.py`));
  const files = unzipSync(new Uint8Array(zip), { filter: ({ name }) => wanted.has(name) });
  // Python's own tools obey pragma comments, ours does not: both get a text without.
  return Object.values(files).map((bytes) => withoutPragmas(strFromU8(bytes)));
}

/** How many of `a` are in `b` too, counting doubles. */
function common(a: readonly string[], b: readonly string[]): number {
  const rest = new Map<string, number>();
  for (const item of b) rest.set(item, (rest.get(item) ?? 0) + 1);
  return a.filter((item) => {
    const left = rest.get(item) ?? 0;
    rest.set(item, left - 1);
    return left > 0;
  }).length;
}

const askPycodestyle = `
import json, sys, pycodestyle
class Report(pycodestyle.BaseReport):
    def error(self, line, offset, text, check):
        code = super().error(line, offset, text, check)
        if code: self.found.append(f"{code}:{line}")
def check(text):
    style = pycodestyle.StyleGuide(reporter=Report, config_file=None, repeat=True)
    style.options.report.found = []
    pycodestyle.Checker("x.py", lines=text.splitlines(True), options=style.options).check_all()
    return style.options.report.found
print(json.dumps([check(text) for text in json.load(sys.stdin)]))
`;

/** What ruff does not check: continuation lines (the formatter's share covers them), and multiple statements of E704. */
const missing = /^(?:E12|E13|E704|W50|W6)/u;

describe("pep8", () => {
  it("agrees with pycodestyle on 98 % of its findings where ruff has the check, and finds little else", (context) => {
    const python = pythonWith("pycodestyle");
    if (python === null) return context.skip("no Python with pycodestyle; SELFALIGN_PYTHON may name one");
    const texts = library();
    const theirs = (askPython(python, askPycodestyle, texts) as string[][]).map((found) =>
      found.filter((finding) => !missing.test(finding)),
    );
    const ours = texts.map((text) => lint(text).pep8.map(({ code, line }) => `${code}:${line}`));
    const shared = ours.reduce((sum, found, at) => sum + common(found, theirs[at] ?? []), 0);
    expect(shared).toBeGreaterThan(300);
    expect(shared / theirs.flat().length).toBeGreaterThan(0.98);
    expect(shared / ours.flat().length).toBeGreaterThan(0.99);
  });

  it("leaves nothing of continuation lines once the formatter has been there", (context) => {
    const python = pythonWith("pycodestyle");
    if (python === null) return context.skip("no Python with pycodestyle; SELFALIGN_PYTHON may name one");
    const texts = library().map((text) => formatted(text) ?? "");
    const left = (askPython(python, askPycodestyle, texts) as string[][]).flat();
    expect(texts.every((text) => text !== "")).toBe(true);
    expect(left.filter((finding) => /^E12[78]/u.test(finding))).toEqual([]);
  });
});

const askPydocstyle = `
import json, sys
from pydocstyle.checker import ConventionChecker
from pydocstyle.violations import conventions
def check(text):
    found = ConventionChecker().check_source(text, "x.py", ignore_inline_noqa=True)
    return [e.code for e in found if e.code in conventions.pep257]
print(json.dumps([check(text) for text in json.load(sys.stdin)]))
`;

/** Left off (D100), for whole packages (D104), or judged otherwise by design: ruff looks at the first paragraph (D400, D402) or at each line (D208). */
const otherwise = /^D(?:100|104|207|208|400|401|402)$/u;

describe("docstring", () => {
  it("agrees with pydocstyle's pep257 convention on at least 98 % of the findings of shared checks", (context) => {
    const python = pythonWith("pydocstyle");
    if (python === null) return context.skip("no Python with pydocstyle; SELFALIGN_PYTHON may name one");
    const texts = library();
    const theirs = (askPython(python, askPydocstyle, texts) as string[][]).map((found) =>
      found.filter((code) => !otherwise.test(code)),
    );
    const ours = texts.map((text) =>
      lint(text)
        .docstring.map(({ code }) => code)
        .filter((code) => !otherwise.test(code)),
    );
    const shared = ours.reduce((sum, found, at) => sum + common(found, theirs[at] ?? []), 0);
    expect(shared).toBeGreaterThan(300);
    expect(shared / theirs.flat().length).toBeGreaterThan(0.98);
    expect(shared / ours.flat().length).toBeGreaterThan(0.98);
  });
});
