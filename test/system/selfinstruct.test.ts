import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import {
  atAppearance,
  atBytes,
  bytesTaught,
  expectNothingAskedTwice,
  expectPlanted,
  finish,
  MILESTONES,
  recordFiles,
} from "./scripted-checks.js";
import { scriptedRun } from "./scripted-run.js";
import { serveModel } from "../engine/modelserver.js";
import { MODEL, serveScripted, type ScriptedServer } from "./scripted-server.js";
import { differences, run } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-scripted-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let server: ScriptedServer;
afterEach(() => server.close());

const FAULTY = { concepts: 0.2, instructions: 0.2, responses: 0.5 };

it("stores of every answer of a model what was planted in it, and retries what the server refused only", async () => {
  const SEEDS = 60;
  server = await serveScripted({ faulty: FAULTY, timeouts: 0 });
  const dir = path.join(base, "planted");
  const args = scriptedRun(dir, server.url, SEEDS, "--near-pairs", "0");
  await finish(args);
  expectPlanted(dir, server.log, SEEDS);

  const [before, asked] = [recordFiles(dir), server.log.length];
  const refused = server.log.filter(({ fate }) => fate === "refused").map(({ seed }) => seed);
  await finish([...args, "--retry-failed"]);
  const again = server.log.slice(asked).map(({ seed }) => seed);
  expect(again.sort()).toEqual(refused.sort());
  expect(differences(before, recordFiles(dir))).toEqual([]);
});

it("grows by asking for what is new only, and publishes the same bytes however many requests go at a time", async () => {
  server = await serveScripted({ faulty: FAULTY, timeouts: 0 });
  const args = (name: string, seeds: number, batch: number): string[] =>
    scriptedRun(path.join(base, name), server.url, seeds, "--batch-size", `${batch}`);
  await finish(args("grown", 12, 64));
  await finish(args("grown", 20, 4));
  const asked = server.log.map(({ seed }) => seed);
  expect(new Set(asked).size).toBe(asked.length);
  const grown = recordFiles(path.join(base, "grown"));
  for (const batch of [1, 64]) {
    await finish(args(`batch-${batch}`, 20, batch));
    expect(differences(grown, recordFiles(path.join(base, `batch-${batch}`)))).toEqual([]);
  }
  expect(server.log.length).toBe(3 * asked.length);
});

it("asks for no answer that it has, and publishes the same bytes, when killed and started again", async () => {
  const [SEEDS, KILLS] = [24, 10];
  server = await serveScripted({ faulty: FAULTY, timeouts: 0 });
  const calm = path.join(base, "calm");
  const args = (dir: string): string[] => scriptedRun(dir, server.url, SEEDS);
  await finish(args(calm));

  const next = uniforms(11, "kills");
  const [gathered, ...later] = MILESTONES;
  // A run may come to its end before all kills that were meant for it have: then another one takes the rest.
  let kills = 0;
  for (let number = 0; kills < KILLS; number++) {
    expect(number, `runs for ${kills} kills`).toBeLessThan(5);
    const rough = path.join(base, `rough-${number}`);
    const offsets = Array.from({ length: KILLS - MILESTONES.length }, () => 0.7 * next() * bytesTaught(calm));
    const instants = [
      () => atAppearance(rough, gathered, 10 * next()),
      ...offsets.sort((a, b) => a - b).map((offset) => () => atBytes(rough, offset)),
      ...later.map((file) => () => atAppearance(rough, file, 10 * next())),
    ];
    const killed = await expectNothingAskedTwice({
      server,
      dir: rough,
      args: args(rough),
      instants,
      // A power cut may also take the end of what was being written; where publishing has begun, all of it is on the disk.
      damage: ({ file, bytes }) => {
        const isWritten = existsSync(file.replace(/\.jsonl\.part$/, ".completions.jsonl"));
        if (next() < 0.5 && !isWritten) truncateSync(file, Math.max(0, bytes - Math.floor(next() * 3_000)));
      },
    });
    kills += killed.length;
    expect(differences(recordFiles(calm), recordFiles(rough))).toEqual([]);
  }
});

it("does not wait for a silent server when another stage fails", async () => {
  const silent = await serveModel({
    models: { object: "list", data: [{ id: MODEL }] },
    trouble: () => ({ silent: true }),
  });
  server = { ...silent, log: [] };
  const dir = path.join(base, "silent");
  // In the place of a file of the seeds, so that these can't be published while the first prompts are out.
  mkdirSync(path.join(dir, "seed_output/stats.json"), { recursive: true });
  const { status, stderr } = await run(...scriptedRun(dir, server.url, 4));
  expect(stderr).toContain("stats.json");
  expect(status).toBe(1);
  expect(silent.asked.length).toBeGreaterThan(0);
}, 120_000);
