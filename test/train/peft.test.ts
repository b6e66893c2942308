// A model's folder, adapters beside it, and the two merged, with files of ours; test/system/peft.test.ts has PEFT's.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderSource, openCheckpoint } from "../../src/onnx/safetensors.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { openBase } from "../../src/train/base.js";
import { adaptersOf, merged, type Lora } from "../../src/train/lora.js";
import { mergeAdaptersTo } from "../../src/train/merge.js";
import { readAdapters, saveAdapters } from "../../src/train/peft.js";
import { openPretrained } from "../../src/train/pretrained.js";
import { readWeights } from "./weights.js";
import { drawn } from "../grad/differences.js";
import { goldenOf, unpacked } from "./golden.js";

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-peft-"));
const at = (name: string): string => path.join(folder, name);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const OPTIONS: Lora = { rank: 2, alpha: 5, dropout: 0.1, targets: ["c_attn"] };
const golden = goldenOf("gpt2");
const tensors = Object.entries(golden.weights).map(([name, packed]) => ({
  name,
  shape: packed.dims,
  values: unpacked(packed),
}));

async function writeModel(name: string, given: typeof tensors): Promise<string> {
  await mkdir(at(name));
  // A cast because the fixture's configuration is an object.
  const config = JSON.stringify({ ...(golden.config as object), torch_dtype: "bfloat16", attn_pdrop: 0.5 });
  writeFileSync(path.join(at(name), "config.json"), config.replace(":0.5", ":0.10"));
  writeFileSync(path.join(at(name), "tokenizer.json"), "{}");
  await writeSafetensors(path.join(at(name), "model.safetensors"), given);
  return at(name);
}

beforeAll(async () => {
  const base = await openBase(await writeModel("base", tensors));
  const learned = adaptersOf(base.parameters, OPTIONS)
    .flatMap(({ a, b }) => [a, b])
    .map(({ name, dims }) => ({ name, shape: dims, values: Float32Array.from(drawn(name, dims)) }));
  await writeSafetensors(at("learned.safetensors"), learned);
  await saveAdapters(at("adapters"), base, OPTIONS, at("learned.safetensors"));
});

it("adapters come back as they were saved", async () => {
  const base = await openBase(at("base"));
  const { options, learned } = await readAdapters(at("adapters"), base.parameters);
  expect(options).toEqual(OPTIONS);
  const name = "base_model.model.transformer.h.1.attn.c_attn.lora_B.weight";
  expect(learned.get(name)?.data).toEqual(Float32Array.from(drawn(name, [48, 2])));
  expect(learned.size).toBe(4);
});

it("a merge that is stopped leaves nothing", async () => {
  const stop = new AbortController();
  const draw = (): void => stop.abort();
  await expect(
    mergeAdaptersTo(at("base"), at("adapters"), at("stopped"), { draw, signal: stop.signal }),
  ).rejects.toThrow("stopped; the merged model is not finished");
  expect(existsSync(at("stopped"))).toBe(false);
});

it("a merged model has the base's weights but for the adapted ones, and its other files", async () => {
  const base = await openBase(at("base"));
  const { learned } = await readAdapters(at("adapters"), base.parameters);
  const lines: string[] = [];
  const options = { draw: (line: string) => void lines.push(line) };
  expect(await mergeAdaptersTo(at("base"), at("adapters"), at("merged"), options)).toEqual({
    merged: 2,
    parameters: tensors.reduce((sum, { values }) => sum + values.length, 0),
  });
  expect(lines.at(-1)).toMatch(/^weights \(MB\): \d+ written/);
  const made = await openCheckpoint(folderSource(at("merged")));
  expect([...made.names].sort()).toEqual(tensors.map(({ name }) => name).sort());
  const adapters = new Map(adaptersOf(base.parameters, OPTIONS).map((one) => [one.weight.name, one]));
  for (const { name, values } of tensors) {
    const adapter = adapters.get(name);
    const expected = adapter === undefined ? values : merged(values, adapter, learned, OPTIONS);
    expect(await made.read(name)).toEqual(expected);
  }
  expect(readFileSync(path.join(at("merged"), "tokenizer.json"), "utf8")).toBe("{}");
  const [before, after] = ["base", "merged"].map((name) =>
    readFileSync(path.join(at(name), "config.json"), "utf8"),
  );
  expect(before).toContain('"attn_pdrop":0.10');
  expect(after).toBe(before?.replace('"torch_dtype":"bfloat16"', '"torch_dtype":"float32"'));
});

