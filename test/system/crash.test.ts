import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { bytesWritten, differences, journals, published, run, start } from "./whole-run.js";

const KILLS = 20;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-crash-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const flags = (dir: string): string[] => ["run", "--output-dir", dir, "--num-samples", "12"];

it(`publishes the same bytes when killed at ${KILLS} places and resumed each time`, async () => {
  const [calm, rough] = [path.join(base, "calm"), path.join(base, "rough")];
  expect((await run(...flags(calm))).status).toBe(0);
  const total = bytesWritten(calm);

  const next = uniforms(7, "kills");
  const offsets = Array.from({ length: KILLS }, () => Math.floor(next() * total)).sort((a, b) => a - b);
  let killed = 0;
  for (const offset of offsets) {
    const { child, ended } = start(flags(rough));
    const watch = setInterval(() => {
      if (bytesWritten(rough) >= offset) child.kill("SIGKILL");
    }, 2);
    const { signal } = await ended;
    clearInterval(watch);
    if (signal === "SIGKILL") killed++;
    // A power cut may also take the end of what was being written: up to two rows of one journal.
    for (const { file, bytes } of journals(rough)) {
      if (next() < 0.5) truncateSync(file, Math.max(0, bytes - Math.floor(next() * 3_000)));
    }
  }
  const last = await run(...flags(rough));
  expect(last.status, last.stderr).toBe(0);
  expect(killed).toBeGreaterThan(KILLS / 2);
  expect(differences(published(calm), published(rough))).toEqual([]);
});
