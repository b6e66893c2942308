import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Interrupted } from "../../src/core/errors.js";
import { uniforms } from "../../src/core/random.js";
import { folderSource, openCheckpoint } from "../../src/onnx/safetensors.js";
import { stepsIn, type TrainingData } from "../../src/train/data.js";
import { fit, type FitOptions } from "../../src/train/fit.js";
import type { Batch, Learner } from "../../src/train/learner.js";
import { readMetrics } from "../../src/train/metrics.js";
import { toyBatch, toyData, toyLearner } from "./toy.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-fit-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let folders = 0;

/** Options of a small run in a folder of its own. */
function run(more: Partial<FitOptions> = {}): FitOptions {
  const plain = { steps: 60, schedule: () => 0.02, evaluateEvery: 20, checkpointEvery: 25 };
  return { ...plain, folder: path.join(base, `run-${folders++}`), facts: { seed: 1 }, ...more };
}

const metricsOf = ({ folder }: FitOptions) => readMetrics(path.join(folder, "metrics.jsonl"));
const bytesOf = ({ folder }: FitOptions, ...names: string[]) => readFileSync(path.join(folder, ...names));

/** A signal, and a learner that gives it while its `at`-th step is under way. */
function stoppedAt(at: number): { learner: Learner; signal: AbortSignal } {
  const [learner, controller] = [toyLearner(), new AbortController()];
  let taken = 0;
  const step: Learner["step"] = (batches, rate) => {
    if (++taken === at) controller.abort(new Interrupted("Ctrl-C"));
    return learner.step(batches, rate);
  };
  return { learner: { ...learner, step }, signal: controller.signal };
}

/** A learner whose steps of these numbers (from 1) give no finite loss, as its own rule says: nothing is changed. */
function sickAt(steps: readonly number[]): Learner {
  const learner = toyLearner();
  let taken = 0;
  return {
    ...learner,
    step: (batches, rate) =>
      steps.includes(++taken)
        ? Promise.resolve({ loss: NaN, norm: Infinity, applied: false })
        : learner.step(batches, rate),
  };
}

