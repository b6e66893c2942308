import { describe, expect, it } from "vitest";
import type { Parameter } from "../../src/core/record.js";
import { callsFor } from "../../src/instruct/inputs.js";

const parameter = (name: string, more: Partial<Parameter> = {}): Parameter => ({
  name,
  kind: "positional",
  annotation: null,
  default: null,
  ...more,
});

const calls = (parameters: readonly Parameter[], key = "k"): string[] =>
  callsFor({ key, entryPoint: "f", parameters }, { seed: 1 });

describe("made-up calls", () => {
  it("are distinct, and the same for the same seed and key only", () => {
    const parameters = [parameter("text"), parameter("n", { default: "3" })];
    expect(calls(parameters)).toEqual(calls(parameters));
    expect(calls(parameters)).not.toEqual(calls(parameters, "other"));
    expect(new Set(calls(parameters)).size).toBe(calls(parameters).length);
  });

  it("believe an annotation more than a name", () => {
    const ints = calls([parameter("text", { annotation: "int" })]);
    expect(ints.every((call) => /^f\(-?\d+\)$/.test(call))).toBe(true);
    expect(ints).toContain("f(0)");
  });

  it("begin with what the name suggests", () => {
    expect(calls([parameter("url")])[0]).toMatch(/^f\('https:/);
    expect(calls([parameter("items")])[0]).toMatch(/^f\(\[/);
    expect(
      calls([parameter("is_last", { default: "False" })]).every((call) =>
        /^f\((is_last=(True|False))?\)$/.test(call),
      ),
    ).toBe(true);
  });

  it("never put a value in the wrong parameter's place", () => {
    const all = calls([
      parameter("a", { kind: "positional-only" }),
      parameter("b", { default: "1" }),
      parameter("c", { default: "None" }),
      parameter("d", { kind: "keyword-only" }),
      parameter("e", { kind: "keyword-only", default: "()" }),
      parameter("kwargs", { kind: "var-keyword" }),
    ]);
    for (const call of all) {
      const names = [...call.matchAll(/[(,] ?([bcde])=/g)].map((match) => match[1]);
      expect(names, call).toEqual([...names].sort());
      expect(names, call).toContain("d");
      expect(call).not.toContain("kwargs");
    }
  });

  it("give all earlier parameters by place before *args", () => {
    const all = calls([parameter("sep", { default: "'-'" }), parameter("args", { kind: "var-positional" })]);
    expect(all.every((call) => !call.includes("="))).toBe(true);
    expect(all.some((call) => call.split(",").length > 2)).toBe(true);
  });
});
