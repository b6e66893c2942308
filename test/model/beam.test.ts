import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { beamSearch, type BeamModel, type BeamOptions, type Branch } from "../../src/model/beam.js";
import { newLanes } from "../../src/model/lanes.js";

/** Log-probabilities of every token after a text, of a model that is a hash: any text, any vocabulary. */
function likelihoods(text: readonly number[], vocabulary: number): readonly number[] {
  const next = uniforms(7, text.join());
  const logits = Array.from({ length: vocabulary }, () => 3 * next());
  const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
  return logits.map((logit) => logit - sum);
}

/** That model as a search sees it; its cache is the texts themselves, in lanes. */
function hashModel(vocabulary: number): BeamModel<readonly number[]> {
  let texts: (readonly number[])[] = [];
  let [beams, count] = [1, 1];
  let moves = newLanes(0, 1);
  const choicesOf = (text: readonly number[]) => {
    const sorted = likelihoods(text, vocabulary)
      .map((logProbability, token) => ({ token, logProbability }))
      .sort((a, b) => b.logProbability - a.logProbability)
      .slice(0, count);
    return {
      tokens: sorted.map(({ token }) => token),
      logProbabilities: sorted.map(({ logProbability }) => logProbability),
    };
  };
  return {
    begin(prompts, width, wanted) {
      [beams, count] = [width, wanted];
      moves = newLanes(prompts.length, beams);
      texts = [];
      for (const [at, prompt] of prompts.entries()) texts[at * beams] = prompt;
      return Promise.resolve(prompts.map(choicesOf));
    },
    step(branches) {
      const { blocks, lanes, places } = moves(branches);
      for (const { from, into } of blocks)
        for (let lane = 0; lane < beams; lane++)
          texts[into * beams + lane] = texts[from * beams + lane] ?? [];
      for (const { from, into } of lanes) texts[into] = texts[from] ?? [];
      for (const [at, lane] of places.entries())
        texts[lane] = [...(texts[lane] ?? []), branches[at]?.token ?? -1];
      return Promise.resolve(places.map((lane) => choicesOf(texts[lane] ?? [])));
    },
    end: () => undefined,
  };
}

const PROMPTS = [[1, 2, 3], [4], [5, 6], [3], [2, 2]];

const search = (options: BeamOptions, prompts: readonly (readonly number[])[] = PROMPTS, vocabulary = 6) =>
  beamSearch(
    hashModel(vocabulary),
    prompts.map((prompt, at) => ({ prompt, maxTokens: 4 + (at % 2) })),
    options,
  );

/** Every text of up to `limit` tokens that a model may write, each ended by a stop token or the limit. */
function allTexts(prompt: readonly number[], vocabulary: number, stop: number, limit: number) {
  const texts: { tokens: readonly number[]; length: number; logProbability: number }[] = [];
  const grow = (tokens: readonly number[], logProbability: number): void => {
    for (const [token, own] of likelihoods([...prompt, ...tokens], vocabulary).entries()) {
      const [length, sum] = [tokens.length + 1, logProbability + own];
      if (token === stop) texts.push({ tokens, length, logProbability: sum });
      else if (length === limit) texts.push({ tokens: [...tokens, token], length, logProbability: sum });
      else grow([...tokens, token], sum);
    }
  };
  grow([], 0);
  return texts;
}

