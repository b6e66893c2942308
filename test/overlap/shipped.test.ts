import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { packPrints, printedOf, shippedPrints, unpackPrints } from "../../src/overlap/shipped.js";

const file = path.resolve(import.meta.dirname, "../../data/benchmarks.bin");

describe("packPrints", () => {
  const item = {
    benchmark: "B",
    item: "B/1",
    code: `def f(${"a, ".repeat(9)}b):\n    return b`,
    docstring: "Give the very last of many values.",
  };
  const other = { ...item, item: "B/2", docstring: null };

  it("is undone by unpackPrints", () => {
    const printed = [item, other].map(printedOf);
    expect(unpackPrints(packPrints(printed))).toEqual(printed);
  });

  it("writes editions of a problem that don't differ once", () => {
    const twice = [
      item,
      { ...item, code: item.code.replaceAll("  ", " ") },
      { ...item, docstring: "Other words for what is wanted." },
    ];
    expect(unpackPrints(packPrints(twice.map(printedOf))).map(({ item: name }) => name)).toEqual([
      "B/1",
      "B/1",
    ]);
  });
});

describe("the shipped file", () => {
  it("has every problem of HumanEval and MBPP, each with prints of its task or its solution", async () => {
    const printed = await shippedPrints();
    const names = new Set(printed.map(({ item }) => item));
    for (let task = 0; task < 164; task++) expect(names).toContain(`HumanEval/${task}`);
    for (let task = 1; task <= 974; task++) expect(names).toContain(`MBPP/${task}`);
    expect(names.size).toBe(164 + 974);
    for (const { item, prints } of printed) expect(prints.open.size, item).toBeGreaterThan(0);
  });

  it("has no text but the names of the problems", () => {
    const bytes = readFileSync(file);
    const head = bytes.toString("utf8", 4, 4 + bytes.readUInt32LE(0));
    expect(head.replace(/"(?:HumanEval|MBPP)(?:\/\d+)?"/g, "").match(/[a-z]+/gi)).toEqual([
      "widths",
      "code",
      "open",
      "words",
      "items",
    ]);
  });
});
