import { beforeAll, describe, expect, it } from "vitest";
import type { Parameter, WithInstruction } from "../../src/core/record.js";
import {
  assertEqual,
  signatureOf,
  teachConcepts,
  teachInstruction,
  teachResponse,
} from "../../src/instruct/docstring.js";
import { loadGrammar } from "../../src/python/syntax.js";
import type { Observation, ObserveJob, Sandbox } from "../../src/sandbox/sandbox.js";

beforeAll(loadGrammar);

const parameter = (name: string, more: Partial<Parameter> = {}): Parameter => ({
  name,
  kind: "positional",
  annotation: null,
  default: null,
  ...more,
});

const record = (docstring: string, more: Partial<WithInstruction> = {}): WithInstruction => ({
  key: "k",
  sha1: "s",
  seed: "def double(n):\n    return 2 * n\n",
  entryPoint: "double",
  parameters: [parameter("n", { annotation: "int" })],
  returns: null,
  async: false,
  docstring,
  carried: [],
  figures: {
    functionLines: 2,
    seedLines: 2,
    longestLine: 20,
    docstringWords: 3,
    complexity: 1,
    parameterCount: 1,
    annotatedParameters: 1,
    returnAnnotated: false,
    warnings: [],
    imports: [],
    mentions: [],
    generated: false,
    vendored: false,
  },
  provenance: {
    source: "stdlib",
    repository: "python/cpython",
    revision: "3.14.2",
    path: "tools/numbers.py",
    licence: "PSF-2.0",
    startLine: 1,
    endLine: 2,
  },
  concepts: ["functions"],
  model: "docstring",
  prompt: null,
  instruction: "",
  ...more,
});

type Answer = Partial<Observation> & Pick<Observation, "status">;

/** A sandbox that answers each step by a rule; `here` and `elsewhere` are the two worlds. */
function scripted(
  here: (source: string) => Answer,
  elsewhere = here,
  stage: "tests" | "code" = "tests",
): Sandbox {
  const outcome = { status: "passed", stage, asserts: 0, calls: 0, message: "boom", line: null } as const;
  return {
    backend: "scripted",
    interpreter: "none",
    observe: ({ steps, elsewhere: other = false }: ObserveJob) => {
      const answers = steps.map(({ source }) => (other ? elsewhere : here)(source));
      const observations = answers.map((answer) => ({ literal: null, detail: null, lines: [], ...answer }));
      return Promise.resolve({ outcome: { ...outcome, mode: "one-world", objects: false }, observations });
    },
    judge: () => Promise.reject(new Error("not asked")),
    kill: () => Promise.reject(new Error("not asked")),
    close: () => Promise.resolve(),
  };
}

const argument = (source: string): number => Number(/double\((-?\d+)\)/.exec(source)?.[1]);
const doubles = (source: string): Answer => ({
  status: "value",
  literal: String(2 * argument(source)),
  lines: [2],
});