describe("beam search", () => {
  it("finds the best of all texts where its beams hold all of them", async () => {
    for (const lengthPenalty of [0, 1, 2]) {
      const options = { numBeams: 5 ** 5, numReturn: 20, lengthPenalty, stopTokens: [0] };
      const found = await search({ ...options, earlyStopping: "never" }, PROMPTS.slice(0, 2), 5);
      for (const [at, texts] of found.entries()) {
        const best = allTexts(PROMPTS[at] ?? [], 5, 0, 4 + at)
          .map((text) => ({ ...text, score: text.logProbability / text.length ** lengthPenalty }))
          .sort((a, b) => b.score - a.score)
          .slice(0, 20);
        expect(texts.map(({ tokens }) => tokens)).toEqual(best.map(({ tokens }) => tokens));
        for (const [rank, { score }] of texts.entries())
          expect(score).toBeCloseTo(best[rank]?.score ?? NaN, 10);
      }
    }
  });

  it("takes the likeliest token each time with one beam", async () => {
    const found = await search({ stopTokens: [0] });
    for (const [at, [text]] of found.entries()) {
      const tokens: number[] = [];
      for (let length = 0; length < 4 + (at % 2); length++) {
        const next = likelihoods([...(PROMPTS[at] ?? []), ...tokens], 6);
        const likeliest = next.indexOf(Math.max(...next));
        if (likeliest === 0) break;
        tokens.push(likeliest);
      }
      expect(text?.tokens).toEqual(tokens);
    }
  });

  it("gives the same texts for a prompt alone and in any company", async () => {
    const options = { numBeams: 3, numReturn: 3, stopTokens: [0, 5] };
    const together = await search(options);
    for (const [at, prompt] of PROMPTS.entries()) {
      const request = [{ prompt, maxTokens: 4 + (at % 2) }];
      expect(await beamSearch(hashModel(6), request, options)).toEqual([together[at]]);
    }
  });

  it("scores every text with what the model says of it, its stop token counted", async () => {
    const found = await search({ numBeams: 4, numReturn: 4, lengthPenalty: 0.5, stopTokens: [0] });
    const finishes = new Set(found.flat().map(({ ended }) => ended));
    expect([...finishes].sort()).toEqual(["length", "stop"]);
    for (const [at, texts] of found.entries())
      for (const { tokens, ended, logProbability, score } of texts) {
        const whole = ended === "stop" ? [...tokens, 0] : tokens;
        const sum = whole.reduce(
          (total, token, place) =>
            total + (likelihoods([...(PROMPTS[at] ?? []), ...whole.slice(0, place)], 6)[token] ?? NaN),
          0,
        );
        expect(logProbability).toBeCloseTo(sum, 10);
        expect(score).toBeCloseTo(sum / Math.sqrt(whole.length), 10);
      }
  });

  it("ends a text where it is told to, and begins and ends with forced tokens", async () => {
    const ends = (tokens: readonly number[]): boolean => tokens.at(-1) === 3;
    const within = ({ tokens }: { readonly tokens: readonly number[] }): boolean =>
      tokens.slice(0, -1).includes(3);
    const options = { numBeams: 8, numReturn: 8, lengthPenalty: 0, stopTokens: [] };
    expect((await search(options)).flat().some(within)).toBe(true);
    const ended = (await search({ ...options, ends })).flat();
    expect(ended.some(({ tokens, ended }) => ends(tokens) && ended === "stop" && tokens.length < 4)).toBe(
      true,
    );
    expect(ended.some(within)).toBe(false);
    const forced = await search({ ...options, stopTokens: [2], forced: { first: 4, last: 2 } });
    expect(forced.flat().map(({ tokens, ended }) => [tokens[0], ended])).toEqual(
      forced.flat().map(() => [4, "stop"]),
    );
    const certain = await search({ ...options, stopTokens: [2], forced: { first: 4, last: 2 } }, [[1]]);
    for (const { tokens, logProbability } of certain.flat()) {
      const drawn = tokens.slice(1).map((token, at) => {
        const before = [1, ...tokens.slice(0, at + 1)];
        return likelihoods(before, 6)[token] ?? NaN;
      });
      const stopped = tokens.length === 3 ? 0 : (likelihoods([1, ...tokens], 6)[2] ?? NaN);
      expect(logProbability).toBeCloseTo(
        drawn.reduce((sum, own) => sum + own, stopped),
        10,
      );
    }
  });

  it("asks the model for no more when all prompts are done", async () => {
    let steps = 0;
    const model = hashModel(6);
    const counted = { ...model, step: (branches: readonly Branch[]) => (steps++, model.step(branches)) };
    await beamSearch(counted, [{ prompt: [1], maxTokens: 1 }], { numBeams: 2, stopTokens: [] });
    expect(steps).toBe(0);
    const stopTokens = [0, 1, 2, 3, 4, 5];
    await beamSearch(counted, [{ prompt: [1], maxTokens: 50 }], { numBeams: 2, stopTokens });
    expect(steps).toBe(0);
  });
});

describe("lanes", () => {
  it("never copy from what another copy writes, and leave no gap where prompts are done", () => {
    const next = uniforms(3, "lanes");
    const draw = (below: number): number => Math.floor(next() * below);
    for (let round = 0; round < 200; round++) {
      const beams = 1 + draw(4);
      let prompts = Array.from({ length: 1 + draw(5) }, (_, prompt) => prompt);
      const moves = newLanes(prompts.length, beams);
      let parents: readonly (readonly number[])[] = prompts.map((prompt) => [prompt]);
      for (let step = 0; step < 6 && prompts.length > 0; step++) {
        const kept = prompts.map((prompt, at) => ({ prompt, at })).filter(() => draw(5) > 0);
        const branches = kept.flatMap(({ prompt, at }) => {
          const own = parents[at] ?? [];
          const parent = (): number => own[draw(own.length)] ?? 0;
          return Array.from({ length: 1 + draw(beams) }, () => ({ prompt, parent: parent(), token: 0 }));
        });
        const made = moves(branches);
        const written = new Set(made.lanes.map(({ into }) => into));
        expect(made.lanes.filter(({ from }) => written.has(from))).toEqual([]);
        expect([...made.prompts].sort()).toEqual(kept.map(({ prompt }) => prompt).sort());
        expect(new Set(made.places).size).toBe(branches.length);
        for (const [at, { prompt }] of branches.entries())
          expect(made.prompts[Math.floor((made.places[at] ?? 0) / beams)]).toBe(prompt);
        prompts = kept.map(({ prompt }) => prompt);
        let row = 0;
        parents = prompts.map((prompt) =>
          branches.filter((branch) => branch.prompt === prompt).map(() => row++),
        );
      }
    }
  });
});
