// A long generation that is stopped again and again: nothing lost, nothing twice, and the process stays free meanwhile.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Interrupted } from "../../src/core/errors.js";
import { generateTo, type GeneratedRow } from "../../src/engine/generate.js";
import { convertModel } from "../../src/model/conversion.js";
import { writeRandomModel } from "../model/random-model.js";

const PROMPTS = 1_500;
const LONGEST_DELAY_MS = 50;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-generate-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name);

beforeAll(async () => {
  await writeRandomModel(at("tiny"));
  await convertModel(at("tiny"), at("int8"));
  const lines = Array.from({ length: PROMPTS }, (_, id) =>
    JSON.stringify({ id, prompt: `def f_${id}(${"a, ".repeat(id % 20)}):`, n: 2 }),
  );
  writeFileSync(at("prompts.jsonl"), `${lines.join("\n")}\n`);
});

it("is the same as one that nobody stopped, and never holds the event loop", async () => {
  const options = { maxTokens: 100, batchSize: 32 };
  const model = `starcoder2:${at("int8")}`;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await generateTo(model, at("prompts.jsonl"), at("calm.jsonl"), options);
  delay.disable();
  let stops = 0;
  for (let finished = false; !finished; stops++) {
    const stop = AbortSignal.timeout(3_000 + 500 * stops);
    finished = await generateTo(model, at("prompts.jsonl"), at("stopped.jsonl"), {
      ...options,
      signal: stop,
    }).then(
      () => true,
      (error: unknown) => {
        expect(stop.aborted, String(error)).toBe(true);
        expect(error instanceof Interrupted || error === stop.reason).toBe(true);
        return false;
      },
    );
  }
  const longest = delay.max / 1e6;
  console.log(`${stops - 1} stops; the event loop's longest delay was ${longest.toFixed(1)} ms`);
  expect(stops).toBeGreaterThan(2);
  const text = readFileSync(at("stopped.jsonl"), "utf8");
  expect(text).toBe(readFileSync(at("calm.jsonl"), "utf8"));
  const rows = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as GeneratedRow);
  expect(new Set(rows.map(({ id, index }) => `${id}.${index}`)).size).toBe(2 * PROMPTS);
  expect(longest).toBeLessThan(LONGEST_DELAY_MS);
}, 600_000);
