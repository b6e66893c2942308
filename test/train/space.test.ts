import { describe, expect, it } from "vitest";
import { drawTrial, spaceOf, withDrawn, type Space } from "../../src/train/space.js";

const space: Space = {
  rate: { log: [1e-4, 1e-2] },
  warmup: { even: [10, 20] },
  rows: [8, 16],
  "config.n_layer": [2, 4, 6],
};

describe("a space", () => {
  it("is drawn from evenly, on its own scale", () => {
    const drawn = Array.from({ length: 2_000 }, (_, trial) => drawTrial(space, 7, trial));
    const share = (of: (one: (typeof drawn)[number]) => boolean): number => drawn.filter(of).length / 2_000;
    expect(share(({ rate }) => Number(rate) < 1e-3)).toBeCloseTo(0.5, 1);
    expect(share(({ warmup }) => Number(warmup) < 12.5)).toBeCloseTo(0.25, 1);
    expect(share(({ rows }) => rows === 8)).toBeCloseTo(0.5, 1);
    for (const layers of [2, 4, 6])
      expect(share((one) => one["config.n_layer"] === layers)).toBeCloseTo(1 / 3, 1);
    expect(drawn.every(({ rate }) => Number(rate) >= 1e-4 && Number(rate) <= 1e-2)).toBe(true);
  });

  it("gives a trial the same whatever else is drawn", () => {
    const { rate } = drawTrial(space, 7, 3);
    expect(drawTrial({ rate: { log: [1e-4, 1e-2] } }, 7, 3)).toEqual({ rate });
    expect(drawTrial(space, 8, 3)["rate"]).not.toBe(rate);
  });

  it("goes into options and the model's configuration", () => {
    const options = withDrawn(
      { preset: "tiny", rate: 1 },
      { n_layer: 1, n_head: 4 },
      { rate: 2, "config.n_layer": 6 },
    );
    expect(options).toEqual({ preset: "tiny", rate: 2, config: { n_layer: 6, n_head: 4 } });
  });

  it.each([
    [[], "a space is an object"],
    [{}, "a space is an object"],
    [{ seed: [1] }, '"seed" can\'t be swept: choose from rate'],
    [{ rate: [] }, 'range of "rate" must be'],
    [{ rate: { log: [0, 1] } }, 'range of "rate" must be'],
    [{ rate: { even: [2, 1] } }, 'range of "rate" must be'],
    [{ rate: { even: [1, 2], log: [1, 2] } }, 'range of "rate" must be'],
  ])("is refused when it is %j", (value, told) => {
    expect(() => spaceOf(value)).toThrow(told);
  });
});
