import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import type { WithSplit } from "../../src/core/record.js";
import { toSample } from "../../src/dataset/columns.js";
import { exportDataset, JSONL_FILE, PARQUET_FILE } from "../../src/dataset/export.js";
import { rowOf, rowsOf } from "./rows.js";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "selfalign-export-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function readLines(where = folder): Promise<unknown[]> {
  const text = await readFile(path.join(where, JSONL_FILE), "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

/** Rows as hyparquet reads them, 64-bit integers as numbers. */
async function readTable(where = folder): Promise<unknown[]> {
  const file = await asyncBufferFromFile(path.join(where, PARQUET_FILE));
  const rows = await parquetReadObjects({ file });
  return JSON.parse(
    JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
  ) as unknown[];
}

describe("exportDataset", () => {
  it("writes the same rows to both files, numbered in the order they came", async () => {
    const rows = rowsOf(25);
    expect(await exportDataset(rows, folder, { rowGroupRows: 10 })).toBe(25);
    const expected = rows.map((row, id) => toSample(row, id));
    expect(await readLines()).toEqual(expected);
    expect(await readTable()).toEqual(expected);
  });

  it("makes one row group per rowGroupRows, and no empty one", async () => {
    await exportDataset(rowsOf(20), folder, { rowGroupRows: 10 });
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path.join(folder, PARQUET_FILE)));
    expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual([10, 10]);
    expect(metadata.created_by).toBe("selfalign (hyparquet-writer)");
  });

  it("declares types, whatever the values look like", async () => {
    await exportDataset(rowsOf(3), folder);
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path.join(folder, PARQUET_FILE)));
    const types = Object.fromEntries(
      schema.map(({ name, type, repetition_type }) => [name, `${type ?? "group"} ${repetition_type ?? ""}`]),
    );
    expect(types).toMatchObject({
      id: "INT64 REQUIRED",
      concepts: "group REQUIRED",
      element: "BYTE_ARRAY OPTIONAL",
      prompt: "BYTE_ARRAY OPTIONAL",
      mutation_score: "DOUBLE OPTIONAL",
      overlap: "DOUBLE REQUIRED",
      hasDocstring: "BOOLEAN REQUIRED",
      licence: "BYTE_ARRAY OPTIONAL",
    });
  });

  it("writes whole numbers of double columns so that a reader of JSON lines takes them for doubles", async () => {
    await exportDataset([rowOf({ metrics: { overlap: 1 }, result: { mutationScore: 0 } })], folder);
    const text = await readFile(path.join(folder, JSONL_FILE), "utf8");
    expect(text).toContain('"overlap":1.0,"rmi":null,');
    expect(text).toContain('"mutation_score":0.0,');
    expect(text).toContain('"asserts":2,');
  });

  it("writes two valid files where there are no rows", async () => {
    expect(await exportDataset([], folder)).toBe(0);
    expect(await readFile(path.join(folder, JSONL_FILE), "utf8")).toBe("");
    expect(await readTable()).toEqual([]);
  });

  it("gives the same bytes for the same rows", async () => {
    const again = path.join(folder, "again");
    await exportDataset(rowsOf(30), folder);
    await exportDataset(rowsOf(30), again);
    for (const name of [JSONL_FILE, PARQUET_FILE]) {
      const [one, two] = await Promise.all([folder, again].map((where) => readFile(path.join(where, name))));
      expect(one?.equals(two ?? Buffer.of())).toBe(true);
    }
  });

  it("puts U+FFFD in place of half a surrogate pair in both files", async () => {
    await exportDataset([rowOf({ instruction: "half \ud83d, whole 🐍" })], folder);
    const wanted = [expect.objectContaining({ instruction: "half \ufffd, whole 🐍" })];
    expect(await readLines()).toEqual(wanted);
    expect(await readTable()).toEqual(wanted);
  });

  it("pulls rows only as fast as it writes them", async () => {
    let given = 0;
    let most = 0;
    const file = path.join(folder, `${JSONL_FILE}.tmp`);
    const rows = async function* (): AsyncGenerator<WithSplit> {
      for (const row of rowsOf(50)) {
        const written = (await readFile(file, "utf8")).split("\n").length - 1;
        most = Math.max(most, given - written);
        given++;
        yield row;
      }
    };
    await exportDataset(rows(), folder, { rowGroupRows: 10 });
    expect(most).toBe(9);
  });

  it("leaves what was there, and nothing else, when the rows end in an error", async () => {
    await exportDataset(rowsOf(2), folder);
    const before = await readLines();
    const broken = async function* (): AsyncGenerator<WithSplit> {
      yield* rowsOf(3);
      await Promise.reject(new Error("upstream broke"));
    };
    await expect(exportDataset(broken(), folder)).rejects.toThrow("upstream broke");
    expect(await readLines()).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual([JSONL_FILE, PARQUET_FILE]);
  });

  it("refuses rows that are not in the order of their keys, or come twice", async () => {
    const [first, second] = rowsOf(2);
    if (!first || !second) throw new Error("two rows were made");
    await expect(exportDataset([second, first], folder)).rejects.toThrow("internal: rows must ascend by key");
    await expect(exportDataset([first, first], folder)).rejects.toThrow("internal: rows must ascend by key");
  });

  it("tells a person why a folder cannot be written", async () => {
    const file = path.join(folder, "file");
    await writeFile(file, "");
    const failure = exportDataset(rowsOf(1), path.join(file, "below"));
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow(/^dataset folder ".*below" cannot be written: a file stands/);
  });
});