describe("a run", () => {
  it("makes losses fall, and tells of every step", async () => {
    const options = run({ steps: 200 });
    const result = await fit(toyLearner(), toyData(), options);
    expect(result).toMatchObject({ ended: "all-steps", step: 200, tokens: 1600, skipped: 0, resumedFrom: 0 });
    const rows = await metricsOf(options);
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: 201 }, (_, step) => step));
    const validated = rows.filter(({ validation }) => validation !== null);
    expect(validated.map(({ step }) => step)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
    expect(rows[0]).toMatchObject({ loss: null, rate: null, norm: null, tokens: 0 });
    expect(rows[0]?.validation).toBeGreaterThan(1.2);
    expect(result.best?.validation).toBeLessThan(0.95);
    expect(result.best?.validation).toBe(
      Math.min(...validated.map(({ validation }) => validation ?? Infinity)),
    );
  });

  it("takes each step at its schedule's rate, with its own batches", async () => {
    const taken: { rate: number; first: unknown }[] = [];
    const learner = toyLearner();
    const watched: Learner = {
      ...learner,
      step(batches, rate) {
        taken.push({ rate, first: batches.map((batch) => batch["x"]?.data[0]) });
        return learner.step(batches, rate);
      },
    };
    const data = toyData();
    const options = run({ steps: 3, accumulation: 2, schedule: (step) => 0.1 / (step + 1) });
    await fit(watched, data, options);
    const first = async (step: number) =>
      Promise.all([0, 1].map(async (micro) => (await data.batch(step, micro))["x"]?.data[0]));
    expect(taken).toEqual([
      { rate: 0.1, first: await first(0) },
      { rate: 0.05, first: await first(1) },
      { rate: 0.1 / 3, first: await first(2) },
    ]);
    expect((await metricsOf(options)).map(({ rate }) => rate)).toEqual([null, 0.1, 0.05, 0.1 / 3]);
    expect((await metricsOf(options)).map(({ tokens }) => tokens)).toEqual([0, 16, 32, 48]);
  });

  it("accumulates: two batches of 8 are a step of 16", async () => {
    const whole = (step: number): Batch => toyBatch(step, 16);
    const half = (step: number, micro: number): Batch => {
      const { x, y } = whole(step);
      const rows = 8;
      return {
        x: {
          type: "float32",
          dims: [rows, 6],
          data: (x?.data as Float32Array).slice(micro * rows * 6, (micro + 1) * rows * 6),
        },
        y: {
          type: "int32",
          dims: [rows],
          data: (y?.data as Int32Array).slice(micro * rows, (micro + 1) * rows),
        },
      };
    };
    const [one, two] = [run({ steps: 10 }), run({ steps: 10, accumulation: 2 })];
    await fit(toyLearner(), { ...toyData(), batch: whole }, one);
    await fit(toyLearner(), { ...toyData(), batch: half }, two);
    const [ofOne, ofTwo] = [await metricsOf(one), await metricsOf(two)];
    for (const [at, { loss, validation, tokens }] of ofOne.entries()) {
      expect(ofTwo[at]?.loss ?? 0).toBeCloseTo(loss ?? 0, 5);
      expect(ofTwo[at]?.validation ?? 0).toBeCloseTo(validation ?? 0, 5);
      expect(ofTwo[at]?.tokens).toBe(tokens);
    }
  });

  it("weighs validation batches by their targets", async () => {
    const losses = [2, 4, NaN];
    const weights = [3, 1, 0];
    let asked = 0;
    const learner: Learner = {
      ...toyLearner(),
      evaluate: () => Promise.resolve({ loss: losses[asked % 3] ?? 0, weight: weights[asked++ % 3] ?? 0 }),
    };
    const options = run({ steps: 1 });
    await fit(learner, toyData(), options);
    expect((await metricsOf(options)).map(({ validation }) => validation)).toEqual([2.5, 2.5]);
  });

  it("needs no validation, and then keeps no best weights", async () => {
    const options = run();
    const result = await fit(toyLearner(), { ...toyData(), validation: [] }, options);
    expect(result.best).toBeNull();
    expect(readdirSync(options.folder)).not.toContain("best");
    expect((await metricsOf(options))[0]?.step).toBe(1);
  });

  it("says how far it has come", async () => {
    const lines: string[] = [];
    let time = 0;
    const options = run({ draw: (line) => lines.push(line), now: () => (time += 1_000) });
    await fit(toyLearner(), toyData(), options);
    // The clock moves a second each time it is read: a step of 8 tokens takes one.
    expect(lines.filter((line) => line.includes(" 35/60 ")).at(-1)).toMatch(
      /^train \[█{6}░{4}\] 35\/60 0\.\d\/s \d+ min \d+ s left loss \d\.\d{3}, best validation \d\.\d{3}, 8 tokens\/s$/,
    );
    expect(lines.at(-1)).toMatch(/^train: 60 steps, best validation loss \d\.\d{4} after step \d+ \(/);
    await fit(toyLearner(), toyData(), { ...options, steps: 61 });
    expect(lines).toContain(`train: goes on from ${path.join(options.folder, "checkpoints", "step-000060")}`);
    await fit(toyLearner(), toyData(), { ...options, steps: 61 });
    expect(lines.at(-1)).toMatch(/^train: finished already, 61 steps, best validation loss /);
  });

  it("counts steps in epochs", () => {
    expect(stepsIn(2, 10)).toBe(20);
    expect(stepsIn(1, 10, 4)).toBe(3);
    expect(stepsIn(0.5, 9)).toBe(5);
  });
});

