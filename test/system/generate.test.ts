// The verbs `generate` and `score` as they are typed, on tiny models of ours: one with a tokenizer, of random weights, and one
// without, whose likelihoods transformers has told.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateTo, type GeneratedRow } from "../../src/engine/generate.js";
import type { ScoredRow } from "../../src/engine/score.js";
import { writeRandomModel } from "../model/random-model.js";
import { ROOT, run, start, type Ended } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-generate-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const at = (name: string): string => path.join(base, name);
const fixture = path.join(ROOT, "test/fixtures/starcoder2/tiny");
const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(-1);

function linesOf<Row>(name: string): Row[] {
  const lines = readFileSync(at(name), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

function write(name: string, lines: readonly unknown[]): string {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  writeFileSync(at(name), text);
  return at(name);
}

async function done(...args: string[]): Promise<Ended> {
  const ended = await run(...args);
  expect(ended.status, ended.stderr).toBe(0);
  return ended;
}

const generate = (model: string, input: string, out: string, ...more: string[]): Promise<Ended> =>
  done(
    "generate",
    `starcoder2:${at(model)}`,
    "--prompts",
    input,
    "--out",
    at(out),
    "--threads",
    "1",
    ...more,
  );

beforeAll(async () => {
  await writeRandomModel(at("tiny"));
  // Small, so that a prompt can fill it.
  const config = readFileSync(at("tiny/config.json"), "utf8");
  writeFileSync(at("tiny/config.json"), config.replace(/(?<="max_position_embeddings": )\d+/, "512"));
  for (const dtype of ["fp32", "int8"])
    await done("convert", at("tiny"), "--out", at(`tiny-${dtype}`), "--dtype", dtype);
  await done("convert", fixture, "--out", at("fixture"), "--dtype", "fp32");
}, 60_000);

describe("selfalign generate", () => {
  interface Line {
    readonly id: string | number;
    readonly prompt?: string;
    readonly tokens?: readonly number[];
    readonly n?: number;
    readonly seed?: number;
  }
  const prompts: readonly Line[] = [
    { id: "code", prompt: "def add(a, b):\n    return", n: 3 },
    { id: "again", prompt: "def add(a, b):\n    return", seed: 5, n: 2 },
    { id: "tokens", tokens: [101, 102, 103] },
    { id: "one", tokens: [80], n: 2 },
    { id: "nothing", prompt: "" },
    ...Array.from({ length: 30 }, (_, n) => ({ id: n, prompt: "x = é😀[".repeat(1 + (n % 7)), seed: n })),
  ];

  it.each(["fp32", "int8"])("gives the same bytes in any company and either mode, %s", async (dtype) => {
    const input = write("many.jsonl", prompts);
    const ways = [
      ["--batch-size", "32"],
      ["--batch-size", "1"],
      ["--batch-size", "5", "--mode", "gen"],
      ["--mode", "gen"],
    ];
    const written: string[] = [];
    for (const [way, flags] of ways.entries()) {
      await generate(`tiny-${dtype}`, input, `${dtype}-${way}.jsonl`, "--max-tokens", "40", ...flags);
      written.push(readFileSync(at(`${dtype}-${way}.jsonl`), "utf8"));
    }
    for (const other of written) expect(other).toBe(written[0]);
    const rows = linesOf<GeneratedRow>(`${dtype}-0.jsonl`);
    expect(rows.map(({ id, index }) => `${id}.${index}`)).toEqual(
      prompts.flatMap(({ id, n = 1 }) => Array.from({ length: n }, (_, index) => `${id}.${index}`)),
    );
    expect(rows.filter(({ finish }) => finish === "none")).toEqual([]);
    for (const { tokens, finish } of rows) {
      if (finish === "length") expect(tokens).toHaveLength(40);
      else expect(tokens?.length).toBeLessThan(40);
      expect(tokens).not.toContain(0);
    }
    expect(new Set(rows.map(({ text }) => text)).size).toBeGreaterThan(rows.length * 0.9);
  });

  it("gives the same bytes from a folder of an earlier version, and says what it lacks", async () => {
    cpSync(at("tiny-int8"), at("earlier"), { recursive: true });
    const manifest = readFileSync(at("earlier/selfalign.json"), "utf8");
    writeFileSync(at("earlier/selfalign.json"), manifest.replace('"version": 2', '"version": 1'));
    rmSync(at("earlier/onnx/step.onnx"));
    const input = write("earlier.jsonl", prompts);
    const { stderr } = await generate("earlier", input, "earlier-out.jsonl", "--max-tokens", "20");
    expect(stderr).toContain("was converted by an earlier version");
    const now = await generate("tiny-int8", input, "now-out.jsonl", "--max-tokens", "20");
    expect(now.stderr).not.toContain("earlier version");
    expect(readFileSync(at("earlier-out.jsonl"), "utf8")).toBe(readFileSync(at("now-out.jsonl"), "utf8"));
  });

  it("ends a text before the first stop string, also where it is spread over tokens", async () => {
    const input = write("stops.jsonl", [{ id: 0, prompt: "for i in range(10):" }]);
    const greedy = ["--temperature", "0", "--max-tokens", "60"];
    await generate("tiny-fp32", input, "whole.jsonl", ...greedy);
    const whole = linesOf<GeneratedRow>("whole.jsonl")[0]?.text ?? "";
    expect(whole.length).toBeGreaterThan(20);
    for (const [at_, stop] of [whole.slice(9, 12), whole.slice(14, 15)].entries()) {
      const out = `stop-${at_}.jsonl`;
      await generate("tiny-fp32", input, out, ...greedy, "--stop", "never to be seen", `--stop=${stop}`);
      expect(linesOf(out)).toMatchObject([{ text: whole.slice(0, whole.indexOf(stop)), finish: "stop" }]);
    }
  });

  it("tells in a row what is wrong with a line, and goes on", async () => {
    const long = { id: "long", tokens: Array.from({ length: 600 }, () => 7) };
    const lines = [long, "no json", { id: 3, n: 0, prompt: "a" }, { id: 4 }, { id: 5, tokens: [999] }];
    const input = write("bad.jsonl", [...lines, { id: 6, prompt: "a" }]);
    const { stdout } = await generate("tiny-fp32", input, "bad-out.jsonl", "--max-tokens", "4");
    expect(stdout).toBe(`${at("bad-out.jsonl")}: 6 rows, 5 without an answer\n`);
    expect(linesOf<GeneratedRow>("bad-out.jsonl").map(({ id, reason }) => [id, reason])).toEqual([
      ["long", "prompt-too-long"],
      [null, "no-prompt"],
      [3, "no-prompt"],
      [4, "no-prompt"],
      [5, "unknown-token"],
      [6, undefined],
    ]);
  });

  it("lets a prompt that nearly fills the model run beside others that go on", async () => {
    const lengths = [511, 2, 510, 1, 500];
    const input = write(
      "near.jsonl",
      lengths.map((length) => ({ id: length, tokens: Array.from({ length }, (_, at) => 1 + (at % 200)) })),
    );
    const ways = [[], ["--mode", "gen"], ["--batch-size", "1"]];
    for (const [way, flags] of ways.entries())
      await generate("tiny-int8", input, `near-${way}.jsonl`, "--max-tokens", "40", ...flags);
    const rows = linesOf<GeneratedRow>("near-0.jsonl");
    expect(linesOf("near-1.jsonl")).toEqual(rows);
    expect(linesOf("near-2.jsonl")).toEqual(rows);
    for (const [at, { tokens, finish }] of rows.entries())
      if (finish === "length") expect(tokens).toHaveLength(Math.min(40, 512 - (lengths[at] ?? 0)));
  });

  it("draws other samples for one prompt, however large its seed", async () => {
    const input = write("seeds.jsonl", [{ id: 0, prompt: "a", seed: 1e300, n: 3 }]);
    await generate("tiny-int8", input, "seeds-out.jsonl", "--max-tokens", "20");
    expect(new Set(linesOf<GeneratedRow>("seeds-out.jsonl").map(({ text }) => text)).size).toBe(3);
  });

  it("goes on after a kill, with the same bytes", async () => {
    const many = Array.from({ length: 400 }, (_, id) => ({ id, prompt: `value_${id} = `, n: 2 }));
    const input = write("killed.jsonl", many);
    const long = ["--max-tokens", "60", "--batch-size", "8"];
    await generate("tiny-int8", input, "calm.jsonl", ...long);
    const part = at("cut.jsonl.part");
    const flags = ["--prompts", input, "--out", at("cut.jsonl"), "--threads", "1", ...long];
    const { child, ended } = start(["generate", `starcoder2:${at("tiny-int8")}`, ...flags]);
    const lines = (): number => (existsSync(part) ? readFileSync(part, "utf8").split("\n").length - 1 : 0);
    await expect.poll(lines, { timeout: 30_000, interval: 2 }).toBeGreaterThan(100);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    await generate("tiny-int8", input, "cut.jsonl", ...long, "--mode", "gen");
    expect(readFileSync(at("cut.jsonl"), "utf8")).toBe(readFileSync(at("calm.jsonl"), "utf8"));
    const { status, stderr } = await run(
      "generate",
      `starcoder2:${at("tiny-int8")}`,
      ...flags,
      "--seed",
      "1",
    );
    expect(status).toBe(2);
    expect(lastLine(stderr)).toMatch(/made with other options \(seed/);
  });

  it("takes a torn note of the self-test for none, and writes it anew", async () => {
    cpSync(at("tiny-int8"), at("torn"), { recursive: true });
    writeFileSync(at("torn/selftest.json"), "{");
    const input = write("torn.jsonl", [{ id: 1, prompt: "a" }]);
    await generate("torn", input, "torn-out.jsonl", "--max-tokens", "2");
    expect(JSON.parse(readFileSync(at("torn/selftest.json"), "utf8"))).toHaveProperty("highest");
  });

  it("says in one line what it can't use", async () => {
    const input = write("one.jsonl", [{ id: 1, prompt: "a" }]);
    const out = at("never.jsonl");
    mkdirSync(at("damaged"));
    writeFileSync(at("damaged/selfalign.json"), "{");
    for (const [model, wanted] of [
      [`starcoder2:${at("tiny")}`, /holds no converted model \(no selfalign\.json\).*selfalign convert/],
      [`starcoder2:${at("damaged")}`, /selfalign\.json" is damaged: convert the model again/],
      [
        "gpt",
        /model "gpt" does not exist: choose from local:FOLDER, starcoder2:FOLDER, transformers:REPO-or-FOLDER.*, openai:MODEL/,
      ],
      ["openai:gpt", /needs the server's address: --base-url/],
      [`starcoder2:${at("fixture")}`, /has no tokenizer\.json: give token ids/],
    ] as const) {
      const { status, stderr } = await run("generate", model, "--prompts", input, "--out", out);
      expect(status, stderr).toBe(2);
      expect(lastLine(stderr)).toMatch(wanted);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(existsSync(out)).toBe(false);
  });

  it("refuses an empty stop string, which every text would end with", async () => {
    const input = write("empty-stop.jsonl", [{ id: 1, prompt: "a" }]);
    const generated = generateTo(`starcoder2:${at("tiny-int8")}`, input, at("never.jsonl"), {
      stop: ["\n", ""],
    });
    await expect(generated).rejects.toThrow(/a stop string is empty/);
  });
});

describe("selfalign score", () => {
  it("gives transformers' likelihoods, pair by pair, and a reason for what is none", async () => {
    interface Pair {
      readonly prompt: readonly number[];
      readonly text: readonly number[];
      readonly mean: number;
    }
    const golden = JSON.parse(readFileSync(path.join(fixture, "golden.json"), "utf8")) as { pairs: Pair[] };
    const pairs = golden.pairs.map(({ prompt, text }, id) => ({
      id,
      promptTokens: prompt,
      textTokens: text,
    }));
    const bad = [{ id: "empty", promptTokens: [1], textTokens: [] }, { id: "none" }];
    const input = write("pairs.jsonl", [...bad, ...pairs]);
    await done("score", `starcoder2:${at("fixture")}`, "--pairs", input, "--out", at("scores.jsonl"));
    const rows = linesOf<ScoredRow>("scores.jsonl");
    expect(rows.slice(0, 2).map(({ id, nll, reason }) => [id, nll, reason])).toEqual([
      ["empty", null, "empty-text"],
      ["none", null, "no-pair"],
    ]);
    for (const [at_, { mean, text }] of golden.pairs.entries()) {
      expect(rows[2 + at_]?.nll).toBeCloseTo(mean, 4);
      expect(rows[2 + at_]?.tokens).toBe(text.length);
    }
  });
});
