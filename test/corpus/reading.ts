// What tests of corpora share: reading one to its end, resuming it at every position, and Parquet files written on the spot.
import { parquetWriteBuffer, type ColumnSource } from "hyparquet-writer";
import { expect } from "vitest";
import type { Corpus, CorpusFile, CorpusReject } from "../../src/corpus/corpus.js";

export type Item = CorpusFile | CorpusReject;

/** All items of a corpus, or those behind a position. */
export async function itemsOf(corpus: Corpus, seed: number, after?: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of corpus.files({ seed, ...(after === undefined ? {} : { after }) }))
    items.push(item);
  return items;
}

/** `path text` of a file, `path reason` of a reject. */
export function shown(item: Item): string {
  return "file" in item
    ? `${item.file.path} ${item.file.text}`
    : `${item.reject.provenance.path} !${item.reject.reason}`;
}

/** Positions sort as they come, keys are all different, and reading behind any position gives the same rest. */
export async function expectResumable(corpus: Corpus, seed = 7): Promise<Item[]> {
  const all = await itemsOf(corpus, seed);
  const orders = all.map(({ order }) => order);
  expect(orders.every((order) => /^[0-9a-f]+$/.test(order))).toBe(true);
  expect(orders).toEqual([...new Set(orders)].sort());
  const keys = all.map((item) => ("file" in item ? item.file.key : item.reject.key));
  expect(new Set(keys).size).toBe(all.length);
  for (const [at, { order }] of all.entries()) {
    expect(await itemsOf(corpus, seed, order)).toEqual(all.slice(at + 1));
  }
  return all;
}

/** A Parquet file with these columns. */
export function parquetOf(columns: Readonly<Record<string, readonly unknown[]>>, rowGroupSize = 3): Buffer {
  const columnData: ColumnSource[] = Object.entries(columns).map(([name, data]) => ({
    name,
    data: [...data],
  }));
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize }));
}

/** JSON lines. */
export function linesOf(rows: readonly unknown[]): string {
  return rows.map((row) => `${typeof row === "string" ? row : JSON.stringify(row)}\n`).join("");
}
