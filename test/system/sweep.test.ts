// A sweep over a model small enough to learn something in seconds: what is kept of the trials, and that a stop changes nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Interrupted } from "../../src/core/errors.js";
import { trainCausalTo } from "../../src/train/causalrun.js";
import { sweepTo, type SweepOptions, type SweepRow } from "../../src/train/sweep.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-sweep-"));
const corpus = `jsonl:${path.join(base, "files.jsonl")}`;
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(() => {
  const body = (at: number): string =>
    `def area_of_${at}(width, height):\n    return width * height * ${at}\n\n\n`;
  const rows = Array.from({ length: 60 }, (_, at) =>
    JSON.stringify({
      content: body(at).repeat(8),
      path: `f${at}.py`,
      repo_name: `made/${at % 12}`,
      license: "MIT",
    }),
  );
  writeFileSync(path.join(base, "files.jsonl"), `${rows.join("\n")}\n`);
});

const options: SweepOptions = {
  preset: "tiny",
  config: {
    resid_pdrop: 0,
    embd_pdrop: 0,
    attn_pdrop: 0,
    model_type: "gpt2",
    n_positions: 32,
    n_embd: 32,
    n_layer: 1,
    n_head: 2,
  },
  vocabSize: 300,
  context: 24,
  validation: 0.2,
  evaluateEvery: 5,
  seed: 5,
  space: { rate: { log: [1e-5, 1e-1] }, "config.n_head": [2, 5] },
  trials: 5,
  steps: 5,
  keepOneOf: 2,
};
const table = (folder: string): string => readFileSync(path.join(folder, "sweep.jsonl"), "utf8");

it("trains all a little and the better ones for longer, and a stop anywhere changes nothing", async () => {
  const calm = path.join(base, "calm");
  const { rows, best } = await sweepTo(corpus, calm, options);
  const of = (round: number): readonly SweepRow[] => rows.filter((row) => row.round === round);
  // Five heads do not divide 32 numbers: those trials are told, and go no further.
  const refused = of(1).filter(({ drawn }) => drawn["config.n_head"] === 5);
  expect(refused.length).toBeGreaterThan(0);
  for (const row of refused) expect(row).toMatchObject({ validation: null, reason: "refused" });
  expect(rows.map(({ round, steps }) => [round, steps])).toEqual([
    ...Array.from({ length: 5 }, () => [1, 5]),
    [2, 10],
    [2, 10],
    [3, 20],
  ]);
  for (const round of [1, 2]) {
    const learned = of(round).filter(({ validation }) => validation !== null);
    const losses = learned.map(({ validation }) => validation ?? 0);
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
    // The next round has the best of this one.
    const next = of(round + 1);
    const first = learned.slice(0, next.length);
    expect(new Set(next.map(({ trial }) => trial))).toEqual(new Set(first.map(({ trial }) => trial)));
  }
  expect(best).toEqual(of(3)[0]);
  expect(best.validation).toBeLessThan(of(1)[0]?.validation ?? 0);
  expect(existsSync(path.join(calm, "trials/1-1/training/metrics.jsonl"))).toBe(
    of(1).some(({ trial, validation }) => trial === 1 && validation !== null),
  );
  expect(existsSync(path.join(calm, `trials/3-${best.trial}/training/checkpoints`))).toBe(false);

  const rough = path.join(base, "rough");
  for (const place of [/round 1, trial 1 /, /round 1, trial [45] /, /round 2,/, /round 3,/]) {
    const stop = new AbortController();
    const draw = (text: string): void => {
      if (place.test(text)) stop.abort(new Interrupted("stopped"));
    };
    const stopped = sweepTo(corpus, rough, { ...options, draw, signal: stop.signal });
    await expect(stopped).rejects.toThrow(Interrupted);
  }
  await sweepTo(corpus, rough, options);
  expect(table(rough)).toBe(table(calm));
  const again = await sweepTo(corpus, calm, options);
  expect(again).toEqual({ rows, best });
  await expect(sweepTo(corpus, calm, { ...options, trials: 6 })).rejects.toThrow("holds another sweep");

  // A row is what the same training gives by itself.
  const alone = await trainCausalTo(corpus, path.join(base, "alone"), {
    ...options,
    rate: Number(best.drawn["rate"]),
    config: { ...options.config, n_head: 2 },
    steps: best.steps,
  });
  expect(alone.training).toMatchObject({ best: { step: best.bestStep, validation: best.validation } });
}, 180_000);
