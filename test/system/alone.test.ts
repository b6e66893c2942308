// Models whose rounding depends on how many rows go together draw one text at a time, whatever is asked of them at once. On a
// GPT-2 wide enough for texts to differ by it. Runs on the compiled thread in dist.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { openBeams } from "../../src/engine/beams.js";
import type { Engine } from "../../src/engine/engine.js";
import { openEngine } from "../../src/engine/open.js";
import { convertModel } from "../../src/model/conversion.js";
import { drawn, from, request } from "../engine/asking.js";
import { writeRandomGpt2 } from "../model/random-gpt2.js";

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-alone-"));
const wide = path.join(folder, "int8-128");

beforeAll(async () => {
  const checkpoint = path.join(folder, "checkpoint");
  const shape = { vocab_size: 257, n_positions: 128, n_embd: 1_024, n_layer: 1, n_head: 8, eos_token_id: 0 };
  await writeRandomGpt2(checkpoint, { model_type: "gpt2", ...shape }, 0.1);
  await convertModel(checkpoint, wide, { dtype: "int8-128" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const prompts = ["def add(a, b):\n    return", "x = [", "import os\n", "#"];

describe("asked of one engine at once, or each of it alone", () => {
  const notices: string[] = [];
  let engine: Engine;
  let asked: Engine;
  beforeAll(async () => {
    engine = await openEngine(`local:${wide}`, { threads: 1 });
    const onNotice = (text: string): void => void notices.push(text);
    asked = await openEngine(`local:${wide}`, { threads: 1, batchSize: 8, onNotice });
  });
  afterAll(async () => {
    await engine.close();
    await asked.close();
  });

  it("texts are the same, whatever batch size is asked for", async () => {
    const requests = prompts.flatMap((prompt, n) =>
      [0, 1].map((temperature) => request(`${n} ${temperature}`, { prompt, temperature, seed: n })),
    );
    const alone = new Map<string, unknown>();
    for (const one of requests)
      for (const [key, answer] of await drawn(engine, [one])) alone.set(key, answer);
    expect(await drawn(engine, requests)).toEqual(alone);
    expect(await drawn(asked, requests)).toEqual(alone);
    expect(notices).toEqual(["a model of the dtype int8-128 draws one text at a time"]);
  });

  it.each([
    ["an even number of rows", [1, 2, 3, 4], 4],
    ["an odd number", [4], 3],
    ["rows for more than one piece of a product", [126, 127], 3],
  ])("scores are the same to the bit, of which more go together: %s", async (_, lengths, count) => {
    const pairs = lengths.flatMap((length) =>
      Array.from({ length: count }, (__, n) => ({
        key: `${length} ${n}`,
        prompt: [80 + n],
        text: Array.from({ length }, (___, at) => 90 + (((n + 1) * at) % 160)),
      })),
    );
    const alone = [];
    for (const pair of pairs) alone.push(...(await collect(engine.score(from([pair])))));
    expect(new Set(alone.map((score) => JSON.stringify(score))).size).toBe(pairs.length);
    const together = await collect(engine.score(from(pairs)));
    expect(new Set(together)).toEqual(new Set(alone));
  });
});

it("searches are the same for all prompts at once and for each alone", async () => {
  const searcher = await openBeams(wide, { threads: 1 });
  const options = { numBeams: 3, numReturn: 3, maxTokens: 10 };
  const alone = [];
  for (const prompt of prompts) alone.push(...(await searcher.search([prompt], options)));
  expect(await searcher.search(prompts, options)).toEqual(alone);
  expect(await searcher.search(prompts, { ...options, batchSize: 5 })).toEqual(alone);
  await searcher.close();
});
