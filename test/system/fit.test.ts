import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { fit } from "../../src/train/fit.js";
import { readMetrics } from "../../src/train/metrics.js";
import { toyData, toyLearner } from "../train/toy.js";
import { askPython, pythonWith } from "./python.js";

const KILLS = 12;
const root = path.resolve(import.meta.dirname, "../..");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-fit-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A file of the tests as a module that Node can start. */
function compiled(file: string): string {
  const source = readFileSync(path.join(root, "test", file), "utf8");
  const { ESNext } = ts.ModuleKind;
  const made = ts.transpileModule(source, {
    compilerOptions: { module: ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const place = path.join(base, `${path.basename(file, ".ts")}.mjs`);
  writeFileSync(place, made.outputText);
  return place;
}

const [trainer, toy] = [compiled("system/trainer.ts"), compiled("train/toy.ts")];

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(folder: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [trainer, path.join(root, "dist/train/fit.js"), toy, folder]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return { child, ended };
}

const rowsIn = async (folder: string): Promise<number> =>
  (await readMetrics(path.join(folder, "metrics.jsonl"))).at(-1)?.step ?? 0;

/** All files of a run that hold no times, with their bytes. */
function lasting(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const told = files.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
  const kept = told.filter((file) => !/^(timings|events)/.test(file));
  return Object.fromEntries(kept.map((file) => [file, readFileSync(path.join(folder, file), "base64")]));
}

const calm = path.join(base, "calm");
beforeAll(async () => {
  const { status, stderr } = await start(calm).ended;
  expect(status, stderr).toBe(0);
});

it(`ends with the same bytes when killed at ${KILLS} places and started again each time`, async () => {
  const rough = path.join(base, "rough");
  const next = uniforms(5, "kills");
  const places = Array.from({ length: KILLS }, () => Math.floor(next() * 140)).sort((a, b) => a - b);
  let killed = 0;
  for (const place of places) {
    const { child, ended } = start(rough);
    while (child.exitCode === null && (await rowsIn(rough)) < place) await setTimeout(2);
    // Somewhere in the next step, or while a checkpoint is written.
    await setTimeout(8 * next());
    child.kill("SIGKILL");
    const { status, signal, stderr } = await ended;
    if (signal === "SIGKILL") killed++;
    else expect(status, stderr).toBe(0);
  }
  const { status, stderr } = await start(rough).ended;
  expect(status, stderr).toBe(0);
  expect(killed).toBeGreaterThan(KILLS / 2);
  expect(Object.keys(lasting(calm))).toContain(
    path.join("checkpoints", "step-000150", "moments.safetensors"),
  );
  expect(lasting(rough)).toEqual(lasting(calm));
});

it("keeps what it has on Ctrl-C, says where, and goes on from there", async () => {
  const folder = path.join(base, "stopped");
  const { child, ended } = start(folder);
  while ((await rowsIn(folder)) < 20) await setTimeout(2);
  child.kill("SIGINT");
  const { status, stderr } = await ended;
  expect(status).toBe(130);
  const [, step = ""] =
    /stopped after step (\d+) of 150, which \S+ keeps: the same command goes on/.exec(stderr) ?? [];
  expect(Number(step)).toBeGreaterThanOrEqual(20);
  expect(readdirSync(path.join(folder, "checkpoints"))).toEqual([`step-${step.padStart(6, "0")}`]);
  const again = await start(folder).ended;
  expect(JSON.parse(again.stdout)).toMatchObject({ step: 150, resumedFrom: Number(step) });
  expect(lasting(folder)).toEqual(lasting(calm));
});

const python = pythonWith("tensorboard");
if (python === null) console.warn("skipped: no Python with tensorboard; set SELFALIGN_PYTHON");

it.skipIf(python === null)("is shown by TensorBoard, each step once, also after going on", async () => {
  const folder = path.join(base, "shown");
  const options = {
    folder,
    steps: 20,
    schedule: () => 0.03,
    facts: { seed: 1 },
    evaluateEvery: 5,
    checkpointEvery: 8,
  };
  const learner = toyLearner();
  let taken = 0;
  const dying: typeof learner = {
    ...learner,
    step: (...step) => (++taken === 14 ? Promise.reject(new Error("dead")) : learner.step(...step)),
  };
  await expect(fit(dying, toyData(), options)).rejects.toThrow("dead");
  const resumed = await fit(toyLearner(), toyData(), options);
  expect(resumed.resumedFrom).toBe(8);
  const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
shown = EventAccumulator(json.load(sys.stdin), size_guidance={"scalars": 0}).Reload()
print(json.dumps({tag: [[e.step, e.value] for e in shown.Scalars(tag)] for tag in shown.Tags()["scalars"]}))`;
  const shown = askPython(python ?? "", script, folder) as Record<string, [number, number][]>;
  const rows = await readMetrics(path.join(folder, "metrics.jsonl"));
  const expected = (of: (row: (typeof rows)[number]) => number | null): [number, number][] =>
    rows.flatMap((row): [number, number][] => {
      const value = of(row);
      return value === null ? [] : [[row.step, Math.fround(value)]];
    });
  expect(shown).toEqual({
    "loss/training": expected(({ loss }) => loss),
    "loss/validation": expected(({ validation }) => validation),
    "step/rate": expected(({ rate }) => rate),
    "step/norm": expected(({ norm }) => norm),
    "step/tokens": expected(({ tokens }) => tokens),
    "step/skipped": expected(({ skipped }) => skipped),
  });
  expect(shown["loss/training"]?.length).toBe(20);
});
