// Beam search with our GPT-2 and StarCoder2 against transformers' `generate`, on the checkpoints of test/fixtures. Runs on the
// compiled thread in dist.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBeams, type BeamSearcher } from "../../src/engine/beams.js";
import { beamSearch } from "../../src/model/beam.js";
import { causalBeams } from "../../src/model/causalbeam.js";
import { convert, GRAPHS } from "../../src/model/convert.js";
import type { Decoding } from "../../src/model/run.js";
import { folderSource } from "../../src/onnx/safetensors.js";
import { openSession } from "../../src/onnx/session.js";
import { convertAndOpen, type Opened } from "./goldens.js";
import { beamOptions, readBeams, type BeamGolden } from "./beamgoldens.js";

const NAMES = ["gpt2/tiny", "gpt2/odd", "starcoder2/sliding"] as const;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-beams-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name.replace("/", "-"));
const fixture = (name: string): string => path.resolve(import.meta.dirname, "../fixtures", name);

describe.each(NAMES)("beams of %s", (name) => {
  const golden: BeamGolden = readBeams(fixture(name));
  let opened: Opened;
  let decoding: Decoding;
  beforeAll(async () => {
    opened = await convertAndOpen(fixture(name), at(name), "fp32");
    const session = await openSession(path.join(at(name), GRAPHS.choose), { threads: 1 });
    decoding = { ...opened, session };
  });
  afterAll(async () => {
    await decoding.session.close();
    await opened.close();
  });

  const search = (prompts: BeamGolden["prompts"], given: BeamGolden["cases"][number]["options"]) => {
    const maxTokens = given.max_new_tokens;
    const requests = prompts.map((prompt) => ({ prompt, maxTokens }));
    return beamSearch(causalBeams(decoding, { maxTokens }), requests, beamOptions(given, golden.stops));
  };

  it.each(golden.cases)("are transformers': $options", async ({ options, texts }) => {
    const together = await search(golden.prompts, options);
    for (const [prompt, expected] of texts.entries()) {
      const found = together[prompt] ?? [];
      expect(found.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
      expect(found.map(({ ended }) => ended)).toEqual(expected.map(({ ended }) => ended));
      for (const [rank, { score }] of expected.entries())
        if (score !== null) expect(Math.abs((found[rank]?.score ?? NaN) / score - 1)).toBeLessThan(1e-5);
      const alone = await search([golden.prompts[prompt] ?? []], options);
      expect(alone[0]?.map(({ tokens }) => tokens)).toEqual(found.map(({ tokens }) => tokens));
    }
  });

  it("have the scores that a whole pass over each text gives", async () => {
    const options = { num_beams: 6, num_return_sequences: 6, max_new_tokens: 16, length_penalty: 0.7 };
    for (const [prompt, texts] of (await search(golden.prompts, options)).entries()) {
      const ids = golden.prompts[prompt] ?? [];
      for (const { tokens, ended, score } of texts) {
        const all = await opened.logProbabilities([...ids, ...tokens]);
        const after = (place: number) => all[ids.length - 1 + place] ?? new Float32Array();
        const own = tokens.map((token, place) => after(place)[token] ?? NaN);
        const end = after(tokens.length);
        // What a text stopped with is not told: it is one of the stop tokens.
        const ends = ended === "stop" ? golden.stops.map((stop) => [end[stop] ?? NaN]) : [[]];
        const scores = ends.map((last) => {
          const whole = [...own, ...last];
          return whole.reduce((sum, value) => sum + value, 0) / whole.length ** 0.7;
        });
        expect(Math.min(...scores.map((other) => Math.abs(other - score)))).toBeLessThan(1e-4);
      }
    }
  });
});

describe("a converted folder", () => {
  const prompts = readBeams(fixture("gpt2/tiny")).prompts;
  const searched = async (searcher: BeamSearcher) => {
    const found = await searcher.search(prompts, { numBeams: 3, numReturn: 2, maxTokens: 10 });
    await searcher.close();
    return found;
  };

  it.each(["int8", "fp16"] as const)("is searched as %s, whatever goes together", async (dtype) => {
    const folder = at(`folder-${dtype}`);
    await convert(folderSource(fixture("gpt2/tiny")), folder, { dtype, draw: () => undefined });
    const searcher = await openBeams(`local:${folder}`, { threads: 1 });
    const options = { numBeams: 3, numReturn: 3, maxTokens: 10 };
    const together = await searcher.search(prompts, options);
    const apart = await searcher.search(prompts, { ...options, batchSize: 1 });
    if (dtype === "int8") expect(apart).toEqual(together);
    expect(together.map((texts) => texts.length)).toEqual(prompts.map(() => 3));
    for (const texts of together) {
      const scores = texts.map(({ score }) => score);
      expect([...scores].sort((a, b) => b - a)).toEqual(scores);
      expect(new Set(texts.map(({ tokens }) => tokens.join())).size).toBe(3);
    }
    await searcher.close();
  });

  it("of an earlier version gets its graph when it is searched first", async () => {
    const folder = at("earlier");
    await convert(folderSource(fixture("gpt2/tiny")), folder, { dtype: "fp32", draw: () => undefined });
    const graph = path.join(folder, GRAPHS.choose);
    const bytes = readFileSync(graph);
    const before = await searched(await openBeams(folder, { threads: 1 }));
    rmSync(graph);
    expect(await searched(await openBeams(folder, { threads: 1 }))).toEqual(before);
    expect(readFileSync(graph).equals(bytes)).toBe(true);
  });

  it("refuses what it can't do, with a reason", async () => {
    const folder = at("refusing");
    await convert(folderSource(fixture("gpt2/tiny")), folder, { dtype: "fp32", draw: () => undefined });
    await expect(openBeams("openai:gpt")).rejects.toThrow(/"openai:gpt" can't be searched with beams/);
    const searcher = await openBeams(folder, { threads: 1 });
    const refused = (prompt: readonly number[], options = {}) =>
      expect(searcher.search([prompt], options)).rejects;
    await refused([1], { numReturn: 2 }).toThrow(/2 texts are wanted of 1 beams/);
    await refused([1], { numBeams: 0 }).toThrow(/numBeams must be a whole number from 1, not "0"/);
    await refused([96]).toThrow(/96 is no token of the model, which has 96/);
    await refused(Array.from({ length: 64 }, () => 1)).toThrow(/64 tokens, and the model 64 positions/);
    await refused([1], { stop: ["x"] }).toThrow(/no tokenizer\.json/);
    await searcher.close();
    const cuda = at("cuda");
    await convert(folderSource(fixture("gpt2/tiny")), cuda, { device: "cuda", draw: () => undefined });
    await expect(openBeams(cuda)).rejects.toThrow(/converted for cuda/);
  });
});
