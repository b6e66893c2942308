// What a converted model foretells of texts, against what transformers' logits say (the goldens of test/fixtures/gpt2), and a
// whole evaluation of files. Runs on the compiled thread in dist.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { complete } from "../../src/engine/complete.js";
import { cutLines, editSimilarity, evaluateTexts } from "../../src/engine/evaluate.js";
import { openEngine } from "../../src/engine/open.js";
import { addedGraph, type Manifest } from "../../src/model/convert.js";
import { convertModel } from "../../src/model/conversion.js";
import { foretell, windowsOf } from "../../src/model/foretell.js";
import { writeRandomModel } from "../model/random-model.js";
import { openSession } from "../../src/onnx/session.js";
import { collect } from "../../src/core/collect.js";
import { from } from "../engine/asking.js";
import { convertAndOpen, logSoftmax, readGolden } from "./goldens.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-evaluate-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name);
const fixture = path.resolve(import.meta.dirname, "../fixtures/gpt2/tiny");

describe("what a model foretells", () => {
  it("is what transformers' logits say: likelihoods, first guesses and first five", async () => {
    const opened = await convertAndOpen(fixture, at("gpt2"), "fp32");
    const manifest: Manifest = {
      version: 2,
      origin: "fixture",
      dtype: "fp32",
      device: "cpu",
      model: opened.model,
      sha256: "",
      weights: {},
    };
    const session = await openSession(await addedGraph(at("gpt2"), manifest, "rank"), { threads: 1 });
    const sums = { tokens: 0, nll: 0, first: 0, firstFive: 0 };
    const windows = [];
    const count = (logits: Float32Array | undefined, token: number): void => {
      const likelihoods = logSoftmax(logits ?? []);
      const rank = likelihoods.filter((other) => other > (likelihoods[token] ?? NaN)).length;
      sums.tokens++;
      sums.nll -= likelihoods[token] ?? NaN;
      sums.first += Number(rank === 0);
      sums.firstFive += Number(rank < 5);
    };
    for (const { prompt, logits, tokens, steps } of readGolden(fixture).rows) {
      const text = [...prompt, ...tokens];
      windows.push(...windowsOf(text, { length: 64, stride: 32 }));
      const before = [...logits, ...steps.slice(1)];
      for (const [place, token] of text.slice(1).entries()) count(before[place], token);
      // Guesses of every rank, too.
      for (const [place, own] of logits.entries()) {
        const ranked = Array.from(own.keys()).sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0));
        const token = ranked[place % 8] ?? 0;
        windows.push({ prompt: prompt.slice(0, place + 1), text: [token] });
        count(own, token);
      }
    }
    const together = await foretell(session, windows);
    await session.close();
    await opened.close();
    expect(together).toMatchObject({ tokens: sums.tokens, first: sums.first, firstFive: sums.firstFive });
    expect(together.nll / sums.nll).toBeCloseTo(1, 6);
    expect(sums.first).toBeGreaterThan(0);
    expect(sums.first).toBeLessThan(sums.firstFive);
    expect(sums.firstFive).toBeLessThan(sums.tokens);
  });
});

describe("an evaluation", () => {
  it("sums what windows of all files give, and completes the lines that it draws", async () => {
    await writeRandomModel(at("tiny"));
    await convertModel(at("tiny"), at("int8"), { draw: () => undefined });
    const model = `local:${at("int8")}`;
    const texts = ["def é(a):\n    return a + 1\n\nprint(é(3))\n".repeat(3), "x = [1, 2]\n"];
    const options = { window: 40, stride: 25, lines: 2, maxTokens: 12, seed: 4, threads: 1 };
    const evaluation = await evaluateTexts(model, from(texts), options);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    // A token is a byte here.
    expect(evaluation).toMatchObject({ files: 2, tokens: bytes, bytes, lines: 3 });

    const engine = await openEngine(model, { threads: 1 });
    const pairs = texts.flatMap((text, file) =>
      windowsOf([0, ...Array.from(Buffer.from(text), (byte) => byte + 1)], { length: 40, stride: 25 }).map(
        (pair, window) => ({ ...pair, key: `${file} ${window}` }),
      ),
    );
    const scores = await collect(engine.score(from(pairs)));
    await engine.close();
    const nll = scores.reduce((sum, score) => sum + ("nll" in score ? score.nll * score.tokens : NaN), 0);
    expect(evaluation.perplexity).toBeCloseTo(Math.exp(nll / bytes), 3);
    expect(evaluation.bitsPerByte).toBeCloseTo(nll / bytes / Math.LN2, 5);
    expect(evaluation.top1).toBeLessThanOrEqual(evaluation.top5);

    const near: number[] = [];
    for (const [file, text] of texts.entries())
      for (const { before, rest } of cutLines(text, 2, `4:${file}`)) {
        const [line] = await complete(model, before, { maxTokens: 12, stop: ["\n"], threads: 1 });
        near.push(editSimilarity((line?.text ?? "").trimEnd(), rest));
      }
    expect(evaluation.editSimilarity).toBeCloseTo(near.reduce((sum, one) => sum + one, 0) / 3, 10);
    expect(evaluation.sameLines).toBe(near.filter((one) => one === 1).length / 3);
    const refused = evaluateTexts(model, from(texts), { window: 99_999 });
    await expect(refused).rejects.toThrow(/windows of 99999 tokens every \d+ don't fit: up to 16384/);
    await expect(evaluateTexts(model, from([""]))).rejects.toThrow(/no token to foretell/);
    await expect(evaluateTexts("openai:gpt", from(texts))).rejects.toThrow(/can't be evaluated/);
  });
});
