// The engine on transformers.js beside our own, on the same tiny model that we converted: same texts, same likelihoods. And
// models from a Hub of ours. Runs on the compiled thread in dist.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import type { Completion, Engine, ScoreRequest } from "../../src/engine/engine.js";
import { openEngine, type EngineOptions } from "../../src/engine/open.js";
import { convertModel } from "../../src/model/conversion.js";
import { COMMIT, serveHub, TOKEN } from "../hub/server.js";
import { writeRandomModel } from "../model/random-model.js";
import { drawn, from, request } from "../engine/asking.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-transformers-"));
const at = (name: string): string => path.join(base, name);
const engines: Engine[] = [];
async function open(model: string, options: EngineOptions = {}): Promise<Engine> {
  const engine = await openEngine(model, { threads: 1, ...options });
  engines.push(engine);
  return engine;
}

let ours: Engine;
let theirs: Engine;
beforeAll(async () => {
  await writeRandomModel(at("tiny"));
  // Small, so that a prompt can fill it.
  const config = readFileSync(at("tiny/config.json"), "utf8");
  writeFileSync(at("tiny/config.json"), config.replace(/(?<="max_position_embeddings": )\d+/, "512"));
  for (const dtype of ["fp32", "int8"] as const) await convertModel(at("tiny"), at(dtype), { dtype });
  ours = await open(`starcoder2:${at("fp32")}`);
  theirs = await open(`transformers:${at("fp32")}`);
}, 60_000);
afterAll(async () => {
  for (const engine of engines) await engine.close();
  rmSync(base, { recursive: true, force: true });
});

