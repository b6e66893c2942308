// Lessons by hand: which rows become one, and which tokens of a batch count.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseTemplate } from "../../src/dataset/template.js";
import type { Batch } from "../../src/train/learner.js";
import { filledTo, openLessonBatches, openPairBatches, packed } from "../../src/train/lessonbatches.js";
import { exchangeOf, lessonOf, readLessons, type Lesson } from "../../src/train/lessons.js";

const template = parseTemplate("Q: {{ instruction }}\nA: {{ response }}.");
/** A letter is a token. */
const letters = {
  encode: (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0) - 96),
};
const END = 0;

describe("a row", () => {
  const ask = { role: "user", content: "x" };
  const answer = { role: "assistant", content: "y" };

  it.each([
    [{ messages: [ask, answer] }, { prompt: "Q: x\nA: ", response: "y." }],
    [
      { id: 1, prompt: "a", completion: "b" },
      { prompt: "a", response: "b" },
    ],
    [
      { prompt: "", completion: "b" },
      { prompt: "", response: "b" },
    ],
    [{ prompt: "a", completion: "" }, "no-response"],
    [{ messages: [ask, { ...answer, content: "" }] }, "no-response"],
    [{ messages: [ask, answer, ask, answer] }, "several-turns"],
    [{ messages: [answer, ask] }, "not-understood"],
    [{ messages: [ask] }, "not-understood"],
    [{ messages: [ask, { role: "assistant" }] }, "not-understood"],
    [{ text: "a b" }, "not-understood"],
    [["a", "b"], "not-understood"],
  ])("%j becomes %j", (row, expected) => {
    expect(exchangeOf(row, template)).toEqual(expected);
  });
});

describe("an exchange", () => {
  const exchange = { prompt: "ab", response: "cd" };

  it("is a prompt and a response with an end", () => {
    expect(lessonOf(exchange, letters, { context: 5, end: END })).toEqual({
      prompt: [1, 2],
      response: [3, 4, 0],
    });
  });

  it("is two framed texts for a model of two sides", () => {
    const options = { context: 4, end: END, begin: 9, twoSided: true };
    expect(lessonOf(exchange, letters, options)).toEqual({ prompt: [9, 1, 2, 0], response: [9, 3, 4, 0] });
  });

  it("that does not fit is left out, not cut", () => {
    expect(lessonOf(exchange, letters, { context: 4, end: END })).toBe("too-long");
    expect(lessonOf(exchange, letters, { context: 2, end: END, twoSided: true })).toBe("too-long");
    expect(lessonOf(exchange, letters, { context: 3, end: END, twoSided: true })).not.toBe("too-long");
  });
});

describe("a file", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "selfalign-lessons-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const written = (...rows: readonly unknown[]): string => {
    const file = path.join(folder, "rows.jsonl");
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return file;
  };
  const options = { context: 5, end: END };

  it("gives its lessons in order and counts what it leaves out", async () => {
    const file = written(
      { prompt: "a", completion: "b" },
      { text: "ab" },
      { prompt: "abcdef", completion: "g" },
      { prompt: "c", completion: "d" },
      { prompt: "a", completion: "bcdef" },
    );
    expect(await readLessons(file, letters, options)).toEqual({
      lessons: [
        { prompt: [1], response: [2, END] },
        { prompt: [3], response: [4, END] },
      ],
      dropped: { "not-understood": 1, "too-long": 2 },
    });
  });

  it("that teaches nothing is refused, and so is one that is not there", async () => {
    await expect(readLessons(written({ text: "a" }), letters, options)).rejects.toThrow(
      /teaches nothing \(1 not-understood\)/,
    );
    await expect(readLessons(path.join(folder, "none.jsonl"), letters, options)).rejects.toThrow(
      /can't be read/,
    );
  });
});

const lesson = (prompt: readonly number[], response: readonly number[]): Lesson => ({ prompt, response });
const [ONE, TWO, THREE] = [lesson([1, 2], [3, 4, END]), lesson([5], [6, END]), lesson([7, 8, 9], [10, END])];
const numbers = (batch: Batch, name: string): number[] => Array.from(batch[name]?.data ?? [], Number);

