import { appendFile, mkdtemp, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { Journal } from "../../src/core/journal.js";

interface Row {
  readonly key: string;
  readonly text: string;
}

let file: string;
beforeEach(async () => {
  file = path.join(await mkdtemp(path.join(tmpdir(), "journal-")), "rows.jsonl.part");
});

const row = (key: string): Row => ({ key, text: `naïve "quoted" 🐍 ${key}\n` });

async function write(...keys: string[]): Promise<void> {
  const journal = await Journal.open(file);
  await journal.append(keys.map((key) => ({ file: "rows", row: row(key) })));
  await journal.close();
}

/** V8 shares the text of longer pieces of a string only. */
const LONG_NAME = "responses.completions";

/** Bytes in use, after all garbage is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

async function keysIn(name = "rows"): Promise<string[]> {
  const journal = await Journal.open(file);
  await journal.finish();
  const keys: string[] = [];
  for await (const { key } of journal.follow<Row>(name)) keys.push(key);
  await journal.close();
  return keys;
}

describe("a journal", () => {
  it("gives back what was appended, to the letter", async () => {
    await write("b", "a");
    const journal = await Journal.open(file);
    expect(journal.has("a")).toBe(true);
    expect(journal.has("c")).toBe(false);
    expect(await journal.last<Row>("rows")).toEqual(row("a"));
    const texts: string[] = [];
    for await (const text of journal.texts("rows", "key")) texts.push(text);
    expect(texts).toEqual([JSON.stringify(row("a")), JSON.stringify(row("b"))]);
    await journal.close();
  });

  it("keeps every whole row, whichever byte the process died at", async () => {
    await write("one", "two", "three");
    const whole = await readFile(file);
    const ends = [0];
    for (let at = whole.indexOf(10); at >= 0; at = whole.indexOf(10, at + 1)) ends.push(at + 1);
    for (let size = 0; size <= whole.length; size++) {
      await writeFile(file, whole.subarray(0, size));
      const rows = ends.filter((end) => end > 0 && end <= size).length;
      expect(await keysIn(), `cut at byte ${size}`).toEqual(["one", "two", "three"].slice(0, rows));
      await write("after");
      expect(await keysIn()).toHaveLength(rows + 1);
    }
  });

  it("refuses a damaged middle and names file and line", async () => {
    await write("one", "two", "three");
    const bytes = await readFile(file);
    bytes[bytes.indexOf(10) + 40] = 0x20;
    await writeFile(file, bytes);
    const opening = Journal.open(file);
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(/rows\.jsonl\.part line 2 is damaged/);
    expect(await readFile(file)).toEqual(bytes);
  });

  it("refuses a flipped bit that leaves valid JSON", async () => {
    await write("one", "two");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("naïve", "naive"));
    await expect(Journal.open(file)).rejects.toThrow(/line 1 is damaged/);
  });

  it("cuts a last line of zeros, as a power cut may leave", async () => {
    await write("one");
    await appendFile(file, Buffer.alloc(100));
    expect(await keysIn()).toEqual(["one"]);
  });

  it("lets a reader follow rows as they come, and only those of its file", async () => {
    const journal = await Journal.open(file);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { key } of journal.follow<Row>("rows")) seen.push(key);
    })();
    for (let i = 0; i < 20; i++) {
      await journal.append([
        { file: "rows", row: row(`r${i}`) },
        { file: "other", row: row(`o${i}`) },
      ]);
      expect(seen.length).toBeLessThanOrEqual(i + 1);
    }
    await journal.finish();
    await reading;
    await journal.close();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `r${i}`));
  });

  it("hands a reader the error that ended the writer", async () => {
    const journal = await Journal.open(file);
    const reading = journal.follow<Row>("rows").next();
    await journal.abandon(new Error("disk on fire"));
    await expect(reading).rejects.toThrow("disk on fire");
    await journal.close();
  });

  it("drops what stands behind the last row of a file, and goes on from there", async () => {
    const journal = await Journal.open(file);
    const entries = ["a", "b", "mark", "c", "d"].map((key) => ({
      file: key === "mark" ? "marks" : "rows",
      row: row(key),
    }));
    await journal.append(entries);
    await journal.cutAfterLast("marks");
    expect([journal.has("c"), journal.counts().get("rows")]).toEqual([false, 2]);
    await journal.append([{ file: "rows", row: row("e") }]);
    await journal.close();
    expect(await keysIn()).toEqual(["a", "b", "e"]);
  });

  it("keeps the places of its rows in memory, not their text, when opened again", async () => {
    const text = "x".repeat(20_000);
    const begun = await Journal.open(file);
    await begun.append(
      Array.from({ length: 1_000 }, (_, at) => ({ file: LONG_NAME, row: { key: `${at}`, text } })),
    );
    await begun.close();
    const before = heapBytes();
    const journal = await Journal.open(file);
    const taken = heapBytes() - before;
    expect(journal.size).toBe(1_000);
    expect(taken).toBeLessThan(2_000_000);
    await journal.close();
  });

  it("keeps short keys outside the heap, and nothing of rows that are on disk", async () => {
    const journal = await Journal.open(file);
    const append = (from: number): Promise<void> =>
      journal.append(
        Array.from({ length: 20_000 }, (_, at) => ({ file: "rows", row: { key: `k${from + at}` } })),
      );
    await append(0);
    const before = heapBytes();
    await append(20_000);
    expect(heapBytes() - before).toBeLessThan(500_000);
    await journal.close();
  });

  it("says that rows are on disk while others still come", async () => {
    const journal = await Journal.open(file);
    const first = journal.append([{ file: "rows", row: row("first") }]).then(() => "there");
    const others = (async () => {
      for (let at = 0; at < 500; at++) {
        void journal.append([{ file: "rows", row: row(`r${at}`) }]);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return "no more come";
    })();
    expect(await Promise.race([first, others])).toBe("there");
    expect(await readFile(file, "utf8")).toContain('"key":"first"');
    await others;
    await journal.flush();
    await journal.close();
  });

  it("gives many rows of one file in their order, however they lie", async () => {
    const keys = Array.from({ length: 6_000 }, (_, at) => String((at * 4_999) % 6_000).padStart(4, "0"));
    const journal = await Journal.open(file);
    const textOf = (key: string): string => "\u00e4".repeat(key.endsWith("000") ? 400_000 : Number(key) % 90);
    const entries = keys.flatMap((key) => [
      { file: "rows", row: { key, text: textOf(key) } },
      { file: "others", row: { key: `${key}!`, text: "x".repeat(key.endsWith("7") ? 9_000 : 0) } },
    ]);
    await journal.append(entries);
    const given = async (order: "key" | "appended"): Promise<Row[]> => {
      const rows: Row[] = [];
      for await (const text of journal.texts("rows", order)) rows.push(JSON.parse(text) as Row);
      return rows;
    };
    const isRight = ({ key, text }: Row): boolean => text === textOf(key);
    const [sorted, appended] = [await given("key"), await given("appended")];
    expect(sorted.map(({ key }) => key)).toEqual([...keys].sort());
    expect(appended.map(({ key }) => key)).toEqual(keys);
    expect([sorted.every(isRight), appended.every(isRight)]).toEqual([true, true]);
    await journal.close();
  });

  it("is not harmed by a torn row that is cut twice", async () => {
    await write("one", "two");
    await truncate(file, (await readFile(file)).length - 3);
    expect(await keysIn()).toEqual(["one"]);
    expect(await keysIn()).toEqual(["one"]);
  });
});
