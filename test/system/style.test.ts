// What the formatter leaves of pycodestyle's findings that ruff itself does not look for, on files of the standard
// library. The findings that both have are compared in metrics-oracle.test.ts.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { formatted, withoutPragmas } from "../../src/python/ruff.js";
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

describe("the formatter", () => {
  it("leaves nothing of continuation lines once the formatter has been there", (context) => {
    const python = pythonWith("pycodestyle");
    if (python === null) return context.skip("no Python with pycodestyle; SELFALIGN_PYTHON may name one");
    const texts = library().map((text) => formatted(text) ?? "");
    const left = (askPython(python, askPycodestyle, texts) as string[][]).flat();
    expect(texts.every((text) => text !== "")).toBe(true);
    expect(left.filter((finding) => /^E12[78]/u.test(finding))).toEqual([]);
  });
});
