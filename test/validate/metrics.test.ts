import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { lint } from "../../src/python/ruff.js";
import { MAX_FINDINGS, measure } from "../../src/validate/metrics.js";

beforeAll(loadGrammar);

const clamp = `def clamp(value: float, low: float, high) -> float:
    """Return value, moved into the range from low to high."""
    if value < low or value > high:
        return low if value < low else high
    return value
`;

describe("measure", () => {
  it("gives every figure of a tidy function", () => {
    const { overlap, ...figures } = measure(
      clamp,
      "clamp",
      "Move a value into the range between low and high.",
    );
    expect(figures).toEqual({
      lines: 5,
      pep8: 0,
      pep8Per100Lines: 0,
      formatChanged: 0,
      annotationCoverage: 0.75,
      docstring: 0,
      hasDocstring: true,
      // mccabe counts the if; radon also the conditional expression and the `or`.
      complexity: 2,
      complexityRadon: 4,
      findings: [
        { code: "ANN001", line: 1, message: "Missing type annotation for function argument `high`" },
      ],
    });
    expect(overlap).toBeGreaterThan(0.4);
  });

  it("counts PEP 8 per 100 lines, to four decimals", () => {
    const { lines, pep8, pep8Per100Lines } = measure("x=1\ny = 2\nz = 3\n", "f", "");
    expect({ lines, pep8, pep8Per100Lines }).toEqual({ lines: 3, pep8: 1, pep8Per100Lines: 33.3333 });
  });

  it("looks at the entry point only for docstring and complexity, and at its last definition", () => {
    const code =
      'def f(a):\n    """First."""\n    return a\n\n\ndef g(a):\n    """G."""\n    return a and 1\n\n\ndef f(a):\n    return a or 1\n';
    expect(measure(code, "f", "")).toMatchObject({ hasDocstring: false, complexity: 1, complexityRadon: 2 });
    expect(measure(code, "g", "")).toMatchObject({ hasDocstring: true });
    expect(measure(code, "h", "")).toMatchObject({ hasDocstring: false, complexity: 0, complexityRadon: 0 });
  });

  it("is the same every time", () => {
    expect(JSON.stringify(measure(clamp, "clamp", "Clamp."))).toBe(
      JSON.stringify(measure(clamp, "clamp", "Clamp.")),
    );
  });

  it("keeps the first findings and counts all", () => {
    const { findings, pep8 } = measure("x=1\n".repeat(MAX_FINDINGS + 50), "f", "");
    expect(pep8).toBe(MAX_FINDINGS + 50);
    expect(findings).toHaveLength(MAX_FINDINGS);
    expect(findings.at(-1)?.line).toBe(MAX_FINDINGS);
  });

  it("takes broken, deep and empty code", () => {
    const broken = measure("def f(:\n    return 1\n", "f", "");
    expect(broken).toMatchObject({ formatChanged: 1 });
    expect(broken.findings[0]).toMatchObject({ code: "invalid-syntax", line: 1 });
    const deep = measure(`x = ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`, "f", "");
    expect(deep).toMatchObject({ formatChanged: 1, annotationCoverage: null });
    expect(deep.findings).toEqual([{ code: "too-deep", line: 1, message: "Nested too deeply to be read" }]);
    expect(measure("", "f", "")).toMatchObject({
      lines: 0,
      pep8Per100Lines: 0,
      formatChanged: 0,
      findings: [],
    });
  });
});

describe("annotation coverage", () => {
  const coverage = (code: string): number | null => measure(code, "f", "").annotationCoverage;

  it.each([
    ["nothing to annotate", "x = 1\n", null],
    ["one return", "def f():\n    pass\n", 0],
    ["parameters of every kind", "def f(a, /, b: int, *c, d: int, **e: int) -> int:\n    pass\n", 4 / 6],
    ["self", "class A:\n    def m(self, a: int) -> int:\n        pass\n", 1],
    ["cls", "class A:\n    @classmethod\n    def m(cls, a: int):\n        pass\n", 1 / 2],
    ["a static method", "class A:\n    @staticmethod\n    def m(a, b: int):\n        pass\n", 1 / 3],
    ["a method that takes only *args", "class A:\n    def m(*args) -> int:\n        pass\n", 1 / 2],
    ["__init__, which returns nothing", "class A:\n    def __init__(self):\n        pass\n", null],
    ["__init__ that is no method", "def __init__(a: int):\n    pass\n", 1 / 2],
    ["nested functions", "def f(a: int) -> int:\n    def g(b):\n        pass\n", 2 / 4],
  ])("of %s", (_, code, share) => {
    expect(coverage(code)).toEqual(share === null ? null : expect.closeTo(share, 4));
  });

  it("misses as many as flake8-annotations reports", () => {
    const code = `class A:
    def __init__(self, a, b: int) -> None:
        self.a = a

    def m(self, x, *rest, **more):
        def inner(y: int):
            return y
        return inner(x)

    @classmethod
    def k(cls, z) -> int:
        return z

    @staticmethod
    def s(q) -> int:
        return q
`;
    // a, b; x, rest, more, return; y, return; z, return; q, return
    const slots = 12;
    const missing = lint(code).annotations.length;
    expect(missing).toBe(8);
    expect(coverage(code)).toBeCloseTo((slots - missing) / slots, 4);
  });
});
