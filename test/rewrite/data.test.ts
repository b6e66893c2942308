import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { openExchanges, openPairs } from "../../src/rewrite/data.js";

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-pairs-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

it("opens CoNaLa's curated files, each on its side", async () => {
  const row = (question_id: number, rewritten_intent: string | null): object => ({
    question_id,
    intent: `how to ${question_id}`,
    rewritten_intent,
    snippet: "f(x)",
  });
  write("conala-train.json", JSON.stringify([row(1, "call `f`"), row(2, null), row(3, "call `f` with `x`")]));
  write("conala-test.json", JSON.stringify([row(4, "call"), row(5, null)]));
  const { training, validation, dropped } = await openPairs(`conala:${folder}`);
  expect(training).toEqual([
    { id: "1", source: "how to 1\nf(x)", target: "call `f`" },
    { id: "3", source: "how to 3\nf(x)", target: "call `f` with `x`" },
  ]);
  expect(validation.map(({ id }) => id)).toEqual(["4"]);
  expect(dropped).toEqual({ "no-rewriting": 2 });
  expect(await openExchanges(`conala:${folder}`)).toEqual({
    training: [
      { prompt: "how to 1\nf(x)", response: "call `f`" },
      { prompt: "how to 3\nf(x)", response: "call `f` with `x`" },
    ],
    validation: [{ prompt: "how to 4\nf(x)", response: "call" }],
  });
  expect(await openExchanges("rows.jsonl")).toBe("rows.jsonl");
});

it("splits a file by the seed, and counts what it can't use", async () => {
  const rows = Array.from({ length: 20 }, (_, at) =>
    JSON.stringify({ prompt: `p${at}`, completion: `c${at}` }),
  );
  const file = write(
    "rows.jsonl",
    [...rows, '{"prompt": "p", "completion": ""}', '{"text": "t"}'].join("\n"),
  );
  const one = await openPairs(file, { validation: 0.25, seed: 1 });
  expect([one.training.length, one.validation.length]).toEqual([15, 5]);
  expect(one.dropped).toEqual({ "no-response": 1, "not-understood": 1 });
  const all = [...one.training, ...one.validation].map(({ source }) => source);
  expect(new Set(all).size).toBe(20);
  expect(await openPairs(file, { validation: 0.25, seed: 1 })).toEqual(one);
  expect((await openPairs(file, { validation: 0.25, seed: 2 })).validation).not.toEqual(one.validation);
});

it("makes pairs from a corpus, and says what gives none", async () => {
  const { training, validation } = await openPairs("synthetic:stdlib", { validation: 0.2, seed: 3 });
  expect(training.length).toBeGreaterThan(3 * validation.length);
  expect(validation.length).toBeGreaterThan(100);
  const file = write("none.jsonl", '{"text": "t"}\n');
  await expect(openPairs(file)).rejects.toThrow(
    "has no pair to learn (1 not-understood); name conala:FOLDER",
  );
  await expect(openPairs(path.join(folder, "absent.jsonl"))).rejects.toThrow("can't be read");
  for (const validation of [-0.1, 1, NaN])
    await expect(openPairs(file, { validation })).rejects.toThrow("can't be validation");
});

it.each(["synthetic", "denoise"])("counts a corpus's files: %s", async (kind) => {
  const corpus = path.join(folder, `${kind} corpus`);
  mkdirSync(corpus);
  const text = 'def f(path):\n    """Read the file at path and return its lines."""\n    return open(path)\n';
  for (let at = 0; at < 9; at++) writeFileSync(path.join(corpus, `m${at}.py`), text.repeat(1 + at));
  const lines: string[] = [];
  await openPairs(`${kind}:folder:${corpus}`, { validation: 0, draw: (line) => void lines.push(line) });
  expect(lines.at(-1)).toMatch(/^files read for pairs: 9 read/);
});

// The standard library's files are here already: nothing but a pause of ours lets a signal be heard.
it.each(["synthetic", "denoise"])("hears between two files that it is to stop: %s", async (kind) => {
  const lines: string[] = [];
  const stop = new AbortController();
  const pairs = openPairs(`${kind}:stdlib`, {
    signal: stop.signal,
    draw(line) {
      if (lines.push(line) === 3) setTimeout(() => stop.abort(new Error("enough")), 0);
    },
  });
  await expect(pairs).rejects.toThrow("enough");
  expect(lines.some((line) => line.startsWith("files read for pairs: "))).toBe(false);
});
