import { expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { denoisingPairs, infilled, MASK, passagesOf } from "../../src/rewrite/denoise.js";

const words = (count: number): string => Array.from({ length: count }, (_, at) => `w${at}`).join(" ");

/** The passage that the noisy one came from matches it, where each mask stands for any words, also none. */
function matches(noisy: string, passage: string): boolean {
  const parts = noisy.split(" ").map((word) => (word === MASK ? "(?: w\\d+)*" : ` ${word}`));
  return new RegExp(`^${parts.join("")}$`).test(` ${passage}`);
}

it("takes paragraphs of six words and more, cut to 32, on one line", () => {
  const text = `def f(a,\n      b):\n    return a\n\n${words(70)}\n  \ntoo short\n`;
  expect(passagesOf(text)).toEqual([
    words(32),
    words(70).split(" ").slice(32, 64).join(" "),
    words(70).split(" ").slice(64).join(" "),
  ]);
  expect(passagesOf(text.replace("return a", "return a + b"))[0]).toBe("def f(a, b): return a + b");
});

it("masks three words of ten, in spans that don't touch", () => {
  let spans = 0;
  let hidden = 0;
  const ROUNDS = 400;
  for (let seed = 0; seed < ROUNDS; seed++) {
    const noisy = infilled(words(30), uniforms(seed, "test"));
    expect(matches(noisy, words(30)), noisy).toBe(true);
    expect(noisy).not.toContain(`${MASK} ${MASK}`);
    spans += noisy.split(MASK).length - 1;
    hidden += 30 - noisy.split(" ").filter((word) => word !== MASK).length;
  }
  // The last span is cut to what is left of the nine, so that spans are a little shorter than three.
  expect(hidden / ROUNDS).toBeGreaterThan(8.9);
  expect(hidden / ROUNDS).toBeLessThanOrEqual(9);
  expect(spans / ROUNDS).toBeGreaterThan(3);
  expect(spans / ROUNDS).toBeLessThan(5);
});

it("leaves a passage that comes again out, and files wholly on one side", async () => {
  const files = Array.from({ length: 60 }, (_, at) => ({
    key: `k${at}`,
    path: `p${at}.py`,
    text: `${words(8)}\n\nalone ${at} and so five words`,
  }));
  const corpus = {
    // eslint-disable-next-line @typescript-eslint/require-await -- a corpus is read in its own time
    files: async function* () {
      for (const file of files) yield { file: { repository: "", licence: null, ...file } } as never;
    },
  };
  const { training, validation } = await denoisingPairs(corpus, { validation: 0.3, seed: 1 });
  const all = [...training, ...validation].map(({ target }) => target);
  expect(all.filter((target) => target === words(8))).toHaveLength(1);
  expect(new Set(all).size).toBe(61);
  expect(validation.length).toBeGreaterThan(5);
  expect(await denoisingPairs(corpus, { validation: 0.3, seed: 1 })).toEqual({ training, validation });
});
