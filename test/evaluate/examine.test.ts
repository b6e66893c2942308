import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { examineTo, passOver } from "../../src/evaluate/examine.js";
import { estimate } from "../../src/evaluate/passes.js";

const tasks = (...passed: readonly number[]) => ({
  tasks: passed.map((count, at) => ({ id: `t${at}`, samples: 4, passed: count })),
});

describe("pass@k over models", () => {
  it("is the mean over tasks of each task's mean, worked out by hand", () => {
    // pass@2 of 0, 1, 2 of 4 samples: 0, 1/2, 5/6.
    const { value } = passOver([tasks(0, 1), tasks(2, 1)], 2);
    expect(value).toBeCloseTo(((0 + 5 / 6) / 2 + 1 / 2) / 2, 12);
  });

  it("has the interval of so many tasks, however many models answered them", () => {
    const one = tasks(4, 0, 0, 4, 0);
    expect(passOver([one], 1)).toEqual(estimate([1, 0, 0, 1, 0]));
    expect(passOver([one, one, one], 1)).toEqual(passOver([one], 1));
    const none = passOver([tasks(0, 0, 0), tasks(0, 0, 0)], 1);
    expect(none).toMatchObject({ value: 0, low: 0 });
    expect(none.high).toBeGreaterThan(0.5);
  });

  it("needs the same tasks, and answers enough, in all", () => {
    expect(() => passOver([], 1)).toThrow(InputError);
    expect(() => passOver([tasks(1)], 5)).toThrow(/draw more, or lower k/);
    expect(() => passOver([tasks(1, 1), tasks(1)], 1)).toThrow(InputError);
    expect(() => passOver([tasks(1), tasks(1, 1)], 1)).toThrow(/different tasks/);
    expect(() => passOver([tasks(1)], 0)).toThrow(/whole number from 1/);
    expect(() => passOver([tasks()], 1)).toThrow(/no examination with tasks/);
  });
});

describe("an examination", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "selfalign-examine-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const row = { id: 1, prompt: "p", text: "t", tests: "assert f()" };

  it.each([
    [[], {}, /has no rows/],
    [[row, { ...row, tests: 1 }], {}, /row 2 must be \{id, prompt, text, tests\}/],
    [[row, { ...row, id: "1" }], {}, /row 2 has the id 1 of another row/],
    [[row], { numSamples: 0 }, /numSamples must be a whole number/],
    [[row], { numSamples: 2.5 }, /numSamples must be a whole number/],
  ])("of %j with %j is refused before a model is opened", async (rows, options, why) => {
    const file = path.join(folder, "held-out.jsonl");
    writeFileSync(file, rows.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const refused = examineTo("local:nowhere", file, path.join(folder, "out"), options);
    await expect(refused).rejects.toThrow(why);
    await expect(refused).rejects.toThrow(InputError);
  });
});
