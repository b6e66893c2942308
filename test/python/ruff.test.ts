import { describe, expect, it } from "vitest";
import { formatChanged, formatted, lint, withoutPragmas } from "../../src/python/ruff.js";
import type { LintReport } from "../../src/python/ruff.js";

type Family = Exclude<keyof LintReport, "reason">;

/** `code:line` of one family. */
function found(code: string, family: Family): readonly string[] {
  return lint(code)[family].map(({ code: rule, line }) => `${rule}:${line}`);
}

const messy = `import os
def Foo(a,b=1):
  "doc"
  if a == None:
     return b;
  return missing
`;

describe("lint", () => {
  it("sorts findings into families, each by line", () => {
    expect(found(messy, "pep8")).toEqual([
      "E302:2",
      "E231:2",
      "E111:3",
      "E111:4",
      "E711:4",
      "E111:5",
      "E703:5",
      "E111:6",
    ]);
    expect(found(messy, "docstring")).toEqual(["D300:3", "D400:3", "D403:3"]);
    expect(found(messy, "annotations")).toEqual(["ANN201:2", "ANN001:2", "ANN001:2"]);
    expect(found(messy, "naming")).toEqual(["N802:2"]);
    expect(found(messy, "pyflakes")).toEqual(["F401:1", "F821:6"]);
    expect(lint(messy)).toMatchObject({ syntax: [], reason: null });
  });

  it("has nothing against tidy code, with or without a last line feed", () => {
    const tidy = 'def f(x: int) -> int:\n    """Return x."""\n    return x * 2+1';
    const nothing = {
      pep8: [],
      docstring: [],
      annotations: [],
      naming: [],
      pyflakes: [],
      syntax: [],
      reason: null,
    };
    expect(lint(tidy)).toEqual(nothing);
    expect(lint(`${tidy}\n`)).toEqual(nothing);
    expect(lint("")).toEqual(nothing);
  });

  it("breaks lines at PEP 8's 79 columns, counted in characters", () => {
    expect(found(`x = "${"é".repeat(73)}"\n`, "pep8")).toEqual([]);
    expect(found(`x = "${"é".repeat(74)}"\n`, "pep8")).toEqual(["E501:1"]);
  });

  it.each([
    "import os  # noqa",
    "import os  # NOQA: F401",
    "# ruff: noqa\nimport os",
    "# flake8: noqa\nimport os",
    "# ruff: disable[F401]\nimport os",
  ])("is not silenced by a comment: %j", (code) => {
    expect(lint(code).pyflakes.map(({ code: rule }) => rule)).toEqual(["F401"]);
  });

  it("does not excuse a long line for its pragma", () => {
    const long = `value = "${"x".repeat(66)}"  # type: ignore\n`;
    expect(found(long, "pep8")).toEqual(["E501:1"]);
  });

  it("reads syntax up to Python 3.14", () => {
    const modern = "try:\n    pass\nexcept ValueError, TypeError:\n    pass\nx = t'{1}'\n";
    expect(lint(modern).reason).toBeNull();
  });

  it("answers code that is not Python with a reason", () => {
    const report = lint("def f(:\n    pass\n");
    expect(report.reason).toBe("invalid-syntax");
    expect(report.syntax[0]).toMatchObject({ code: "invalid-syntax", line: 1 });
  });

  it("answers code that is nested too deeply with a reason, and goes on working", () => {
    const deep = `x = ${"(".repeat(20_000)}1${")".repeat(20_000)}\n`;
    expect(lint(deep).reason).toBe("too-deep");
    expect(formatChanged(deep)).toBeNull();
    expect(found("import os\n", "pyflakes")).toEqual(["F401:1"]);
  });
});

describe("withoutPragmas", () => {
  it("spoils pragma comments by one letter and leaves strings and other words alone", () => {
    expect(withoutPragmas('s = "é # noqa"  # é noqa: E501 # type: ignore\n')).toBe(
      's = "é # noqa"  # é nxqa: E501 # txpe: ignore\n',
    );
    expect(withoutPragmas("# ruff: noqa\n# fmt: off\n# pyright: basic\n")).toBe(
      "# rxff: nxqa\n# fxt: off\n# pxright: basic\n",
    );
    const words = "# the type of a formatter\nx = 1\n";
    expect(withoutPragmas(words)).toBe(words);
  });

  it("keeps every character in its column", () => {
    const text = 'x = "🐍"  # noqa\ny = 1  # 🐍 fmt: skip\n';
    const spoilt = withoutPragmas(text);
    expect(spoilt).not.toBe(text);
    expect(spoilt.split("\n").map((line) => line.length)).toEqual(
      text.split("\n").map((line) => line.length),
    );
  });
});

describe("formatted", () => {
  it("keeps quotes, wraps at 79 columns and takes no orders from comments", () => {
    expect(formatted("# fmt: off\nx = {'a':1}\n")).toBe("# fxt: off\nx = {'a': 1}\n");
    const [first, second] = ["a".repeat(40), "b".repeat(33)];
    expect(formatted(`call(${first}, ${second})`)).toBe(`call(\n    ${first}, ${second}\n)\n`);
    expect(formatted("try:\n    pass\nexcept (A, B):\n    pass\n")).toContain("except (A, B):");
  });
});

describe("formatChanged", () => {
  it.each([
    ["nothing", "", 0],
    ["tidy code", "x = 1\ny = 2\n", 0],
    ["a missing last line feed", "x = 1", 0],
    ["one line of two", "x=1\ny = 2\n", 0.5],
    ["every line", "x=1\ny=2\n", 1],
    ["two blank lines that go in between", "import os\ndef f():\n    pass\nx = 1\n", 4 / 8],
    ["two of four lines that go", "x = 1\n\n\n\n\ny = 2\n", 2 / 6],
  ])("counts %s", (_, code, share) => {
    expect(formatChanged(code)).toBeCloseTo(share, 10);
  });

  it("does not blame the lines after an insertion", () => {
    const body = Array.from({ length: 96 }, (_, n) => `x${n} = ${n}\n`).join("");
    expect(formatChanged(`import os\nclass A:\n    pass\n${body}`)).toBeCloseTo(4 / 103, 10);
  });

  it("cannot tell for code that is not Python", () => {
    expect(formatChanged("def f(:\n")).toBeNull();
  });
});