describe("rows that are filled up", () => {
  it("count the responses alone, each foretold from the token before", async () => {
    const batches = openLessonBatches([ONE, TWO], { rows: 3, context: 8, pad: 99, seed: null });
    const batch = await batches.batch(0, 0);
    expect(batch["ids"]?.dims).toEqual([3, 6]);
    expect(numbers(batch, "ids")).toEqual([
      ...[1, 2, 3, 4, END, 99],
      ...[5, 6, END, 99, 99, 99],
      ...[99, 99, 99, 99, 99, 99],
    ]);
    expect(numbers(batch, "targets").slice(0, 12)).toEqual([
      ...[2, 3, 4, END, 99, 0],
      ...[6, END, 99, 99, 99, 0],
    ]);
    expect(numbers(batch, "weights")).toEqual([
      ...[0, 1, 1, 1, 0, 0],
      ...[1, 1, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0],
    ]);
  });

  it("count a response without a prompt but for its first token", async () => {
    const batches = openLessonBatches([lesson([], [3, 4, END])], {
      rows: 1,
      context: 4,
      pad: 99,
      seed: null,
    });
    expect(numbers(await batches.batch(0, 0), "weights")).toEqual([1, 1, 0]);
  });

  it("have few lengths", () => {
    expect([1, 64, 65, 128, 193, 256].map((longest) => filledTo(longest, 256))).toEqual([
      64, 64, 128, 128, 256, 256,
    ]);
    expect(filledTo(10, 10)).toBe(10);
  });
});

describe("rows that are packed", () => {
  it("hold whole lessons, one behind the other", async () => {
    expect(packed([ONE, TWO, THREE], 8)).toEqual([[ONE, TWO], [THREE]]);
    expect(packed([ONE, TWO, THREE], 5)).toEqual([[ONE], [TWO], [THREE]]);
    const options = { rows: 1, context: 13, pad: 99, seed: 1, packed: true };
    const batches = openLessonBatches([ONE, TWO, THREE], options);
    expect(batches.count).toBe(1);
    const batch = await batches.batch(0, 0);
    const [ids, weights] = [numbers(batch, "ids"), numbers(batch, "weights")];
    expect(ids).toHaveLength(13);
    const order = [ONE, TWO, THREE].sort(
      (a, b) => ids.indexOf(a.prompt[0] ?? -1) - ids.indexOf(b.prompt[0] ?? -1),
    );
    expect(ids).toEqual(order.flatMap(({ prompt, response }) => [...prompt, ...response]));
    // A token counts where the one after it is of a response.
    const answers = order.flatMap(({ prompt, response }) => [
      ...prompt.map(() => 0),
      ...response.map(() => 1),
    ]);
    expect(weights).toEqual([...answers.slice(1), 0]);
  });
});

it("a model of two sides reads the prompt and writes the response", async () => {
  const batches = openPairBatches([ONE, THREE], { rows: 3, context: 4, pad: 99, seed: null });
  const batch = await batches.batch(0, 0);
  expect(numbers(batch, "ids")).toEqual([1, 2, 99, 7, 8, 9, 99, 99, 99]);
  expect(numbers(batch, "mask")).toEqual([1, 1, 0, 1, 1, 1, 0, 0, 0]);
  expect(numbers(batch, "targets")).toEqual([3, 4, END, 10, END, 99, 99, 99, 99]);
  expect(numbers(batch, "weights")).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0]);
  expect(batch["ids"]?.dims).toEqual([3, 3]);
  expect(() => openPairBatches([ONE], { rows: 1, context: 4, pad: 0, seed: 1, packed: true })).toThrow(
    /pack/,
  );
});

it("each epoch has another order, and the same one again", async () => {
  const lessons = Array.from({ length: 20 }, (_, at) => lesson([at], [at]));
  const open = () => openLessonBatches(lessons, { rows: 20, context: 2, pad: 0, seed: 5 });
  const first = numbers(await open().batch(0, 0), "ids");
  const second = numbers(await open().batch(1, 0), "ids");
  expect(second).not.toEqual(first);
  expect([...second].sort()).toEqual([...first].sort());
  const again = open();
  await again.batch(1, 0);
  expect(numbers(await again.batch(0, 0), "ids")).toEqual(first);
  await expect(again.batch(0, 1)).rejects.toThrow(/batch 1 does not exist/);
});
