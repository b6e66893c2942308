// Our T5 and BART against transformers' `generate`, on the checkpoints of test/fixtures/seq2seq. Runs on the compiled thread in
// dist.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beamSearch } from "../../src/model/beam.js";
import { seq2seqBeams } from "../../src/seq2seq/beams.js";
import { openModel, type OpenedModel } from "../../src/seq2seq/folder.js";
import { beamOptions, readBeams, type BeamGolden } from "./beamgoldens.js";

const NAMES = ["t5-relu", "t5-gated", "t5-silu", "bart", "bart-scaled"] as const;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-seq2seq-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name);
const fixture = (name: string): string => path.resolve(import.meta.dirname, "../fixtures/seq2seq", name);

function search(
  model: OpenedModel,
  { stops }: BeamGolden,
  prompts: BeamGolden["prompts"],
  { options, forced }: Pick<BeamGolden["cases"][number], "options" | "forced">,
) {
  const maxTokens = options.max_new_tokens;
  const requests = prompts.map((prompt) => ({ prompt, maxTokens }));
  const how = { ...beamOptions(options, stops), ...(forced === undefined ? {} : { forced }) };
  return beamSearch(seq2seqBeams(model, { maxTokens }), requests, how);
}

describe.each(NAMES)("%s", (name) => {
  const golden = readBeams(fixture(name));
  let model: OpenedModel;
  beforeAll(async () => {
    model = await openModel(fixture(name), { cache: at(name), threads: 1 });
  });
  afterAll(() => model.close());

  it.each(golden.cases)("writes transformers' texts: $options $forced", async (wanted) => {
    const together = await search(model, golden, golden.prompts, wanted);
    for (const [prompt, expected] of wanted.texts.entries()) {
      const found = together[prompt] ?? [];
      expect(found.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
      expect(found.map(({ ended }) => ended)).toEqual(expected.map(({ ended }) => ended));
      for (const [rank, { score }] of expected.entries())
        if (score !== null) expect(Math.abs((found[rank]?.score ?? NaN) / score - 1)).toBeLessThan(1e-5);
    }
    const alone = await search(model, golden, golden.prompts.slice(2, 3), wanted);
    expect(alone[0]?.map(({ tokens }) => tokens)).toEqual(together[2]?.map(({ tokens }) => tokens));
  });

  it("is near that with eight-bit matrices", async () => {
    const small = await openModel(fixture(name), { cache: at(`${name}-int8`), dtype: "int8", threads: 1 });
    const options = { num_beams: 1, max_new_tokens: 1 };
    const [exact, near] = [
      await search(model, golden, golden.prompts, { options }),
      await search(small, golden, golden.prompts, { options }),
    ];
    await small.close();
    const distances = exact.map(([text], prompt) =>
      Math.abs((text?.logProbability ?? NaN) - (near[prompt]?.[0]?.logProbability ?? NaN)),
    );
    // Not the same to the bit: that would be the wrong matrices. Random weights are far from each other's neighbours: 0.3
    // at worst as measured.
    expect(Math.max(...distances)).toBeGreaterThan(1e-6);
    expect(distances.reduce((sum, distance) => sum + distance, 0) / distances.length).toBeLessThan(0.5);
    const same = exact.filter(([text], at) => text?.tokens[0] === near[at]?.[0]?.tokens[0]);
    expect(same.length).toBeGreaterThan(exact.length / 2);
  });
});

describe("a folder", () => {
  it("is made ready once, and anew where its checkpoint changes", async () => {
    cpSync(fixture("t5-relu"), at("checkpoint"), { recursive: true });
    const open = async (): Promise<string> => {
      const model = await openModel(at("checkpoint"), { threads: 1 });
      await model.close();
      return model.identity;
    };
    const first = await open();
    const graph = at("checkpoint/.onnx-fp32/decoder.onnx");
    const { mtimeMs } = statSync(graph);
    expect(await open()).toBe(first);
    expect(statSync(graph).mtimeMs).toBe(mtimeMs);
    expect(existsSync(at("checkpoint/.onnx-fp32/weights.data.steps"))).toBe(false);
    cpSync(fixture("t5-silu/model.safetensors"), at("checkpoint/model.safetensors"));
    cpSync(fixture("t5-silu/config.json"), at("checkpoint/config.json"));
    const second = await open();
    expect(second).not.toBe(first);
    const golden = readBeams(fixture("t5-silu"));
    const model = await openModel(at("checkpoint"), { threads: 1 });
    const [wanted] = golden.cases;
    if (wanted === undefined) throw new Error("no cases");
    const found = await search(model, golden, golden.prompts, wanted);
    await model.close();
    expect(found.map(([text]) => text?.tokens)).toEqual(wanted.texts.map(([text]) => text?.tokens));
  });

  it("that holds no such model, or one that we do not compute, is refused with a reason", async () => {
    await expect(openModel(at("."))).rejects.toThrow(/has no config\.json: name a T5 or BART/);
    await expect(openModel(path.resolve(fixture("t5-relu"), "../../gpt2/tiny"))).rejects.toThrow(
      /model_type is "gpt2"; encoder-decoders are "t5" and "bart"/,
    );
    const changed = async (name: string, changes: object): Promise<string> => {
      cpSync(fixture("t5-relu"), at(name), { recursive: true });
      const file = at(`${name}/config.json`);
      const config = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...config, ...changes }));
      return openModel(at(name)).then(
        () => "opened",
        (error: unknown) => (error instanceof Error ? error.message : ""),
      );
    };
    expect(await changed("narrow", { d_kv: 12 })).toMatch(/heads are 12 wide.*multiples of 8/);
    expect(await changed("wider", { d_ff: 99 })).toMatch(
      /wi\.weight" is \[48, 32\]; its config\.json asks for/,
    );
    expect(await changed("deeper", { num_layers: 5 })).toMatch(/has no tensor "encoder\.block\.2/);
    await expect(openModel(fixture("t5-relu"), { dtype: "fp16" as "fp32" })).rejects.toThrow(
      /dtype "fp16" does not exist: choose fp32, int8/,
    );
  });
});
