import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Completion, Engine, GenerateRequest, Unanswered } from "../../src/engine/engine.js";
import { openEngine } from "../../src/engine/open.js";
import { openReplay } from "../../src/engine/replay.js";
import { from } from "./asking.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-replay-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(base, "t-"));
});
const open: Engine[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

type Row = Readonly<Record<string, unknown>>;
const lines = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

function file(text: string): string {
  const name = path.join(folder, "transcripts.jsonl");
  writeFileSync(name, text);
  return name;
}

/** A run's directory with what engines answered at each step. */
function runWith(rows: Readonly<Record<string, readonly Row[]>>): string {
  mkdirSync(path.join(folder, "self_oss_output"));
  for (const [step, answers] of Object.entries(rows))
    writeFileSync(path.join(folder, "self_oss_output", `${step}.completions.jsonl`), lines(answers));
  return folder;
}

async function replay(name: string): Promise<Engine> {
  const engine = await openReplay(name);
  open.push(engine);
  return engine;
}

function request(key: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  return { key, prompt: "p", maxTokens: 1, temperature: 1, topP: 1, stop: ["b"], seed: 1, ...more };
}

async function ask(engine: Engine, ...requests: GenerateRequest[]): Promise<(Completion | Unanswered)[]> {
  const answers: (Completion | Unanswered)[] = [];
  for await (const answer of engine.generate(from(requests))) answers.push(answer);
  return answers.sort((a, b) => (a.key < b.key ? -1 : 1));
}

const written = {
  step: "responses",
  path: "pkg/a b.py",
  function: "f",
  index: 1,
  text: "by hand",
  written: true,
};
const answered = {
  key: "c1",
  of: "k1",
  text: "abc\n\u00e9",
  finish: "length",
  promptTokens: 7,
  newTokens: 3,
};

describe("a file of transcripts", () => {
  it("answers requests by key as they were answered, with their counts, whatever the prompt, the stops and the limit", async () => {
    const engine = await replay(file(lines([{ ...answered, of: "other", text: "no" }, answered])));
    expect(await ask(engine, request("k1"))).toEqual([
      { key: "k1", text: "abc\n\u00e9", tokens: null, finish: "length", promptTokens: 7, newTokens: 3 },
    ]);
  });

  it("answers by what a request is about where no key fits, and the key goes first", async () => {
    const engine = await replay(file(lines([written, answered])));
    const about = "responses pkg/a b.py f 1";
    const [first, second] = await ask(engine, request("k1", { about }), request("k2", { about }));
    expect(first).toMatchObject({ key: "k1", text: "abc\n\u00e9" });
    const made = { text: "by hand", tokens: null, finish: "stop", promptTokens: null, newTokens: null };
    expect(second).toEqual({ key: "k2", ...made });
  });

  it("does not take a key for what a request is about, or the other way round", async () => {
    const about = "responses pkg/a b.py f 1";
    const engine = await replay(file(lines([written, answered])));
    const answers = await ask(engine, request(about), request("x", { about: "k1" }));
    expect(answers.map((answer) => "reason" in answer && answer.reason)).toEqual([
      "no-transcript",
      "no-transcript",
    ]);
  });

  it("answers stored refusals with the same reason", async () => {
    const refusal = { reason: "prompt-too-long", detail: "5000 tokens" };
    const byHand = { ...written, text: undefined, ...refusal };
    const engine = await replay(file(lines([{ key: "c", of: "k", ...refusal }, byHand])));
    const asked = [request("k"), request("l", { about: "responses pkg/a b.py f 1" })];
    expect(await ask(engine, ...asked)).toEqual([
      { key: "k", ...refusal },
      { key: "l", ...refusal },
    ]);
  });

  it("has no answer to what stands nowhere, and says what was asked", async () => {
    const engine = await replay(file(lines([written])));
    const about = "responses pkg/a b.py f 2";
    expect(await ask(engine, request("k"), request("l", { about }))).toEqual([
      { key: "k", reason: "no-transcript", detail: "no transcript answers the request k" },
      { key: "l", reason: "no-transcript", detail: `no transcript answers ${about}` },
    ]);
  });

  it("tells its text to whoever listens", async () => {
    const engine = await replay(file(lines([answered])));
    const heard: string[] = [];
    const onText = (piece: string): void => void heard.push(piece);
    await ask(engine, request("k1", { onText }), request("none", { onText }));
    expect(heard.join("")).toBe("abc\n\u00e9");
  });

  it("finds every row of many, however long they are", async () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => ({
      of: `k${n}`,
      text: `${n}: ${"\u00fc\n".repeat((n * 37) % 900)}`,
    }));
    const engine = await replay(file(lines(rows)));
    const answers = await ask(engine, ...rows.map(({ of }) => request(of)));
    const texts = new Map(answers.map((answer) => [answer.key, "text" in answer ? answer.text : null]));
    expect(rows.filter(({ of, text }) => texts.get(of) !== text)).toEqual([]);
  });

  it("is read whatever its line ends, its blank lines and its end", async () => {
    const text = `\n${JSON.stringify(answered)}\r\n  \n${JSON.stringify(written)}`;
    const answers = await ask(
      await replay(file(text)),
      request("k1"),
      request("l", { about: "responses pkg/a b.py f 1" }),
    );
    expect(answers).toMatchObject([{ text: answered.text }, { text: written.text }]);
  });

  it("cannot score, and says so of each request", async () => {
    const engine = await replay(file(lines([answered])));
    const answers: unknown[] = [];
    const asked = ["a", "b"].map((key) => ({ key, prompt: "p", text: "t" }));
    for await (const answer of engine.score(from(asked))) answers.push(answer);
    const why = { reason: "cannot-score", detail: expect.stringContaining("likelihood") as unknown };
    expect(answers).toEqual([
      { key: "a", ...why },
      { key: "b", ...why },
    ]);
  });

  it("is known by its contents, and not by its name", async () => {
    const text = lines([answered, written]);
    const engine = await replay(file(text));
    expect(engine.identity).toBe(`replay:${createHash("sha256").update(text).digest("hex")}`);
    const copy = path.join(folder, "copy.jsonl");
    writeFileSync(copy, text);
    expect((await replay(copy)).identity).toBe(engine.identity);
    writeFileSync(copy, lines([written, answered]));
    expect((await replay(copy)).identity).not.toBe(engine.identity);
  });

  it("stops when it is told to", async () => {
    const engine = await replay(file(lines([answered])));
    const stopped = engine.generate(from([request("k1")]), AbortSignal.abort(new Error("enough")));
    await expect(stopped.next()).rejects.toThrow("enough");
    await engine.close();
    await expect(engine.generate(from([request("k1")])).next()).rejects.toThrow("the engine was closed");
  });
});

