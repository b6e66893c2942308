import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { readConala } from "../../src/rewrite/conala.js";
import { conalaPairs, curatedConala } from "../../src/rewrite/pairs.js";
import { linesOf, parquetOf } from "../corpus/reading.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-conala-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(path.join(base, name), content);
  return path.join(base, name);
}

// Rows in the published layout, texts of our own.
const curated = [
  {
    question_id: 11,
    intent: "How do I sort a list of rows\n by the second column? ",
    rewritten_intent: "sort list `rows` by the second item of each row",
    snippet: "rows.sort(key=lambda row: row[1])\n",
  },
  { question_id: 12, intent: "Read a file", rewritten_intent: null, snippet: "open(path).read()" },
  { question_id: 12, intent: "Read a file", rewritten_intent: " ", snippet: "print('a\\tb')" },
];
const mined = curated.map(({ question_id, intent, snippet }, n) => ({
  parent_answer_post_id: 9,
  prob: 0.8,
  snippet,
  intent,
  id: `${n}`,
  question_id,
}));
const records = curated.map(({ question_id, intent, snippet }, n) => ({
  questionId: question_id,
  intent,
  rewrittenIntent: n === 0 ? "sort list `rows` by the second item of each row" : null,
  snippet,
}));

describe("CoNaLa's files", () => {
  it("are read as they are published: a JSON array", async () => {
    const file = write("array.json", JSON.stringify(curated, null, 2));
    expect(await collect(readConala(file))).toEqual(records.map((record) => ({ record })));
  });

  it("are read as JSON lines, packed or not, where nothing is rewritten", async () => {
    const wanted = records.map((record) => ({ record: { ...record, rewrittenIntent: null } }));
    expect(await collect(readConala(write("mined.jsonl", linesOf(mined))))).toEqual(wanted);
    expect(await collect(readConala(write("mined.jsonl.gz", gzipSync(linesOf(mined)))))).toEqual(wanted);
  });

  it("are read as Parquet, whose numbers are large integers", async () => {
    const column = (name: keyof (typeof curated)[number]): unknown[] => curated.map((row) => row[name]);
    const columns = {
      question_id: curated.map(({ question_id }) => BigInt(question_id)),
      intent: column("intent"),
      rewritten_intent: column("rewritten_intent"),
      snippet: column("snippet"),
      prob: [1, 0.5, 0.25],
    };
    const file = write("mirror.parquet", parquetOf(columns, 2));
    expect(await collect(readConala(file))).toEqual(records.map((record) => ({ record })));
  });

  it("give a reason for every row that is none", async () => {
    const rows = [
      curated[0],
      "no json",
      { ...curated[0], intent: 3 },
      { ...curated[0], snippet: " \n" },
      { ...curated[0], question_id: "abc" },
      { ...curated[0], question_id: null },
      { ...curated[0], rewritten_intent: ["x"] },
    ];
    const { pairs, dropped } = await conalaPairs(write("bad.jsonl", linesOf(rows)));
    expect(pairs).toHaveLength(1);
    expect(dropped).toEqual({ "not-json": 1, "wrong-field": 4, "empty-text": 1 });
  });

  it("are refused where they are something else", async () => {
    const file = write("other.parquet", parquetOf({ text: ["a"] }));
    await expect(conalaPairs(file)).rejects.toThrow(
      /has no column question_id, intent, snippet: it has text; name a file of CoNaLa/,
    );
    await expect(conalaPairs(path.join(base, "gone.jsonl"))).rejects.toThrow(/gone\.jsonl" can't be read/);
    await expect(curatedConala(base)).rejects.toThrow(/conala-train\.json" is not there/);
  });
});

describe("pairs", () => {
  it("have the intent on one line, the code below it, and what people made of both", async () => {
    const { pairs, dropped } = await conalaPairs(write("pairs.json", JSON.stringify(curated)));
    expect(pairs).toEqual([
      {
        id: "11",
        source: "How do I sort a list of rows by the second column?\nrows.sort(key=lambda row: row[1])",
        target: "sort list `rows` by the second item of each row",
      },
    ]);
    expect(dropped).toEqual({ "no-rewriting": 2 });
  });

  it("let an intent that nobody rewrote stand for itself where that is asked for", async () => {
    const { pairs } = await conalaPairs(write("none.json", JSON.stringify(curated)), { intentForNone: true });
    expect(pairs.map(({ target }) => target)).toEqual([pairs[0]?.target, "Read a file", "Read a file"]);
  });

  it("to learn from are those of the training file, to validate with those of the test file", async () => {
    write("conala-train.json", JSON.stringify(curated));
    write("conala-test.json", JSON.stringify([{ ...curated[0], question_id: 99 }]));
    const { training, validation } = await curatedConala(base);
    expect([training, validation].map(({ pairs }) => pairs.map(({ id }) => id))).toEqual([["11"], ["99"]]);
  });
});
