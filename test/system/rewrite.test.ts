// Rewriting a file of texts with a small BART of random weights and the tokenizer of bytes. Runs on the compiled thread
// in dist.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, start } from "./whole-run.js";
import { writeRandomModel } from "../model/random-model.js";
import { openSeq2Seq } from "../../src/seq2seq/open.js";
import { rewriteTo, type RewriteOptions, type RewrittenRow } from "../../src/seq2seq/rewrite.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-rewrite-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name);
const quiet = { threads: 1, draw: () => undefined };

/** Bytes below 72 are all that the fixture knows of the tokenizer's 257 tokens. */
const known = (text: string): boolean => [...Buffer.from(text)].every((byte) => byte < 60);

beforeAll(async () => {
  cpSync(path.resolve(import.meta.dirname, "../fixtures/seq2seq/bart"), at("bart"), { recursive: true });
  await writeRandomModel(at("tiny"));
  cpSync(at("tiny/tokenizer.json"), at("bart/tokenizer.json"));
});

function write(name: string, lines: readonly unknown[]): string {
  writeFileSync(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return at(name);
}

const read = (name: string): RewrittenRow[] =>
  readFileSync(at(name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RewrittenRow);

const LINES = Array.from({ length: 90 }, (_, id) => ({
  id,
  tokens: Array.from({ length: 1 + ((id * 7) % 23) }, (__, place) => 3 + ((id * 5 + place * 11) % 60)),
}));

describe("rewriting a file", () => {
  const options: RewriteOptions = { ...quiet, numBeams: 3, maxTokens: 12, batchSize: 4 };

  it("gives each line what the model writes for it alone", async () => {
    const summary = await rewriteTo(at("bart"), write("in.jsonl", LINES), at("out.jsonl"), options);
    expect(summary).toEqual({ rows: 90, unanswered: 0, worked: true });
    const rows = read("out.jsonl");
    expect(rows.map(({ id }) => id)).toEqual(LINES.map(({ id }) => id));
    const model = await openSeq2Seq(at("bart"), { threads: 1 });
    for (const { id, tokens } of LINES.slice(0, 12)) {
      const [[alone] = []] = await model.write([tokens], { numBeams: 3, maxTokens: 12 });
      expect(rows[id]).toMatchObject({ tokens: alone?.tokens, text: alone?.text, finish: alone?.finish });
      expect(rows[id]?.score).toBeCloseTo(alone?.score ?? NaN, 4);
    }
    await model.close();
    expect(new Set(rows.map(({ tokens }) => tokens?.join())).size).toBeGreaterThan(30);
  });

  it("goes on after it was stopped, with the same bytes, and refuses other options", async () => {
    const input = write("cut.jsonl", LINES);
    const stop = new AbortController();
    const draw = (): void => {
      const part = at("cut-out.jsonl.part");
      if (existsSync(part) && readFileSync(part, "utf8").split("\n").length > 20)
        stop.abort(new Error("enough"));
    };
    const cut = rewriteTo(at("bart"), input, at("cut-out.jsonl"), { ...options, draw, signal: stop.signal });
    await expect(cut).rejects.toThrow("enough");
    const rows = readFileSync(at("cut-out.jsonl.part"), "utf8").trimEnd().split("\n").length;
    expect(rows).toBeGreaterThan(10);
    expect(rows).toBeLessThan(LINES.length);
    expect(existsSync(at("cut-out.jsonl"))).toBe(false);
    await expect(
      rewriteTo(at("bart"), input, at("cut-out.jsonl"), { ...options, numBeams: 2 }),
    ).rejects.toThrow(/made with other options \(numBeams/);
    await rewriteTo(at("bart"), input, at("cut-out.jsonl"), options);
    expect(readFileSync(at("cut-out.jsonl"), "utf8")).toBe(readFileSync(at("out.jsonl"), "utf8"));
  });

  it("reads texts in their frame, and tells in a row what it can't read", async () => {
    const text = "12 + 3";
    expect(known(text)).toBe(true);
    const lines = [{ id: "a", text }, { id: "b" }, { id: "c", tokens: [72] }, { id: "d", tokens: [] }];
    const long = { id: "e", tokens: Array.from({ length: 65 }, () => 5) };
    const input = write("odd.jsonl", [...lines, long]);
    const summary = await rewriteTo(at("bart"), input, at("odd-out.jsonl"), { ...quiet, maxTokens: 5 });
    expect(summary).toMatchObject({ rows: 5, unanswered: 4 });
    const rows = read("odd-out.jsonl");
    expect(rows.map(({ reason }) => reason)).toEqual([
      undefined,
      "no-text",
      "unknown-token",
      "empty-text",
      "text-too-long",
    ]);
    const model = await openSeq2Seq(at("bart"), { threads: 1 });
    const ids = model.idsOf(text);
    // BART's first and last tokens, and a byte each between them.
    expect([ids[0], ids.at(-1), ids.length]).toEqual([0, 2, text.length + 2]);
    const [[alone] = []] = await model.write([ids], { maxTokens: 5 });
    await model.close();
    expect(rows[0]?.tokens).toEqual(alone?.tokens);
    expect(rows[0]?.text).toBe(alone?.text);
  });

  it("refuses what makes no sense", async () => {
    const input = write("refused.jsonl", LINES.slice(0, 1));
    const asked = (more: RewriteOptions) => rewriteTo(at("bart"), input, at("refused-out.jsonl"), more);
    await expect(asked({ numBeams: 0 })).rejects.toThrow(/numBeams must be a whole number from 1, not "0"/);
    await expect(rewriteTo(at("tiny"), input, at("refused-out.jsonl"), quiet)).rejects.toThrow(
      /model_type is "starcoder2"/,
    );
  });
});

describe("selfalign rewrite", () => {
  /** Every ninth has nothing to read. */
  const many = Array.from({ length: 600 }, (_, id) =>
    id % 9 === 5 ? { id } : { ...LINES[id % LINES.length], id },
  );
  const unanswered = many.filter((line) => !("tokens" in line)).length;
  const flags = (input: string, out: string): string[] => [
    ...["rewrite", at("bart"), "--texts", input, "--out", at(out), "--threads", "1"],
    ...["--num-beams", "3", "--max-tokens", "16", "--batch-size", "4"],
  ];

  it("goes on after a kill, with the same bytes", async () => {
    const input = write("many.jsonl", many);
    const calm = await run(...flags(input, "calm.jsonl"));
    expect(calm.status, calm.stderr).toBe(0);
    expect(calm.stdout).toBe(`${at("calm.jsonl")}: 600 rows, ${unanswered} without an answer\n`);
    const part = at("killed.jsonl.part");
    const { child, ended } = start(flags(input, "killed.jsonl"));
    const rows = (): number => (existsSync(part) ? readFileSync(part, "utf8").split("\n").length - 1 : 0);
    await expect.poll(rows, { timeout: 60_000, interval: 2 }).toBeGreaterThan(50);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    const again = await run(...flags(input, "killed.jsonl"));
    expect(again.status, again.stderr).toBe(0);
    expect(readFileSync(at("killed.jsonl"), "utf8")).toBe(readFileSync(at("calm.jsonl"), "utf8"));
    expect(read("killed.jsonl").map(({ id }) => id)).toEqual(many.map(({ id }) => id));
  });
});
