import { describe, expect, it } from "vitest";
import { programOf, promptOf, stopsOfAll } from "../../src/evaluate/completing.js";
import type { EvaluationTask } from "../../src/evaluate/tasks.js";

const shared = { id: "x", tests: "", entryPoint: null };
const signature: EvaluationTask = {
  ...shared,
  kind: "signature",
  prompt: 'def add(a, b):\n    """Sum."""\n',
};
const description: EvaluationTask = { ...shared, kind: "description", prompt: '"""\nAdd.\n"""\n' };

describe("completing", () => {
  it("shows a signature without its last newline, and a docstring with it", () => {
    expect(promptOf(signature)).toBe('def add(a, b):\n    """Sum."""');
    expect(promptOf(description)).toBe('"""\nAdd.\n"""\n');
  });

  it.each([
    ["another function", "\n    return a + b\n\n\ndef other():\n    pass"],
    ["a call", "\n    return a + b\nprint(add(1, 2))"],
    ["a comment at the margin", "\n    return a + b\n# Tests\nassert add(1, 2) == 3"],
    ["the end of a block of Markdown", "\n    return a + b\n```\nThis function"],
    ["nothing", "\n    return a + b   \n\n"],
  ])("ends a function before %s", (_, completion) => {
    expect(programOf(signature, completion)).toBe('def add(a, b):\n    """Sum."""\n    return a + b\n');
  });

  it("keeps what only looks like an end: deeper in, or within a line", () => {
    const body = "\n    # Add.\n    if a:\n        def inner():\n            print(a)\n    return a + b";
    expect(programOf(signature, body)).toBe(`${promptOf(signature)}${body}\n`);
  });

  it("lets an answer to a description have imports and several functions", () => {
    const text =
      "import math\n# Helps.\ndef one():\n    return 1\n\ndef add(a, b):\n    return a + b * one()";
    expect(programOf(description, `${text}\nassert add(1, 1) == 2`)).toBe(`${description.prompt}${text}\n`);
  });

  it("stops tasks of both kinds only where both would end", () => {
    expect(stopsOfAll([signature])).toContain("\ndef ");
    expect(stopsOfAll([description])).not.toContain("\ndef ");
    const both = stopsOfAll([signature, description, signature]);
    expect(both).toContain("\nclass ");
    expect(both).not.toContain("\ndef ");
    expect(both).not.toContain('\n"""');
  });
});
