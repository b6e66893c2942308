import { describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import type { Verdict, WithResult } from "../../src/core/record.js";
import { preferencePairs, type PreferencePair } from "../../src/dataset/preferences.js";
import { select, survey, type SurveyOptions } from "../../src/dataset/readings.js";
import { rowOf, type Changes } from "./rows.js";

interface Outcome {
  readonly kept: readonly string[];
  readonly left: Readonly<Record<string, number>>;
}

async function selected(rows: readonly WithResult[], options?: SurveyOptions): Promise<Outcome> {
  const { rows: kept, left } = select(rows, await survey(rows, options));
  return { kept: (await collect(kept)).map(({ key }) => key), left: Object.fromEntries(left) };
}

const row = (key: string, changes: Changes = {}): WithResult => rowOf({ key, ...changes });

describe("select", () => {
  it("passes rows on in order and counts the others by their first reason", async () => {
    const verdicts: readonly Verdict[] = ["recorded", "wrong", "executed", "timeout", "wrong"];
    const rows = verdicts.map((verdict, n) => row(`${n}`, { result: { verdict } }));
    expect(await selected([...rows, row("5", { metrics: { overlap: 0 } })], { minOverlap: 0.1 })).toEqual({
      kept: ["0", "2"],
      left: { wrong: 2, timeout: 1, "low-overlap": 1 },
    });
  });

  it("counts answers that are not the best, and those that do not pass by their own reason", async () => {
    const rows = [
      row("a0", { group: "a", index: 1 }),
      row("a1", { group: "a", index: 0 }),
      row("a2", { group: "a", metrics: { overlap: 0.9, complexity: 9 } }),
      row("b0", { group: "b", result: { verdict: "wrong" } }),
    ];
    const left = { "not-the-best": 1, "too-complex": 1, wrong: 1 };
    expect(await selected(rows, { maxComplexity: 5 })).toEqual({ kept: ["a1"], left });
    expect(await selected(rows, { perInstruction: 2, maxComplexity: 5 })).toMatchObject({
      kept: ["a0", "a1"],
    });
  });

  it("gives each row its split, groups by repository and by the clusters that it is told", async () => {
    const rows = Array.from({ length: 40 }, (_, n) =>
      row(`${n + 10}`, { provenance: { repository: `r${n % 20}` } }),
    );
    const splitsWith = async (options: SurveyOptions): Promise<Record<string, string>> => {
      const found = await survey(rows, { testShare: 0.5, ...options });
      return Object.fromEntries(
        (await collect(select(rows, found).rows)).map(({ key, split }) => [key, split]),
      );
    };
    const plain = await splitsWith({});
    for (let n = 0; n < 20; n++) expect(plain[`${n + 10}`]).toBe(plain[`${n + 30}`]);
    expect(Object.values(plain).filter((split) => split === "test")).toHaveLength(20);
    // Two clusters of ten repositories each: now these are the groups.
    const clustered = await splitsWith({
      likeness: () =>
        Promise.resolve({ copies: new Map(), clusters: new Map(rows.map((_, n) => [n, String(n % 2)])) }),
    });
    const sides = ["10", "11"].map((first) => clustered[first]);
    expect(new Set(sides)).toEqual(new Set(["train", "test"]));
    for (const [key, split] of Object.entries(clustered)) expect(split).toBe(sides[Number(key) % 2]);
  });
});

async function pairsOf(
  rows: readonly WithResult[],
  options?: SurveyOptions,
): Promise<readonly PreferencePair[]> {
  return collect(preferencePairs(rows, await survey(rows, options)));
}

describe("preferencePairs", () => {
  const verified = (group: string, key: string): WithResult =>
    row(key, {
      group,
      instruction: `Do ${group}.`,
      response: `good ${group}`,
      result: { verdict: "verified" },
    });
  const failed = (group: string, key: string, message: string | null = "x == 2"): WithResult =>
    row(key, {
      group,
      instruction: `Do ${group}.`,
      response: `bad ${key}`,
      code: `bad ${key}`,
      result: { verdict: "wrong", message },
    });

  it("gives instruction, published answer, failing answer and what was wrong with it", async () => {
    expect(await pairsOf([failed("a", "1"), verified("a", "2")])).toEqual([
      {
        prompt: "Do a.",
        chosen: "good a",
        rejected: "bad 1",
        reason: "wrong: x == 2",
        fingerprint: "2",
        split: "train",
      },
    ]);
    expect(await pairsOf([verified("a", "1"), failed("a", "2", null)])).toMatchObject([{ reason: "wrong" }]);
  });

  it("finds halves wherever they stand, in the order in which pairs are whole", async () => {
    const rows = [
      verified("a", "1"),
      failed("b", "2"),
      verified("c", "3"),
      verified("b", "4"),
      failed("a", "5"),
    ];
    const pairs = await pairsOf(rows);
    expect(pairs.map(({ chosen, rejected }) => [chosen, rejected])).toEqual([
      ["good b", "bad 2"],
      ["good a", "bad 5"],
    ]);
  });

  it("reads no further than the last half", async () => {
    const rows = [verified("a", "1"), failed("a", "2"), verified("c", "3")];
    const found = await survey(rows);
    let read = 0;
    const counted = function* (): Generator<WithResult> {
      for (const one of rows) {
        read++;
        yield one;
      }
    };
    expect(await collect(preferencePairs(counted(), found))).toHaveLength(1);
    expect(read).toBe(2);
  });

  it("takes the split of the published answer, and mends half a surrogate pair", async () => {
    const rows = ["a", "b"].flatMap((group) => [
      {
        ...verified(group, `${group}1`),
        response: "half \ud83d",
        provenance: { ...rowOf().provenance, path: group },
      },
      { ...failed(group, `${group}2`), provenance: { ...rowOf().provenance, path: group } },
    ]);
    const found = await survey(rows, { testShare: 0.5 });
    const splits = (await collect(select(rows, found).rows)).map(({ key, split }) => [key, split]);
    const pairs = await pairsOf(rows, { testShare: 0.5 });
    expect(pairs.map(({ fingerprint, split }) => [fingerprint, split])).toEqual(splits);
    expect(new Set(pairs.map(({ split }) => split))).toEqual(new Set(["train", "test"]));
    expect(pairs[0]?.chosen).toBe("half \ufffd");
  });
});
