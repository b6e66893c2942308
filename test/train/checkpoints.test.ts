import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { fit, type FitOptions } from "../../src/train/fit.js";
import { toyData, toyLearner } from "./toy.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-checkpoints-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const made = path.join(base, "made");
const folder = path.join(base, "run");
const at = (...parts: string[]) => path.join(folder, ...parts);
const options: FitOptions = {
  folder,
  steps: 30,
  schedule: () => 0.02,
  facts: { seed: 1, rate: 0.02 },
  evaluateEvery: 10,
  checkpointEvery: 10,
  keep: 2,
};
const goOn = (more: Partial<FitOptions> = {}) =>
  fit(toyLearner(), toyData(), { ...options, steps: 40, ...more });

beforeAll(() => fit(toyLearner(), toyData(), { ...options, folder: made }));
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(made, folder, { recursive: true });
});

/** Changes one byte in the middle of a file. */
function spoil(file: string): void {
  const bytes = readFileSync(file);
  const middle = bytes.length - 30;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe("a training folder", () => {
  it("has files with plain names, and the last checkpoints only", () => {
    expect(readdirSync(folder).sort()).toEqual(
      [
        "best",
        "checkpoints",
        "events.out.tfevents.selfalign",
        "metrics.jsonl",
        "timings.jsonl",
        "training.json",
      ].sort(),
    );
    expect(readdirSync(at("checkpoints")).sort()).toEqual(["step-000020", "step-000030"]);
    expect(readdirSync(at("checkpoints", "step-000030")).sort()).toEqual([
      "model.safetensors",
      "moments.safetensors",
      "state.json",
    ]);
    expect(readdirSync(at("best")).sort()).toEqual(["model.safetensors", "state.json"]);
    expect(JSON.parse(readFileSync(at("best", "state.json"), "utf8"))).toMatchObject({
      step: 30,
      validation: expect.any(Number) as number,
    });
  });

  it("has the same bytes at another place and time, but for the times themselves", async () => {
    const later = path.join(base, "elsewhere");
    let time = 4e12;
    await fit(toyLearner(), toyData(), { ...options, folder: later, now: () => (time += 5_000) });
    const filesIn = (of: string): string[] =>
      readdirSync(of, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(of, path.join(entry.parentPath, entry.name)))
        .sort();
    expect(filesIn(later)).toEqual(filesIn(made));
    const differ = (file: string): boolean =>
      !readFileSync(path.join(later, file)).equals(readFileSync(path.join(made, file)));
    expect(filesIn(made).filter(differ)).toEqual(["events.out.tfevents.selfalign", "timings.jsonl"]);
  });

  it("goes on with the same facts only, and names those that differ", async () => {
    await expect(goOn({ facts: { seed: 2, rate: 0.02 } })).rejects.toThrow(
      `the training in "${folder}" was started with other options (seed was 1 and is now 2): ` +
        "repeat those, or choose another --output-dir",
    );
    await expect(goOn({ accumulation: 2 })).rejects.toThrow("accumulation was 1 and is now 2");
    await expect(goOn({ checkpointEvery: 7, keep: 1, patience: 9, maxSkipped: 3 })).resolves.toMatchObject({
      resumedFrom: 30,
      step: 40,
    });
  });

  it("is refused where others made its files", async () => {
    rmSync(at("training.json"));
    await expect(goOn()).rejects.toThrow(
      `"${folder}" has best, checkpoints, events.out.tfevents.selfalign, metrics.jsonl but no training.json`,
    );
    writeFileSync(at("training.json"), `{"format":1}`);
    await expect(goOn()).rejects.toThrow("training.json is not a training run's description");
  });

  it("is one run's at a time", async () => {
    const learner = toyLearner();
    let second: unknown = null;
    const nosy = async (): Promise<void> => {
      second ??= await goOn().catch((error: unknown) => error);
    };
    await fit({ ...learner, step: async (...step) => (await nosy(), learner.step(...step)) }, toyData(), {
      ...options,
      steps: 40,
    });
    expect(second).toBeInstanceOf(InputError);
    expect(String(second)).toContain(`run directory ${folder} is in use by process ${process.pid}`);
    await expect(goOn()).resolves.toMatchObject({ resumedFrom: 40 });
  });

  it("that can't be made is named", async () => {
    writeFileSync(path.join(base, "file"), "");
    await expect(goOn({ folder: path.join(base, "file", "run") })).rejects.toThrow(
      `output directory "${path.join(base, "file", "run")}" can't be made (ENOTDIR): choose another --output-dir`,
    );
  });
});

describe("a checkpoint", () => {
  const last = ["checkpoints", "step-000030"];
  const refusal = (problem: string): string =>
    `checkpoint "${at(...last)}" can't be used, ${problem}: restore it, or remove it to go on from checkpoints/step-000020`;

  it.each(["model.safetensors", "moments.safetensors"])(
    "with a torn %s is refused by its name",
    async (file) => {
      spoil(at(...last, file));
      await expect(goOn()).rejects.toThrow(refusal(`${file} is cut short or damaged`));
      truncateSync(at(...last, file), 100);
      await expect(goOn()).rejects.toThrow(refusal(`${file} is cut short or damaged`));
      rmSync(at(...last, file));
      await expect(goOn()).rejects.toThrow(refusal(`${file} is cut short or damaged`));
    },
  );

  it("with a torn or missing note is refused by its name", async () => {
    truncateSync(at(...last, "state.json"), 40);
    await expect(goOn()).rejects.toThrow(refusal("state.json is damaged"));
    rmSync(at(...last, "state.json"));
    await expect(goOn()).rejects.toThrow(refusal("state.json is damaged"));
  });

  it("of another run is refused by its name", async () => {
    const other = path.join(base, "other");
    await fit(toyLearner(), toyData(), { ...options, folder: other, facts: { seed: 9 } });
    rmSync(at(...last), { recursive: true });
    cpSync(path.join(other, ...last), at(...last), { recursive: true });
    await expect(goOn()).rejects.toThrow(refusal("it belongs to a run with other options or data"));
  });

  it("that was renamed is refused", async () => {
    renameSync(at(...last), at("checkpoints", "step-000099"));
    await expect(goOn()).rejects.toThrow(`step-000099" can't be used, state.json is damaged`);
  });

  it("that is removed gives way to the one before it, and the run ends the same", async () => {
    rmSync(at(...last), { recursive: true });
    expect(await fit(toyLearner(4), toyData(), options)).toMatchObject({ resumedFrom: 20, step: 30 });
    for (const file of [
      "metrics.jsonl",
      "best/model.safetensors",
      "checkpoints/step-000030/model.safetensors",
    ]) {
      expect(readFileSync(at(file)).equals(readFileSync(path.join(made, file))), file).toBe(true);
    }
  });

  it("was the only one: without it the run starts afresh", async () => {
    rmSync(at("checkpoints"), { recursive: true });
    mkdirSync(at("checkpoints", "step-000030"), { recursive: true });
    await expect(goOn()).rejects.toThrow("or remove it to start afresh");
    rmSync(at("checkpoints"), { recursive: true });
    expect(await fit(toyLearner(), toyData(), options)).toMatchObject({ resumedFrom: 0, step: 30 });
    expect(readFileSync(at("metrics.jsonl"))).toEqual(readFileSync(path.join(made, "metrics.jsonl")));
  });

  it("needs the metrics that it tells of, and the best weights", async () => {
    truncateSync(at("metrics.jsonl"), 100);
    await expect(goOn()).rejects.toThrow(
      "metrics.jsonl is missing or shorter than its run's last checkpoint left it",
    );
    rmSync(at("best"), { recursive: true });
    await expect(goOn()).rejects.toThrow(
      `"${at("best")}" is missing, damaged or another run's, though this run found its best weights at step 30`,
    );
  });

  it("forgets what came after it, also a torn end", async () => {
    writeFileSync(at("metrics.jsonl"), `{"step":31,"loss":9}\n{"step":3`, { flag: "a" });
    writeFileSync(at("events.out.tfevents.selfalign"), "torn", { flag: "a" });
    await goOn();
    const calm = path.join(base, "calm");
    await fit(toyLearner(), toyData(), { ...options, folder: calm, steps: 40 });
    expect(readFileSync(at("metrics.jsonl"), "utf8")).toBe(
      readFileSync(path.join(calm, "metrics.jsonl"), "utf8"),
    );
    expect(readFileSync(at("events.out.tfevents.selfalign")).length).toBe(
      readFileSync(path.join(calm, "events.out.tfevents.selfalign")).length,
    );
  });
});

describe("what a crash leaves between two renames", () => {
  it("is put right: the folder that lay aside is back, half-made ones are gone", async () => {
    renameSync(at("best"), at("best.old"));
    mkdirSync(at("best.tmp"));
    cpSync(at("checkpoints", "step-000030"), at("checkpoints", "step-000030.old"), { recursive: true });
    mkdirSync(at("checkpoints", "step-000040.tmp"));
    expect(await fit(toyLearner(), toyData(), options)).toMatchObject({ resumedFrom: 30 });
    expect(existsSync(at("best", "model.safetensors"))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith("best"))).toEqual(["best"]);
    expect(readdirSync(at("checkpoints")).sort()).toEqual(["step-000020", "step-000030"]);
  });
});