it("W + B A alpha / rank, by hand", () => {
  const weight = { name: "l.weight", dims: [2, 3], decayed: true, initial: { kind: "xavier" } } as const;
  const options = { rank: 1, alpha: 2, dropout: 0, targets: "all-linear" } as const;
  const [adapter] = adaptersOf([{ ...weight, projection: "out-in" }], options);
  const [turned] = adaptersOf([{ ...weight, dims: [3, 2], projection: "in-out" }], options);
  if (adapter === undefined || turned === undefined) throw new Error("no adapter");
  const learned = new Map([
    [adapter.a.name, { type: "float32", dims: [1, 3], data: Float32Array.of(1, 2, 3) } as const],
    [adapter.b.name, { type: "float32", dims: [2, 1], data: Float32Array.of(10, 100) } as const],
  ]);
  const one = new Float32Array(6).fill(1);
  expect([...merged(one, adapter, learned, options)]).toEqual([21, 41, 61, 201, 401, 601]);
  expect([...merged(one, turned, learned, options)]).toEqual([21, 201, 41, 401, 61, 601]);
});

describe("adapters are refused", () => {
  it.each([
    [{ peft_type: "IA3" }, /peft_type is "IA3"; only "LORA"/],
    [{ bias: "all" }, /bias is "all"; only "none"/],
    [{ use_dora: true }, /use_dora is true; only none/],
    [{ rank_pattern: { c_attn: 4 } }, /rank_pattern is {"c_attn":4}/],
    [{ init_lora_weights: "pissa" }, /init_lora_weights is "pissa"/],
    [{ target_modules: ".*attn" }, /target_modules is ".\*attn"; only a list/],
    [{ target_modules: ["q_proj"] }, /no projection "q_proj"/],
    [{ target_modules: ["c_attn", "c_fc"] }, /has no tensor ".*c_fc.lora_A.weight"/],
    [{ r: 3 }, /lora_A.weight" is \[2, 16\], the model takes \[3, 16\]/],
  ])("with %j", async (told, message) => {
    const { parameters } = await openBase(at("base"));
    const file = path.join(at("adapters"), "adapter_config.json");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(before) as object), ...told }));
    await expect(readAdapters(at("adapters"), parameters)).rejects.toThrow(message);
    writeFileSync(file, before);
  });

  it("where there are none", async () => {
    await expect(readAdapters(at("base"), [])).rejects.toThrow(/has no adapter_config.json/);
  });
});

describe("a checkpoint", () => {
  it("may name its tensors without the model, and the embedding as the head", async () => {
    const bare = tensors.map((one) => ({
      ...one,
      name: one.name.replace("transformer.wte", "lm_head").replace("transformer.", ""),
    }));
    const { parameters, read } = await openBase(await writeModel("bare", bare));
    const weights = await readWeights(read, parameters);
    for (const { name, values } of tensors) expect(weights.get(name)?.data).toEqual(values);
  });

  it("is refused without a tensor, and with one of another shape", async () => {
    await expect(openBase(await writeModel("short", tensors.slice(1)))).rejects.toThrow(
      /has no tensor "transformer.wte.weight"/,
    );
    const { parameters } = await openBase(at("base"));
    const other = parameters.map((one) => ({ ...one, dims: [1, ...one.dims] }));
    await expect(openPretrained(folderSource(at("base")), other)).rejects.toThrow(
      /"transformer.wte.weight" is \[29, 16\], by config.json it must be \[1, 29, 16\]/,
    );
  });
});