describe("the best weights", () => {
  it("are those of the lowest validation loss, though later ones are worse", async () => {
    const options = run({ steps: 400, schedule: () => 0.05, evaluateEvery: 10 });
    // Few rows, seen again and again: learned by heart in the end.
    const data: TrainingData = { ...toyData(), batch: (step) => toyBatch(step % 3, 8, 0.5) };
    const result = await fit(toyLearner(), data, options);
    const rows = await metricsOf(options);
    expect(rows.at(-1)?.validation).toBeGreaterThan(result.best?.validation ?? Infinity);

    const kept = await openCheckpoint(folderSource(path.join(options.folder, "best")));
    const learner = toyLearner();
    const state = await learner.state();
    const weights = new Map(state.weights);
    for (const [name, tensor] of weights) weights.set(name, { ...tensor, data: await kept.read(name) });
    await learner.load({ ...state, weights });
    let [sum, weight] = [0, 0];
    for (const batch of toyData().validation as Batch[]) {
      const each = await learner.evaluate(batch);
      sum += each.loss * each.weight;
      weight += each.weight;
    }
    expect(sum / weight).toBe(result.best?.validation);
  });

  it("end the run when none better come, and more patience takes it up again", async () => {
    const data: TrainingData = { ...toyData(), batch: (step) => toyBatch(step % 3, 8, 0.5) };
    const options = run({ steps: 400, schedule: () => 0.05, evaluateEvery: 10, patience: 3 });
    const result = await fit(toyLearner(), data, options);
    expect(result.ended).toBe("no-better");
    expect(result.step).toBe((result.best?.step ?? 0) + 30);
    const again = await fit(toyLearner(), data, { ...options, patience: 5 });
    expect(again).toMatchObject({ ended: "no-better", resumedFrom: result.step });
    expect(again.step).toBe((again.best?.step ?? 0) + 50);
  });
});

describe("steps without a finite loss", () => {
  it("are skipped and counted", async () => {
    const options = run({ steps: 6 });
    const result = await fit(sickAt([2, 3, 5]), toyData(), options);
    expect(result).toMatchObject({ step: 6, skipped: 3, skippedInARow: 0 });
    const rows = await metricsOf(options);
    expect(rows.map(({ loss }) => loss === null)).toEqual([true, false, true, true, false, true, false]);
    expect(rows.map(({ norm }) => norm === null)).toEqual([true, false, true, true, false, true, false]);
    expect(rows.map(({ skipped }) => skipped)).toEqual([0, 0, 1, 2, 2, 3, 3]);
  });

  it("end the run when too many come in a row, with what to change", async () => {
    await expect(fit(sickAt([3, 4, 5]), toyData(), run({ maxSkipped: 3 }))).rejects.toThrow(
      "steps 3 to 5 gave no finite loss or gradient and were skipped, the limit is 3: lower the learning rate " +
        "(it was 0.02) or warm it up for longer, and start again in another --output-dir",
    );
    await expect(fit(sickAt([1, 2]), toyData(), run({ maxSkipped: 2 }))).rejects.toThrow(
      "not even the first step gave one: look for damaged weights and for batches without a target",
    );
  });

  it("that are real overflows change no weight", async () => {
    const huge = toyBatch(1, 8);
    (huge["x"]?.data as Float32Array).fill(NaN);
    const learner = toyLearner();
    const before = await learner.state();
    await expect(fit(learner, { ...toyData(), batch: () => huge }, run({ maxSkipped: 4 }))).rejects.toThrow(
      "steps 1 to 4",
    );
    expect(await learner.state()).toEqual(before);
  });
});

