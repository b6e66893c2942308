import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { STEPS } from "../../src/instruct/stage.js";
import {
  after,
  atAppearance,
  expectNothingAskedTwice,
  expectPlanted,
  finish,
  MILESTONES,
  recordFiles,
} from "../system/scripted-checks.js";
import { FAULTS } from "../system/scripted-model.js";
import { counted, planted, scriptedRun } from "../system/scripted-run.js";
import { serveScripted, type ScriptedServer } from "../system/scripted-server.js";
import { differences } from "../system/whole-run.js";

const SEEDS = 300;
const KILLS = 50;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-scripted-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let server: ScriptedServer;
afterEach(() => server.close());

it(`stores of ${SEEDS} seeds what was planted, every known fault among it`, async () => {
  server = await serveScripted({
    faulty: { concepts: 0.3, instructions: 0.3, responses: 0.5 },
    timeouts: 0.3,
  });
  const dir = path.join(base, "planted");
  await finish(scriptedRun(dir, server.url, SEEDS, "--near-pairs", "0"));
  expectPlanted(dir, server.log, SEEDS);
  for (const step of STEPS) {
    const counts = counted(planted(server.log, step).values());
    expect(Object.keys(counts)).toEqual(["good", ...FAULTS[step]].sort());
    console.log(step, counts);
  }
});

it(`asks for no answer that it has when killed ${KILLS} times, and ends with the same bytes`, async () => {
  server = await serveScripted({
    faulty: { concepts: 0.3, instructions: 0.3, responses: 0.3 },
    timeouts: 0,
  });
  const calm = path.join(base, "calm");
  const begun = performance.now();
  await finish(scriptedRun(calm, server.url, SEEDS));
  const whole = performance.now() - begun;

  const next = uniforms(Date.now(), "instants");
  let [kills, runs] = [0, 0];
  while (kills < KILLS) {
    const dir = path.join(base, `rough-${runs++}`);
    const killed = await expectNothingAskedTwice({
      server,
      dir,
      args: scriptedRun(dir, server.url, SEEDS),
      instants: Array.from({ length: KILLS - kills }, () => () => {
        const milestone = MILESTONES[Math.floor(next() * MILESTONES.length)] ?? MILESTONES[0];
        return next() < 0.2
          ? atAppearance(dir, milestone, 30 * next())
          : after(next() * Math.min(whole, 12_000));
      }),
    });
    kills += killed.length;
    expect(differences(recordFiles(calm), recordFiles(dir))).toEqual([]);
    rmSync(dir, { recursive: true, force: true });
  }
  console.log(`${kills} kills in ${runs} runs, ${server.log.length} requests`);
});
