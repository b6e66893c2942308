// Models whose rounding depends on how many rows go together draw one text at a time, whatever is asked of them at once. On a
// GPT-2 wide enough for its rounding to differ. Runs on the compiled thread in dist.
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
const REFUSED =
  /dtype int8-128 takes one text at a time, not 5: leave the batch size out, or convert it as int8/;

beforeAll(async () => {
  const checkpoint = path.join(folder, "checkpoint");
  const shape = { vocab_size: 257, n_positions: 128, n_embd: 1_024, n_layer: 1, n_head: 8, eos_token_id: 0 };
  await writeRandomGpt2(checkpoint, { model_type: "gpt2", ...shape }, 0.1);
  await convertModel(checkpoint, wide, { dtype: "int8-128" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const prompts = ["def add(a, b):\n    return", "x = [", "import os\n", "#"];

describe("asked of one engine at once, or each of it alone", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(`local:${wide}`, { threads: 1 });
  });
  afterAll(() => engine.close());

  it("texts are the same", async () => {
    const requests = prompts.flatMap((prompt, n) =>
      [0, 1].map((temperature) => request(`${n} ${temperature}`, { prompt, temperature, seed: n })),
    );
    const alone = new Map<string, unknown>();
    for (const one of requests)
      for (const [key, answer] of await drawn(engine, [one])) alone.set(key, answer);
    expect(await drawn(engine, requests)).toEqual(alone);
  });

  it("scores are the same to the bit", async () => {
    // These do go together. The last row of an odd number is rounded as one alone is: of a text it is the last token, after which
    // nothing is scored.
    const pairs = [1, 2, 3].flatMap((length) =>
      prompts.map((_, n) => ({
        key: `${length} ${n}`,
        prompt: [80 + n],
        text: Array.from({ length }, (__, at) => 90 + n * at),
      })),
    );
    const alone = [];
    for (const pair of pairs) alone.push(...(await collect(engine.score(from([pair])))));
    expect(new Set(alone.map((score) => JSON.stringify(score))).size).toBe(pairs.length);
    const together = await collect(engine.score(from(pairs)));
    expect(new Set(together)).toEqual(new Set(alone));
  });

  it("no more go together on demand", async () => {
    await expect(openEngine(`local:${wide}`, { batchSize: 5 })).rejects.toThrow(REFUSED);
    await (await openEngine(`local:${wide}`, { batchSize: 1 })).close();
  });
});

it("searches are the same for all prompts at once and for each alone", async () => {
  const searcher = await openBeams(wide, { threads: 1 });
  const options = { numBeams: 3, numReturn: 3, maxTokens: 10 };
  const alone = [];
  for (const prompt of prompts) alone.push(...(await searcher.search([prompt], options)));
  expect(await searcher.search(prompts, options)).toEqual(alone);
  await expect(searcher.search(prompts, { ...options, batchSize: 5 })).rejects.toThrow(REFUSED);
  await searcher.close();
});
