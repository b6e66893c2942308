import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { openDecontamination, type Decontamination } from "../../src/overlap/decontaminate.js";

const ds1000 = path.resolve(import.meta.dirname, "../fixtures/overlap/ds1000.jsonl");

// Written by us in DS-1000's layout; the list itself is not among the files at hand.
describe("a list of the user's", () => {
  let list: Decontamination;
  beforeAll(async () => {
    list = await openDecontamination({ lists: [ds1000] });
  });

  const copy =
    'def keep_peaks(visits):\n    peak = visits.groupby("city")["count"].transform("max")\n' +
    '    return visits[visits["count"] == peak].reset_index(drop=True)\n';

  it("finds a solution inside a longer function", () => {
    const longer = `import pandas as pd\n\ndef load(name):\n    return pd.read_csv(name)\n\n${copy}`;
    expect(list.check({ code: longer, docstring: null })).toMatchObject({
      benchmark: "ds1000",
      item: "ds1000/0",
      kind: "code",
    });
  });

  it("finds a solution under other names", () => {
    const renamed = copy
      .replaceAll("keep_peaks", "busiest")
      .replaceAll("visits", "frame")
      .replaceAll("peak", "top");
    expect(list.check({ code: renamed, docstring: null })).toMatchObject({
      item: "ds1000/0",
      kind: "renamed",
    });
  });

  it("finds a task by its words, with other code", () => {
    const docstring =
      "given a matrix of distances,\nlist the pairs of different points that lie closer together than a limit,\n" +
      "each pair once and the nearest first";
    const found = list.check({ code: "def f(m):\n    raise NotImplementedError\n", docstring });
    expect(found).toMatchObject({ item: "ds1000/1", kind: "docstring" });
    expect(found?.share).toBeGreaterThan(0.7);
  });

  it("lets pass what has only an idiom in common", () => {
    const code =
      'def by_city(frame):\n    return frame.groupby("city")["count"].sum().reset_index(drop=True)\n';
    expect(
      list.check({ code, docstring: "Sum of the counts of each city; the index begins at zero." }),
    ).toBeNull();
    expect(list.check({ code: "", docstring: null })).toBeNull();
  });
});

describe("the shipped lists", () => {
  it("are looked through by default, and alone by name", async () => {
    const docstring = "Iterate over elements repeating each as many times as its count.";
    const all = await openDecontamination();
    expect(all.check({ code: "", docstring })).toMatchObject({ benchmark: "MBPP", item: "MBPP/810" });
    const one = await openDecontamination({ lists: ["humaneval"] });
    expect(one.size).toBe(164);
    expect(one.check({ code: "", docstring })).toBeNull();
    expect((await openDecontamination({ lists: [] })).size).toBe(0);
  });

  it("are named to those who ask for others", async () => {
    await expect(openDecontamination({ lists: ["apps"] })).rejects.toThrow(
      /choose from HumanEval, MBPP, or name a file/,
    );
    await expect(openDecontamination({ lists: ["./none.jsonl"] })).rejects.toThrow(InputError);
  });
});
