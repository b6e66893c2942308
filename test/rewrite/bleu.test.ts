import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { conalaTokens, rewriteScore } from "../../src/rewrite/bleu.js";

interface Case {
  readonly name: string;
  readonly answers: readonly string[];
  readonly references: readonly string[];
  readonly tokens: readonly (readonly string[])[];
  readonly precisions: readonly number[];
  /** Times 100. */
  readonly bleu: number;
  readonly exact: number;
}

// Made by scripts/golden/bleu.py.
const file = path.resolve(import.meta.dirname, "../fixtures/rewrite/bleu.json");
const cases = JSON.parse(readFileSync(file, "utf8")) as Case[];

describe("CoNaLa's figures", () => {
  it("has the twenty worked cases, of which some are right, some wrong and some in between", () => {
    expect(cases).toHaveLength(20);
    expect(cases.filter(({ bleu }) => bleu === 0).length).toBeGreaterThan(2);
    expect(cases.filter(({ bleu }) => bleu > 0 && bleu < 99).length).toBeGreaterThan(8);
  });

  it.each(cases)("are the worked ones: $name", ({ answers, references, tokens, precisions, bleu, exact }) => {
    expect(answers.map(conalaTokens)).toEqual(tokens);
    const score = rewriteScore(answers, references);
    expect(score.precisions).toEqual(precisions.map((share) => expect.closeTo(share, 12) as unknown));
    expect(100 * score.bleu).toBeCloseTo(bleu, 10);
    expect(score.exact).toBeCloseTo(exact, 12);
  });

  it("of one case worked out by hand", () => {
    // 5 of 6 tokens, 3 of 5 pairs, 2 of 4 triples, 1 of 3 fours; as long as the reference.
    const { bleu, brevityPenalty } = rewriteScore(["a b c d x f"], ["a b c d e f"]);
    expect(brevityPenalty).toBe(1);
    expect(bleu).toBeCloseTo(((5 / 6) * (3 / 5) * (2 / 4) * (1 / 3)) ** 0.25, 12);
  });

  it("are 0 of nothing", () => {
    expect(rewriteScore([], [])).toMatchObject({ bleu: 0, exact: 0, length: 0 });
  });

  it("takes white space as Python does, where JavaScript differs", () => {
    expect(conalaTokens("a\x1fb\x85c\u2003d")).toEqual(["a", "b", "c", "d"]);
    expect(conalaTokens("a\ufeffb")).toEqual(["a", "\ufeff", "b"]);
  });
});
