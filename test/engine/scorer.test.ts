import { describe, expect, it } from "vitest";
import type { Engine, Score } from "../../src/engine/engine.js";
import { openScorer } from "../../src/engine/scorer.js";

/** Scores a text by its length; notes how many it was given at once. */
function counting(batches: number[]): Pick<Engine, "score"> {
  return {
    async *score(requests) {
      const scores: Score[] = [];
      for await (const { key, text } of requests) {
        if (text === "bad") throw new Error("no such text");
        scores.push({ key, nll: text.length, tokens: 1 });
      }
      batches.push(scores.length);
      yield* scores.reverse();
    },
  };
}

describe("scorer", () => {
  it("scores what is asked at about the same time in one batch", async () => {
    const batches: number[] = [];
    const scorer = openScorer(counting(batches));
    const scores = await Promise.all(
      ["x", "xx", "xxx"].map((text) => scorer.ask({ key: text, prompt: "", text })),
    );
    expect(scores.map((score) => "nll" in score && score.nll)).toEqual([1, 2, 3]);
    expect(batches).toEqual([3]);
    expect(await scorer.ask({ key: "later", prompt: "", text: "four" })).toMatchObject({ nll: 4 });
  });

  it("hands a failure to those of its batch and goes on", async () => {
    const scorer = openScorer(counting([]));
    const asked = ["bad", "good"].map((text) => scorer.ask({ key: text, prompt: "", text }));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await scorer.ask({ key: "next", prompt: "", text: "next" })).toMatchObject({ nll: 4 });
  });
});