describe("the docstring teacher", () => {
  it("reads concepts off the code and says that no model was asked", () => {
    expect(teachConcepts(record("Double a number."))).toEqual({
      fields: { concepts: ["functions"], model: "docstring" },
    });
  });

  it("turns docstring and signature into a task", () => {
    const taught = teachInstruction(record("Double a number.\n\n>>> double(2)\n4\n"));
    expect(taught).toEqual({
      fields: {
        prompt: null,
        instruction:
          "Write a Python function `double(n: int)`.\n\nDouble a number.\n\nExamples:\n\n```python\n>>> double(2)\n4\n```",
      },
    });
  });

  it("lets examples speak where there are no words, and refuses where there is neither", () => {
    const taught = teachInstruction(record(">>> double(2)\n4"));
    expect("fields" in taught && taught.fields.instruction).toMatch(
      /^Write .* that behaves as these examples show\.\n\n```python/,
    );
    expect(teachInstruction(record("Helper."))).toEqual({
      reason: "description-too-short",
      detail: "1 words",
    });
  });

  it("freezes what two worlds agree on, and never None", async () => {
    const here = (source: string): Answer =>
      argument(source) === 0 ? { status: "value", literal: "None" } : doubles(source);
    const elsewhere = (source: string): Answer =>
      argument(source) === 3 ? { status: "value", literal: "-1" } : here(source);
    const taught = await teachResponse(record("Double a number."), scripted(here, elsewhere), { seed: 1 });
    if (!("fields" in taught)) throw new Error(taught.reason);
    const { tests, dropped, response, calls } = taught.fields;
    expect(tests.length).toBeGreaterThan(2);
    for (const { origin, source } of tests) {
      expect(origin).toBe("recorded");
      expect(source).toBe(`assert double(${argument(source)}) == ${2 * argument(source)}`);
      expect([0, 3]).not.toContain(argument(source));
    }
    expect(dropped).toEqual({ "not-deterministic": 1 });
    expect(response).toBe("```python\ndef double(n):\n    return 2 * n\n```\n");
    expect(calls.length).toBeGreaterThan(0);
  });

  it("prefers calls that reach new lines", async () => {
    const here = (source: string): Answer => ({
      ...doubles(source),
      lines: argument(source) < 0 ? [2, 3] : [2],
    });
    const taught = await teachResponse(record("Double a number."), scripted(here), {
      seed: 1,
      maxRecorded: 1,
    });
    expect("fields" in taught && taught.fields.tests.map(({ source }) => argument(source))).toEqual([-4]);
  });

  it("keeps the author's examples that hold, with what they need", async () => {
    const docstring = "Double.\n\n>>> x = 2\n>>> numbers.double(x)\n4\n>>> double(x)\n5\n>>> y = 1\n";
    const here = (source: string): Answer =>
      source.endsWith("== 5")
        ? { status: "failed" }
        : source.startsWith("double")
          ? { status: "raised", detail: "E" }
          : { status: "ok" };
    const taught = await teachResponse(record(docstring), scripted(here), { seed: 1 });
    expect("fields" in taught && [taught.fields.tests, taught.fields.dropped]).toEqual([
      [
        { origin: "author", source: "x = 2" },
        { origin: "author", source: "assert double(x) == 4" },
      ],
      { "doctest-does-not-hold": 1 },
    ]);
  });

  it("says why there is no response", async () => {
    const raising = scripted(() => ({ status: "raised", detail: "TypeError: no" }));
    expect(await teachResponse(record("Double a number."), raising, { seed: 1 })).toEqual({
      reason: "never-returns",
      detail: "TypeError: no",
    });
    const broken = scripted(doubles, doubles, "code");
    expect(await teachResponse(record("Double a number."), broken, { seed: 1 })).toEqual({
      reason: "does-not-import",
      detail: "boom",
    });
  });

  it("runs coroutines", async () => {
    const here = (source: string): Answer =>
      source === "import asyncio" ? { status: "ok" } : doubles(source);
    const taught = await teachResponse(record("Double a number.", { async: true }), scripted(here), {
      seed: 1,
    });
    const sources = "fields" in taught ? taught.fields.tests.map(({ source }) => source) : [];
    expect(sources[0]).toBe("import asyncio");
    expect(sources[1]).toMatch(/^assert asyncio\.run\(double\(-?\d+\)\) == -?\d+$/);
  });

  it("compares floats of many digits with a tolerance, truth values by identity", () => {
    expect(assertEqual("f()", "True")).toBe("assert f() is True");
    expect(assertEqual("f()", "0.5")).toBe("assert f() == 0.5");
    expect(assertEqual("f()", "[0.30000000000000004]")).toBe("assert f() == [0.30000000000000004]");
    expect(assertEqual("f()", "-0.30000000000000004")).toBe(
      "assert abs(f() - (-0.30000000000000004)) <= 1e-9 * abs(-0.30000000000000004)",
    );
  });

  it("writes signatures as Python does", () => {
    const parameters = [
      parameter("a", { kind: "positional-only" }),
      parameter("b", { default: "1" }),
      parameter("c", { annotation: "str", default: '"x"', kind: "keyword-only" }),
      parameter("d", { kind: "var-keyword" }),
    ];
    expect(signatureOf({ entryPoint: "f", parameters, returns: "int" })).toBe(
      'f(a, /, b=1, *, c: str = "x", **d) -> int',
    );
    const variadic = [
      parameter("args", { kind: "var-positional" }),
      parameter("k", { kind: "keyword-only" }),
    ];
    expect(signatureOf({ entryPoint: "g", parameters: variadic, returns: null })).toBe("g(*args, k)");
    expect(
      signatureOf({
        entryPoint: "h",
        parameters: [parameter("a", { kind: "positional-only" })],
        returns: null,
      }),
    ).toBe("h(a, /)");
  });
});
