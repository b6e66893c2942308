// The engine of converted models on a GPT-2: under all its names, through the command line, beside transformers.js. And on a
// folder from before architectures were noted. Runs on the compiled thread in dist.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Completion, Engine, GenerateRequest } from "../../src/engine/engine.js";
import type { ScoredRow } from "../../src/engine/score.js";
import { openEngine, type EngineOptions } from "../../src/engine/open.js";
import { convertModel } from "../../src/model/conversion.js";
import { writeRandomGpt2 } from "../model/random-gpt2.js";
import { ROOT, run } from "./whole-run.js";
import { drawn, request } from "../engine/asking.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-local-"));
const at = (name: string): string => path.join(base, name);
const fixture = (name: string): string => path.join(ROOT, "test/fixtures", name);

const POSITIONS = 128;
const CONFIG = {
  model_type: "gpt2",
  vocab_size: 257,
  n_positions: POSITIONS,
  n_embd: 64,
  n_layer: 2,
  n_head: 4,
  eos_token_id: 0,
};

const engines: Engine[] = [];
async function open(model: string, options: EngineOptions = {}): Promise<Engine> {
  const engine = await openEngine(model, { threads: 1, ...options });
  engines.push(engine);
  return engine;
}

beforeAll(async () => {
  await writeRandomGpt2(at("gpt2"), CONFIG, 0.8);
  for (const dtype of ["fp32", "int8"] as const) await convertModel(at("gpt2"), at(dtype), { dtype });
}, 60_000);
afterAll(async () => {
  for (const engine of engines) await engine.close();
  rmSync(base, { recursive: true, force: true });
});

/** Prompts of many lengths, texts and tokens, in three ways to draw each. */
const requests: readonly GenerateRequest[] = [
  "def add(a, b):\n    return",
  "",
  "x = é😀[",
  [101, 102, 103],
  [80],
  "a".repeat(POSITIONS - 1),
  "b".repeat(POSITIONS - 10),
].flatMap((prompt, n) =>
  [0, 0.7, 1].map((temperature, way) =>
    request(`${n}.${temperature}`, {
      prompt,
      temperature,
      topP: [1, 0.8, 0.95][n % 3] ?? 1,
      seed: 10 * n + way,
      ...(way === 2 ? { topK: 5 } : {}),
    }),
  ),
);

describe.each(["fp32", "int8"])("a GPT-2 as %s", (dtype) => {
  it("draws the same alone, in a batch, and in either mode, up to its last position", async () => {
    const alone = await drawn(await open(`local:${at(dtype)}`, { batchSize: 1 }), requests);
    const texts = new Set([...alone.values()].map((answer) => (answer as Completion).text));
    expect(texts.size).toBeGreaterThan(12);
    for (const [key, answer] of alone) {
      const { finish, newTokens, promptTokens } = answer as Completion;
      if (finish === "length") expect(newTokens, key).toBe(Math.min(50, POSITIONS - (promptTokens ?? 0)));
    }
    for (const options of [{}, { batchSize: 5 }, { mode: "gen" }] as const)
      expect(await drawn(await open(`local:${at(dtype)}`, options), requests)).toEqual(alone);
  });

  it("draws what transformers.js draws from the same folder", async () => {
    const ours = await drawn(await open(`local:${at(dtype)}`), requests);
    expect(await drawn(await open(`transformers:${at(dtype)}`), requests)).toEqual(ours);
  });
});

