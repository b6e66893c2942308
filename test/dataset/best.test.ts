import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import type { Verdict } from "../../src/core/record.js";
import { compareMerits, meritOf, openContest, REJECTABLE, type Decision } from "../../src/dataset/best.js";
import { PUBLISHED_VERDICTS } from "../../src/dataset/select.js";
import { rowOf, type Changes } from "./rows.js";

/** Answers to one instruction unless they say otherwise, all verified. */
function decide(answers: readonly Changes[], perInstruction?: number): Decision {
  const contest = openContest(perInstruction);
  answers.forEach((changes, index) => {
    const result = { verdict: "verified", ...changes.result } as const;
    const row = rowOf({ group: "i", index, ...changes, result });
    contest.enter(row, PUBLISHED_VERDICTS.includes(row.result.verdict));
  });
  return contest.decide();
}

function bestOf(answers: readonly Changes[], perInstruction?: number): number[] {
  const { isBest } = decide(answers, perInstruction);
  return answers.flatMap((_, row) => (isBest(row) ? [row] : []));
}

describe("the best of an instruction's answers", () => {
  const ladder: readonly [string, Changes, Changes][] = [
    ["is verified rather than executed", { result: { verdict: "executed" } }, {}],
    [
      "has tests that catch more mutants",
      { result: { mutationScore: 0.5 } },
      { result: { mutationScore: 0.6 } },
    ],
    ["had mutants tried at all", { result: { mutationScore: null } }, { result: { mutationScore: 0 } }],
    [
      "has the greater RMI, whatever the overlap",
      { metrics: { rmi: 0.1, overlap: 0.9 } },
      { metrics: { rmi: 0.2, overlap: 0.1 } },
    ],
    ["was scored at all", { metrics: { rmi: null, overlap: 1 } }, { metrics: { rmi: -2, overlap: 0 } }],
    [
      "shares more words where no model scored",
      { metrics: { overlap: 0.4 } },
      { metrics: { rmi: null, overlap: 0.5 } },
    ],
    ["is shorter", { code: "x = 10" }, { code: "x = 1" }],
    ["came first", { index: 1 }, { index: 0 }],
  ];
  it.each(ladder)("%s", (_, worse, better) => {
    expect(bestOf([worse, better])).toEqual([1]);
    expect(bestOf([better, worse])).toEqual([0]);
  });

  it("is judged by the earlier rule first", () => {
    const short = { code: "x = 1", metrics: { overlap: 0.1 }, result: { mutationScore: 0.5 } };
    const long = { code: "x = 100", metrics: { overlap: 0.2 }, result: { mutationScore: 0.5 } };
    const strong = { code: "x = 10000", metrics: { overlap: 0 }, result: { mutationScore: 0.9 } };
    expect(bestOf([short, long, strong])).toEqual([2]);
    expect(bestOf([short, long])).toEqual([1]);
  });

  it("is the same in whatever order the answers come: the order is total", () => {
    const next = uniforms(1, "answers");
    const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
    const answers = Array.from({ length: 40 }, (_, index) =>
      rowOf({
        index,
        code: "x".repeat(pick([5, 6])),
        result: { verdict: pick<Verdict>(["verified", "recorded"]), mutationScore: pick([null, 0, 1]) },
        metrics: { overlap: pick([0, 0.5]), rmi: pick([null, 0, 1]) },
      }),
    ).map(meritOf);
    const sign = Math.sign;
    for (const a of answers)
      for (const b of answers) {
        expect(sign(compareMerits(a, b))).toBe(-sign(compareMerits(b, a)) + 0);
        if (a !== b) expect(compareMerits(a, b)).not.toBe(0);
        for (const c of answers)
          if (compareMerits(a, b) < 0 && compareMerits(b, c) < 0) expect(compareMerits(a, c)).toBeLessThan(0);
      }
  });

  it("are as many as wanted, of each instruction, wherever its answers stand", () => {
    const answers = ["a", "b", "a", "c", "b", "a"].map((group) => ({ group }));
    expect(bestOf(answers)).toEqual([0, 1, 3]);
    expect(bestOf(answers, 2)).toEqual([0, 1, 2, 3, 4]);
    expect(bestOf(answers, 3)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(() => openContest(0)).toThrow(/perInstruction must be a whole number of at least 1, not 0/);
  });

  it("is none where nothing passes", () => {
    expect(bestOf([{ result: { verdict: "wrong" } }, { result: { verdict: "sandbox-error" } }])).toEqual([]);
  });
});

describe("the failing answer beside the best", () => {
  const failing = (verdict: Verdict, code: string): Changes => ({ code, result: { verdict } });
  const good: Changes = { code: "12345" };

  it("is the one whose code is nearest in length, of equals the first", () => {
    const answers = [failing("wrong", "1"), good, failing("error", "123456"), failing("timeout", "1234")];
    expect(decide(answers).matches).toEqual([{ chosen: 1, rejected: 2 }]);
  });

  it("stands beside the one that is published first, once for an instruction", () => {
    const answers = [{ code: "123456" }, failing("wrong", "x"), good, failing("wrong", "y")];
    expect(decide(answers, 2).matches).toEqual([{ chosen: 2, rejected: 1 }]);
  });

  it.each(["sandbox-error", "unsupported", "forbidden-import", "defined"] as const)(
    "is none that is %s",
    (verdict) => {
      expect(REJECTABLE).not.toContain(verdict);
      expect(decide([good, failing(verdict, "1234")]).matches).toEqual([]);
    },
  );

  it.each(REJECTABLE)("may be one that is %s", (verdict) => {
    expect(decide([good, failing(verdict, "1234")]).matches).toHaveLength(1);
  });

  it("is no code that passed under other tests", () => {
    expect(decide([good, failing("wrong", "12345\n")]).matches).toEqual([]);
    expect(decide([good, { code: "123456" }, failing("wrong", "123456")]).matches).toEqual([]);
  });

  it("stands only beside a verified answer, of its own instruction", () => {
    expect(decide([{ result: { verdict: "recorded" } }, failing("wrong", "1")]).matches).toEqual([]);
    expect(decide([good, { ...failing("wrong", "1"), group: "other" }]).matches).toEqual([]);
  });
});
