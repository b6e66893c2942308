import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { differences, published, run, start } from "../system/whole-run.js";

const KILLS = 100;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-accept-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const flags = (dir: string): string[] => ["run", "--output-dir", dir, "--num-samples", "60"];

it(`survives ${KILLS} kills at random instants`, async () => {
  const calm = path.join(base, "calm");
  const begun = performance.now();
  expect((await run(...flags(calm))).status).toBe(0);
  const whole = performance.now() - begun;
  const reference = published(calm);

  const next = uniforms(Date.now(), "instants");
  let [kills, finished] = [0, 0];
  while (kills < KILLS) {
    const rough = path.join(base, `rough-${finished}`);
    for (;;) {
      const { child, ended } = start(flags(rough));
      // Most kills fall into the work, some into start-up and publishing.
      const timer = setTimeout(() => child.kill("SIGKILL"), next() * Math.min(whole, 12_000));
      const { status, signal } = await ended;
      clearTimeout(timer);
      if (signal === "SIGKILL") kills++;
      else {
        expect(status).toBe(0);
        break;
      }
      if (kills >= KILLS) {
        expect((await run(...flags(rough))).status).toBe(0);
        break;
      }
    }
    finished++;
    expect(differences(reference, published(rough))).toEqual([]);
    rmSync(rough, { recursive: true, force: true });
  }
  console.log(`${kills} kills in ${finished} runs, each ended with the same bytes`);
});