it("is one engine under all its names, which says what it runs", async () => {
  const [local, older, bare] = [
    await open(`local:${at("fp32")}`),
    await open(`starcoder2:${at("fp32")}`),
    await open(at("fp32")),
  ];
  expect(local.identity).toMatch(/^gpt2 gpt2#[0-9a-f]{12} fp32 cpu [0-9a-f]{16}$/);
  expect([older.identity, bare.identity]).toEqual([local.identity, local.identity]);
});

it("opens a StarCoder2 that was converted before architectures were noted", async () => {
  await convertModel(fixture("starcoder2/tiny"), at("noted"), { dtype: "fp32" });
  cpSync(at("noted"), at("older"), { recursive: true });
  const manifest = readFileSync(at("older/selfalign.json"), "utf8");
  expect(manifest).toContain('    "type": "starcoder2",\n');
  writeFileSync(at("older/selfalign.json"), manifest.replace('    "type": "starcoder2",\n', ""));
  const [noted, older] = [await open(`local:${at("noted")}`), await open(`local:${at("older")}`)];
  expect(noted.identity).toMatch(/^starcoder2 tiny#[0-9a-f]{12} fp32 cpu /);
  expect(older.identity).toBe(noted.identity);
  const prompt = request("a", { prompt: [5, 6, 7] });
  expect(await drawn(older, [prompt])).toEqual(await drawn(noted, [prompt]));
});

describe("the command line", () => {
  async function done(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await run(...args);
    expect(status, stderr).toBe(0);
    return stdout;
  }
  const write = (name: string, lines: readonly unknown[]): string => {
    writeFileSync(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return at(name);
  };
  const linesOf = <Row>(name: string): Row[] =>
    readFileSync(at(name), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);

  it("converts a GPT-2, generates with it, and scores as transformers does", async () => {
    const told = await done("convert", fixture("gpt2/untied"), "--out", at("typed"), "--dtype", "fp32");
    expect(told).toMatch(/typed: untied#[0-9a-f]{12} as fp32 for cpu\n$/);
    const golden = JSON.parse(readFileSync(fixture("gpt2/untied/golden.json"), "utf8")) as {
      rows: { prompt: number[]; tokens: number[] }[];
      pairs: { prompt: number[]; text: number[]; mean: number }[];
    };
    const prompts = write(
      "prompts.jsonl",
      golden.rows.map(({ prompt }, id) => ({ id, tokens: prompt })),
    );
    const greedily = ["--temperature", "0", "--max-tokens", "32"];
    await done(
      "generate",
      `local:${at("typed")}`,
      "--prompts",
      prompts,
      "--out",
      at("out.jsonl"),
      ...greedily,
    );
    for (const [id, { tokens }] of golden.rows.entries()) {
      const end = tokens.indexOf(0);
      expect(linesOf("out.jsonl")[id]).toMatchObject({ id, tokens: end < 0 ? tokens : tokens.slice(0, end) });
    }
    const pairs = write(
      "pairs.jsonl",
      golden.pairs.map(({ prompt, text }, id) => ({ id, promptTokens: prompt, textTokens: text })),
    );
    await done("score", `local:${at("typed")}`, "--pairs", pairs, "--out", at("scores.jsonl"));
    const scores = linesOf<ScoredRow>("scores.jsonl");
    expect(scores).toHaveLength(golden.pairs.length);
    for (const [id, { mean }] of golden.pairs.entries()) expect(scores[id]?.nll).toBeCloseTo(mean, 4);
  });

  it("refuses in one line a GPT-2 that it does not compute", async () => {
    mkdirSync(at("strange"));
    for (const [changes, wanted] of [
      [
        { scale_attn_by_inverse_layer_idx: true },
        /scale_attn_by_inverse_layer_idx is true; only false is known/,
      ],
      [{ model_type: "gptj" }, /model_type is "gptj"; only "starcoder2" and "gpt2" are known/],
      [{ n_head: 64 }, /attention heads are 1 wide; ONNX Runtime computes multiples of 8 alone/],
    ] as const) {
      writeFileSync(at("strange/config.json"), JSON.stringify({ ...CONFIG, ...changes }));
      const { status, stderr } = await run("convert", at("strange"), "--out", at("never"));
      expect(status, stderr).toBe(2);
      expect(stderr.trimEnd().split("\n").at(-1)).toMatch(wanted);
    }
  });
});
