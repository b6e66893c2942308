// BLEU beside sacrebleu (https://github.com/mjpost/sacrebleu) on texts that are cut into tokens already, without smoothing: there
// both follow the same definition.
import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { conalaTokens, rewriteScore } from "../../src/rewrite/bleu.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("sacrebleu");
if (python === null) console.warn("skipped: no Python with sacrebleu; set SELFALIGN_PYTHON");

const WORDS = ["sort", "list", "`rows`", "by", "keyName", "'x'", "max_len", "in", "of", "f(x)", "größe", "0"];

/** Corpora of references and of answers that are made from them by dropping, doubling and swapping words. */
function corpora(): { answers: string[]; references: string[] }[] {
  return Array.from({ length: 60 }, (_, n) => {
    const next = uniforms(0, `corpus ${n}`);
    const word = (): string => WORDS[Math.floor(next() * WORDS.length)] ?? "";
    const references = Array.from({ length: 1 + (n % 5) }, () =>
      Array.from({ length: 1 + Math.floor(next() * 14) }, word),
    );
    const answers = references.map((words) =>
      words.flatMap((kept) => {
        const chance = next();
        if (chance < 0.1) return [];
        return chance < 0.2 ? [kept, word()] : chance < 0.3 ? [word()] : [kept];
      }),
    );
    const joined = (lists: string[][]): string[] => lists.map((words) => words.join(" "));
    return { answers: joined(answers), references: joined(references) };
  });
}

describe.runIf(python !== null)("BLEU", () => {
  it("is sacrebleu's on the same tokens", () => {
    const all = corpora();
    const cut = (texts: readonly string[]): string[] => texts.map((text) => conalaTokens(text).join(" "));
    const script = `
import json, sys
from sacrebleu.metrics import BLEU
bleu = BLEU(tokenize="none", smooth_method="none", force=True)
scores = [bleu.corpus_score(answers, [references]) for answers, references in json.load(sys.stdin)]
print(json.dumps([[s.score, s.bp, s.sys_len, s.ref_len] for s in scores]))`;
    const input = all.map(({ answers, references }) => [cut(answers), cut(references)]);
    const theirs = askPython(python ?? "", script, input) as [number, number, number, number][];
    let some = 0;
    for (const [at, { answers, references }] of all.entries()) {
      const { bleu, brevityPenalty, length, referenceLength } = rewriteScore(answers, references);
      const [score, penalty, ...lengths] = theirs[at] ?? [];
      expect([length, referenceLength]).toEqual(lengths);
      expect(100 * bleu).toBeCloseTo(score ?? NaN, 8);
      if (length > 0) expect(brevityPenalty).toBeCloseTo(penalty ?? NaN, 10);
      if (bleu > 0) some++;
    }
    expect(some).toBeGreaterThan(20);
  });
});