it("draws what our engine draws, greedily and with the same seeds", async () => {
  const prompts = ["def add(a, b):\n    return", "", "x = é😀[", [101, 102, 103], [80]];
  const requests = prompts.flatMap((prompt, n) =>
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
  const all = await drawn(theirs, requests);
  expect(all).toEqual(await drawn(ours, requests));
  expect(new Set([...all.values()].map((answer) => (answer as Completion).text)).size).toBeGreaterThan(12);
});

it("ends before the first stop string, says how it ended, and tells the text as it comes", async () => {
  const [whole] = (await collect(theirs.generate(from([request("whole")])))) as Completion[];
  expect(whole).toMatchObject({ finish: "length", newTokens: 50, promptTokens: 25 });
  const stop = ["never to be seen", whole?.text.slice(9, 12) ?? ""];
  for (const engine of [theirs, ours]) {
    const pieces: string[] = [];
    const requests = [request("cut", { stop, onText: (piece) => void pieces.push(piece) })];
    const [cut] = (await collect(engine.generate(from(requests)))) as Completion[];
    expect(cut).toMatchObject({ text: whole?.text.slice(0, 9), finish: "stop" });
    expect(pieces.join("")).toBe(cut?.text);
  }
  const pieces: string[] = [];
  await collect(theirs.generate(from([request("heard", { onText: (piece) => void pieces.push(piece) })])));
  expect(pieces.join("")).toBe(whole?.text);
  expect(pieces.length).toBeGreaterThan(20);
});

it("gives our engine's likelihoods, and reasons for what it can't do", async () => {
  const pairs: ScoreRequest[] = [
    { key: "code", prompt: "def f(", text: "x):\n    return x" },
    { key: "alone", prompt: "", text: "import os" },
    { key: "ids", prompt: [1, 2, 3], text: [4, 5] },
    { key: "none", prompt: "a", text: "" },
    { key: "strange", prompt: [999], text: "a" },
    { key: "long", prompt: "a".repeat(500), text: "b".repeat(13) },
  ];
  const scores = await collect(theirs.score(from(pairs)));
  const own = new Map((await collect(ours.score(from(pairs)))).map((score) => [score.key, score]));
  for (const score of scores) {
    const other = own.get(score.key);
    if ("nll" in score && other && "nll" in other) expect(score.nll).toBeCloseTo(other.nll, 4);
    else expect(score).toEqual(other);
  }
  const refused = [request("long", { prompt: "a".repeat(512) }), request("strange", { prompt: [-1] })];
  expect(await drawn(theirs, refused)).toEqual(await drawn(ours, refused));
  const [full] = (await collect(
    theirs.generate(from([request("full", { prompt: "a".repeat(500) })])),
  )) as Completion[];
  expect(full).toMatchObject({ newTokens: 12, finish: "length" });
});

it("leaves the event loop free, stops when told to, and goes on afterwards", async () => {
  const stop = new AbortController();
  /** Whether the loop has turned since the piece before, for each that was heard. */
  const turns: boolean[] = [];
  let turned = true;
  const onText = (): void => {
    turns.push(turned);
    turned = false;
    setImmediate(() => (turned = true));
    if (turns.length === 20) stop.abort(new Error("enough"));
  };
  const long = ["one", "two"].map((key) => request(key, { maxTokens: 400, onText }));
  await expect(collect(theirs.generate(from(long), stop.signal))).rejects.toThrow("enough");
  const both = await Promise.all([drawn(theirs, [request("a")]), drawn(theirs, [request("a")])]);
  expect(both[0]).toEqual(both[1]);
  expect(turns).toHaveLength(20);
  expect(turns.filter((one) => one).length).toBeGreaterThan(10);
});

it("runs what is quantised, and tells models apart", async () => {
  const quantised = await open(`transformers:${at("int8")}`);
  expect(quantised.identity).toMatch(/^transformers int8#[0-9a-f]{12} q8$/);
  expect(theirs.identity).toMatch(/^transformers fp32#[0-9a-f]{12} fp32$/);
  const int8 = await open(`starcoder2:${at("int8")}`);
  expect(await drawn(quantised, [request("a")])).toEqual(await drawn(int8, [request("a")]));
});

it("says in one line what it can't open", async () => {
  mkdirSync(at("bare"));
  const strange = JSON.stringify({ model_type: "strange", architectures: ["StrangeForCausalLM"] });
  for (const [folder, config] of [
    ["broken", null],
    ["lacking", null],
    ["strange", strange],
  ] as const) {
    mkdirSync(at(`${folder}/onnx`), { recursive: true });
    for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json"])
      writeFileSync(at(`${folder}/${file}`), readFileSync(at(`fp32/${file}`)));
    if (folder !== "lacking") writeFileSync(at(`${folder}/onnx/model.onnx_data`), "");
    writeFileSync(at(`${folder}/onnx/model.onnx`), "no model");
    if (config !== null) writeFileSync(at(`${folder}/config.json`), config);
  }
  for (const [name, said] of [
    [at("bare"), /bare" has no onnx\/model\*\.onnx: .*selfalign convert$/],
    [`${at("fp32")}@q4`, /fp32" has no onnx\/model_q4\.onnx: choose @fp32, which it has$/],
    ["nothing", /^model "nothing" is no folder here and no repository's name/],
    [at("broken"), /^model ".*broken" can't be opened: /],
    [at("lacking"), /^model ".*lacking" lacks a file: .*model\.onnx_data/],
    [at("strange"), /^model ".*strange" is of a kind that transformers\.js can't run: .*strange/],
  ] as const) {
    const message = await openEngine(`transformers:${name}`).then(
      () => "opened",
      (error: unknown) => (error as Error).message,
    );
    expect(message).toMatch(said);
    expect(message).not.toContain("\n");
  }
});

it("takes a model from the Hub once, at its commit, with a token for the Hub alone", async () => {
  const names = readdirSync(at("fp32"), { recursive: true, encoding: "utf8" });
  const files = names
    .filter((name) => name.includes("."))
    .map((name) => [name, readFileSync(at(`fp32/${name}`))]);
  const repo = {
    kind: "model",
    gated: true,
    files: Object.fromEntries(files) as Record<string, Buffer>,
  } as const;
  const server = await serveHub({ "acme/tiny": repo });
  const env = { HF_ENDPOINT: server.url, HF_HOME: at("cache"), HF_TOKEN: TOKEN };
  const fetched = await open("transformers:acme/tiny@main@fp32", { env });
  expect(fetched.identity).toBe(`transformers acme/tiny@${COMMIT} fp32`);
  expect(await drawn(fetched, [request("a")])).toEqual(await drawn(theirs, [request("a")]));
  const before = server.seen.length;
  await open("transformers:acme/tiny", { env });
  expect(
    server.seen.slice(before).filter(({ path, range }) => path.startsWith("/cdn") && range === undefined),
  ).toEqual([]);
  const refused = { ...env, HF_TOKEN: undefined, HF_HOME: at("other") };
  await expect(open("transformers:acme/tiny", { env: refused })).rejects.toThrow(
    /could not be fetched: .*HF_TOKEN/,
  );
  await expect(open("transformers:acme/none", { env })).rejects.toThrow(/acme\/none" is not at/);
  await server.close();
});
