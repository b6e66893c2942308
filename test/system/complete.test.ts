// The verb `complete` as it is typed, on a tiny model of random weights. Runs on the compiled thread in dist.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { openBeams } from "../../src/engine/beams.js";
import { complete, promptAt } from "../../src/engine/complete.js";
import type { Score } from "../../src/engine/engine.js";
import { openEngine } from "../../src/engine/open.js";
import { convertModel } from "../../src/model/conversion.js";
import { writeRandomModel } from "../model/random-model.js";
import { drawn, from, request } from "../engine/asking.js";
import { run } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-complete-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name);
const MODEL = `local:${at("int8")}`;
const PROMPT = "def add(a, b):\n    return";

beforeAll(async () => {
  await writeRandomModel(at("tiny"));
  await convertModel(at("tiny"), at("int8"), { draw: () => undefined });
});

const done = async (...flags: string[]) => {
  const ended = await run("complete", MODEL, "--threads", "1", ...flags);
  expect(ended.status, ended.stderr).toBe(0);
  return ended;
};

describe("selfalign complete", () => {
  it("prints the likeliest completion, and its score", async () => {
    const engine = await openEngine(MODEL, { threads: 1 });
    const answer = (await drawn(engine, [request("a", { prompt: PROMPT, maxTokens: 20 })])).get("a") as {
      text: string;
      tokens: number[];
    };
    const pair = { key: "a", prompt: PROMPT, text: answer.tokens };
    const [scored] = await collect(engine.score(from([pair])));
    await engine.close();
    const { stdout, stderr } = await done("--prompt", PROMPT, "--max-tokens", "20");
    expect(stdout).toBe(`${answer.text}\n`);
    const { nll } = scored as Score;
    expect(stderr).toBe(`score ${(-nll).toFixed(4)}, 20 tokens, length\n`);
  });

  it("prints several samples, each of its own seed", async () => {
    const { stdout } = await done(
      ...["--prompt", PROMPT, "--max-tokens", "8", "--temperature", "1", "--num-return", "3", "--seed", "5"],
    );
    expect(stdout.match(/^--- \d: score -\d+\.\d{4}, \d+ tokens, \w+$/gm)).toHaveLength(3);
    const texts = await complete(MODEL, PROMPT, {
      maxTokens: 8,
      temperature: 1,
      count: 3,
      seed: 5,
      threads: 1,
    });
    expect(new Set(texts.map(({ text }) => text)).size).toBe(3);
    const [second] = await complete(MODEL, PROMPT, { maxTokens: 8, temperature: 1, seed: 6, threads: 1 });
    expect(second).toEqual(texts[1]);
    for (const { text } of texts) expect(stdout).toContain(`\n${text}`);
  });

  it("prints the texts of beams, best first, cut before a stop string", async () => {
    const searcher = await openBeams(MODEL, { threads: 1 });
    const [found = []] = await searcher.search([PROMPT], { numBeams: 4, numReturn: 2, maxTokens: 9 });
    const stop = found[0]?.text.slice(4, 5) ?? "";
    const [cut = []] = await searcher.search([PROMPT], {
      numBeams: 4,
      numReturn: 4,
      maxTokens: 9,
      stop: [stop],
    });
    await searcher.close();
    const flags = ["--prompt", PROMPT, "--num-beams", "4", "--num-return", "2", "--max-tokens", "9"];
    expect((await done(...flags)).stdout).toBe(
      found
        .map(
          ({ text, score, tokens, finish }, rank) =>
            `--- ${rank + 1}: score ${score.toFixed(4)}, ${tokens.length} tokens, ${finish}\n${text}\n`,
        )
        .join(""),
    );
    expect(cut.some(({ finish }) => finish === "stop")).toBe(true);
    for (const { text, finish, tokens } of cut) {
      expect(text).not.toContain(stop);
      expect(finish === "stop" || tokens.length === 9).toBe(true);
    }
  });

  it("goes on from a place in a file, and cuts what is too long for the model on the left", async () => {
    writeFileSync(at("code.py"), `${"x = 1\n".repeat(4_000)}def é(a):\r\n    pass\nrest`);
    const place = ["--file", at("code.py"), "--line", "4001", "--column", "7", "--max-tokens", "10"];
    const whole = `${"x = 1\n".repeat(4_000)}def é(`;
    expect(await promptAt(at("code.py"), 4_001, 7)).toBe(whole);
    expect(await promptAt(at("code.py"), 4_001)).toBe(`${whole}a):`);
    await expect(promptAt(at("code.py"), 1, 0)).rejects.toThrow(/columns 1 to 6, no column 0/);
    expect(await promptAt(at("code.py"))).toBe(`${whole}a):\r\n    pass\nrest`);
    const bytes = Buffer.from(whole);
    const last = bytes.subarray(bytes.length - (16_384 - 10)).toString("utf8");
    const [expected] = await complete(MODEL, last, { maxTokens: 10, threads: 1 });
    expect((await done(...place)).stdout).toBe(`${expected?.text}\n`);
  });

  it("says in one line what it can't use", async () => {
    for (const [flags, wanted] of [
      [["--prompt", "a", "--file", "b"], /needs --prompt TEXT or --file FILE.*one of them/],
      [[], /needs --prompt TEXT or --file FILE/],
      [["--prompt", "a", "--line", "3"], /--line and --column are a place in a file/],
      [["--file", at("code.py"), "--column", "3"], /--column is a place in a line/],
      [["--file", at("code.py"), "--line", "9999"], /no line 9999/],
      [["--file", at("code.py"), "--line", "1", "--column", "99"], /columns 1 to 6, no column 99/],
      [["--file", at("none.py")], /none\.py" does not exist/],
      [["--prompt", "a", "--num-return", "2"], /2 completions without a temperature would be the same/],
      [["--prompt", "a", "--num-beams", "2", "--temperature", "1"], /beams take the likeliest tokens/],
      [["--prompt", "a", "--num-beams", "2", "--num-return", "3"], /3 texts are wanted of 2 beams/],
      [["--prompt", "a", "--max-tokens", "99999"], /leaves no room for a prompt/],
    ] as const) {
      const { status, stderr } = await run("complete", MODEL, ...flags);
      expect(status, stderr).toBe(2);
      expect(stderr).toMatch(wanted);
    }
    const openai = ["complete", "openai:gpt", "--base-url", "http://127.0.0.1:9/v1", "--prompt", "a"];
    const { status, stderr } = await run(...openai, "--num-beams", "2");
    expect([status, stderr]).toEqual([2, expect.stringMatching(/can't be searched with beams/)]);
  });
});