describe("the directory of a run", () => {
  const rows = {
    concepts: [{ key: "a", of: "k1", text: "lists, sets", finish: "stop", promptTokens: 1, newTokens: 2 }],
    instructions: [{ key: "b", of: "k2", text: "Write f.", finish: "stop", promptTokens: 3, newTokens: 4 }],
    responses: [{ key: "c", of: "k3", reason: "no-answer", detail: "answered 503" }],
  };

  it("answers what was answered at each of its steps", async () => {
    const engine = await replay(runWith(rows));
    expect(await ask(engine, request("k1"), request("k2"), request("k3"))).toMatchObject([
      { key: "k1", text: "lists, sets", promptTokens: 1, newTokens: 2 },
      { key: "k2", text: "Write f.", promptTokens: 3, newTokens: 4 },
      { key: "k3", reason: "no-answer", detail: "answered 503" },
    ]);
  });

  it("is known by the contents of all three files", async () => {
    const engine = await replay(runWith(rows));
    const hash = createHash("sha256");
    for (const step of ["concepts", "instructions", "responses"])
      hash.update(readFileSync(path.join(folder, "self_oss_output", `${step}.completions.jsonl`)));
    expect(engine.identity).toBe(`replay:${hash.digest("hex")}`);
  });

  it("is refused where a step is missing: the run is not finished, or no model made it", async () => {
    const { concepts, instructions } = rows;
    const refused = openReplay(runWith({ concepts, instructions }));
    await expect(refused).rejects.toThrow(
      /responses\.completions\.jsonl" is not there: give .*finished run by a model/,
    );
  });

  it("is refused where two steps answer the same request", async () => {
    const refused = openReplay(runWith({ ...rows, responses: [answered] }));
    await expect(refused).rejects.toThrow(
      /responses.* line 1 answers the same request as .*concepts.* line 1: keep one/,
    );
  });
});

describe("what can't be replayed is refused by file and line", () => {
  const { step, path: place, index, text, ...rest } = written;
  const named = { step, path: place, index, text, ...rest };
  it.each([
    ["is cut off", '{"of": "k", "te', /line 2 is not a JSON object/],
    ["is no object", "[1]", /line 2 is not a JSON object/],
    ["answers nothing", JSON.stringify({ text: "t" }), /line 2 does not say what it answers/],
    ["is of no step", JSON.stringify({ ...named, step: "response" }), /line 2 does not say what it answers/],
    ["has no index", JSON.stringify({ ...named, index: "0" }), /line 2 does not say what it answers/],
    ["has no text", JSON.stringify({ of: "k" }), /line 2 holds no answer/],
    ["ends strangely", JSON.stringify({ of: "k", text: "t", finish: "eos" }), /line 2 holds no answer/],
    ["says it again", JSON.stringify(answered), /line 2 answers the same request as line 1: keep one/],
  ])("a line that %s", async (_, line, wanted) => {
    const name = file(`${lines([answered])}${line}\n`);
    const failure = await openReplay(name).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ name: "InputError", message: expect.stringMatching(wanted) as unknown });
    expect((failure as Error).message).toContain(name);
  });

  it.each([
    ["what is not there", "nowhere.jsonl", /nowhere\.jsonl" is not there: give a file of transcripts/],
    ["nothing", "", /replay: names nothing/],
  ])("%s", async (_, name, wanted) => {
    await expect(openEngine(`replay:${name}`)).rejects.toThrow(wanted);
  });

  it("a file without a row", async () => {
    await expect(openReplay(file("\n"))).rejects.toThrow(/holds no transcripts/);
  });

  it("a file that changes under its reader's hands", async () => {
    const name = file(lines([answered]));
    const engine = await replay(name);
    writeFileSync(name, lines([{ ...answered, of: "k2" }]));
    await expect(ask(engine, request("k1"))).rejects.toThrow(/line 1 was changed while it was replayed/);
  });
});

it("engines are opened by replay:NAME too", async () => {
  const engine = await openEngine(`replay:${file(lines([answered]))}`);
  open.push(engine);
  expect(await ask(engine, request("k1"))).toMatchObject([{ text: answered.text }]);
});