describe("a stopped run", () => {
  it("keeps what it has and says how to go on", async () => {
    const options = run();
    const { learner, signal } = stoppedAt(13);
    const stopped = fit(learner, toyData(), { ...options, signal });
    await expect(stopped).rejects.toThrow(Interrupted);
    await expect(stopped).rejects.toThrow(
      `stopped after step 13 of 60, which ${path.join(options.folder, "checkpoints/step-000013")} keeps: ` +
        "the same command goes on from there",
    );
    const result = await fit(toyLearner(5), toyData(), options);
    expect(result).toMatchObject({ step: 60, resumedFrom: 13 });
  });

  it("that had not begun starts again", async () => {
    const signal = AbortSignal.abort();
    await expect(fit(toyLearner(), toyData(), run({ signal }))).rejects.toThrow("before the first step");
  });

  it("ends with the bits of one that never was, wherever it was stopped", async () => {
    const whole = run();
    const weights = await fit(toyLearner(), toyData(), whole);
    const last = ["checkpoints", "step-000060"];
    const next = uniforms(3, "stops");
    for (let trial = 0; trial < 8; trial++) {
      const options = run();
      let at = 0;
      while (at < 60) {
        const stop = 1 + Math.floor(next() * 25);
        const { learner, signal } = stoppedAt(stop);
        const result = await fit(learner, toyData(), { ...options, signal }).catch((error: unknown) => {
          if (error instanceof Interrupted) return null;
          throw error;
        });
        at = result === null ? at + stop : 60;
        if (result !== null) expect(result).toEqual({ ...weights, resumedFrom: result.resumedFrom });
      }
      for (const file of ["model.safetensors", "moments.safetensors"]) {
        expect(bytesOf(options, ...last, file).equals(bytesOf(whole, ...last, file))).toBe(true);
        if (file === "model.safetensors")
          expect(bytesOf(options, "best", file).equals(bytesOf(whole, "best", file))).toBe(true);
      }
      expect(bytesOf(options, "metrics.jsonl").toString()).toBe(bytesOf(whole, "metrics.jsonl").toString());
      expect(bytesOf(options, "best", "state.json")).toEqual(bytesOf(whole, "best", "state.json"));
    }
  });

  it("loses only what came after its checkpoint when its process dies", async () => {
    const [whole, options] = [run(), run()];
    await fit(toyLearner(), toyData(), whole);
    const learner = toyLearner();
    let taken = 0;
    const dying: Learner = {
      ...learner,
      step: (...step) =>
        ++taken === 42 ? Promise.reject(new Error("out of memory")) : learner.step(...step),
    };
    await expect(fit(dying, toyData(), options)).rejects.toThrow("training step 42 failed: out of memory");
    expect((await metricsOf(options)).at(-1)?.step).toBe(41);
    expect(await fit(toyLearner(9), toyData(), options)).toMatchObject({ resumedFrom: 25, step: 60 });
    expect(bytesOf(options, "metrics.jsonl").toString()).toBe(bytesOf(whole, "metrics.jsonl").toString());
  });

  it("that is finished does nothing but give its weights", async () => {
    const options = run();
    const learner = toyLearner();
    await fit(learner, toyData(), options);
    const before = bytesOf(options, "metrics.jsonl");
    const other = toyLearner(7);
    expect(await fit(other, toyData(), options)).toMatchObject({ step: 60, resumedFrom: 60 });
    expect(await other.state()).toEqual(await learner.state());
    expect(bytesOf(options, "metrics.jsonl")).toEqual(before);
  });

  it("that is finished goes on when more steps are asked for", async () => {
    const [longer, options] = [run({ steps: 80 }), run()];
    await fit(toyLearner(), toyData(), longer);
    await fit(toyLearner(), toyData(), options);
    expect(await fit(toyLearner(), toyData(), { ...options, steps: 80 })).toMatchObject({ resumedFrom: 60 });
    expect(bytesOf(options, "metrics.jsonl").toString()).toBe(bytesOf(longer, "metrics.jsonl").toString());
  });
});

describe("times", () => {
  it("are told between checkpoints, apart from the metrics", async () => {
    let time = 0;
    const options = run({ now: () => (time += 1_000) });
    await fit(toyLearner(), toyData(), options);
    const lines = bytesOf(options, "timings.jsonl").toString().trimEnd().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as Record<string, number>);
    expect(rows.map(({ from, to, tokens }) => [from, to, tokens])).toEqual([
      [0, 25, 200],
      [25, 50, 200],
      [50, 60, 80],
    ]);
    // The clock moves a second each time it is read, and a step reads it twice.
    expect(rows[0]).toMatchObject({ trainingSeconds: 25, evaluationSeconds: 2 });
    expect(bytesOf(options, "metrics.jsonl").toString()).not.toMatch(/second|time/i);
  });
});

describe("mistakes", () => {
  const fails = (more: Partial<FitOptions>, data: TrainingData = toyData()) =>
    expect(fit(toyLearner(), data, run(more))).rejects;

  it("are refused with what to do", async () => {
    await fails({ steps: 0 }).toThrow("steps 0 can't be: give a whole number above 0");
    await fails({ accumulation: 1.5 }).toThrow("accumulation 1.5 can't be");
    await fails({ keep: 0 }).toThrow("keep 0 can't be");
    await fails({ schedule: () => NaN }).toThrow("the schedule gives NaN for step 0");
    await fails({ patience: 2 }, { ...toyData(), validation: [] }).toThrow(
      "patience needs validation batches",
    );
    const once = [toyBatch(1, 4)].values();
    await fails({}, { ...toyData(), validation: once }).toThrow(
      "validation gave no batch after step 20, though it did before: give a list, or what can be read again",
    );
    const empty = { ...toyData(), validation: [toyBatch(1, 0)] };
    await fails({}, empty).toThrow("none of the 1 validation batches has a target");
  });
});
