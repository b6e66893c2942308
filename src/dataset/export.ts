// The published files: instruction_dataset.jsonl and instruction_dataset.parquet. In: validated rows in the order of
// their keys, as a stream. Out: two files with the same rows, ids from 0, whose bytes depend on the rows only; each is
// written beside its place, forced to disk and renamed, so that a crash leaves the old one or the new one. Holds one
// row group in memory.
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { syncFolder } from "../core/files.js";
import type { Sample, WithSplit } from "../core/record.js";
import { SAMPLE_COLUMNS, toSample } from "./columns.js";
import { createParquet } from "./parquet.js";
import type { Column, ParquetRow, PlainColumn } from "./parquet.js";

/** Folder of the published files inside a run. */
export const DATASET_FOLDER = "final_dataset";
export const JSONL_FILE = "instruction_dataset.jsonl";
export const PARQUET_FILE = "instruction_dataset.parquet";

export interface ExportOptions {
  /** Rows held in memory, and rows of a Parquet row group; default 1,000. */
  readonly rowGroupRows?: number;
}

/** Files that rows are being written to, under names of their own. */
interface Drafts {
  write(samples: readonly Sample[]): Promise<void>;
  /** Forces both to disk. */
  finish(): Promise<void>;
  /** Closes and removes both. */
  abandon(): Promise<void>;
}

/**
 * Writes both files into `folder` (made if it is not there) and gives the number of rows.
 * @param rows in strictly ascending order of `key`
 * @throws InputError where the folder cannot be written or the disk is full; what was there stays as it was.
 */
export async function exportDataset(
  rows: AsyncIterable<WithSplit> | Iterable<WithSplit>,
  folder: string,
  options: ExportOptions = {},
): Promise<number> {
  const { rowGroupRows = 1000 } = options;
  const files = [JSONL_FILE, PARQUET_FILE].map((name) => path.join(folder, name));
  try {
    await mkdir(folder, { recursive: true });
    const count = await writeDrafts(await openDrafts(files.map(draftOf)), samplesOf(rows), rowGroupRows);
    for (const file of files) await rename(draftOf(file), file);
    await syncFolder(folder);
    return count;
  } catch (error) {
    throw explained(error, folder);
  }
}

function draftOf(file: string): string {
  return `${file}.tmp`;
}

async function* samplesOf(rows: AsyncIterable<WithSplit> | Iterable<WithSplit>): AsyncGenerator<Sample> {
  let id = 0;
  let last = "";
  for await (const row of rows) {
    if (id > 0 && row.key <= last)
      throw new Error(`internal: rows must ascend by key, "${row.key}" came after "${last}"`);
    last = row.key;
    yield toSample(row, id++);
  }
}

async function writeDrafts(
  drafts: Drafts,
  samples: AsyncIterable<Sample>,
  groupRows: number,
): Promise<number> {
  let count = 0;
  let group: Sample[] = [];
  try {
    for await (const sample of samples) {
      count++;
      if (group.push(sample) < groupRows) continue;
      await drafts.write(group);
      group = [];
    }
    await drafts.write(group);
    await drafts.finish();
    return count;
  } catch (error) {
    await drafts.abandon();
    throw error;
  }
}

async function openDrafts([jsonl = "", parquet = ""]: readonly string[]): Promise<Drafts> {
  const lines = await open(jsonl, "w");
  const table = await createParquet(parquet, SAMPLE_COLUMNS);
  return {
    async write(samples) {
      const rows = samples.map((sample) => ({ ...sample }));
      await lines.writeFile(rows.map((row) => `${jsonLine(row)}\n`).join(""), "utf8");
      await table.write(rows);
    },
    async finish() {
      await lines.sync();
      await lines.close();
      await table.finish();
    },
    async abandon() {
      await Promise.allSettled([lines.close(), table.abandon()]);
      await Promise.allSettled([jsonl, parquet].map((file) => rm(file, { force: true })));
    },
  };
}

/** A row as one line of JSON, keys in the order of the columns. */
export function jsonLine(row: ParquetRow, columns: readonly Column[] = SAMPLE_COLUMNS): string {
  const members = columns.map((column) => {
    const value = row[column.name];
    const text =
      column.kind === "struct" ? jsonLine(value as ParquetRow, column.fields) : jsonOf(column, value);
    return `${JSON.stringify(column.name)}:${text}`;
  });
  return `{${members.join(",")}}`;
}

/** Readers guess a type from the text: a whole number in a column of doubles is written `2.0`, so that it stays one. */
function jsonOf({ kind }: PlainColumn, value: unknown): string {
  return kind === "double" && Number.isInteger(value) ? `${String(value)}.0` : JSON.stringify(value);
}

/** Errors of the disk that the person at the keyboard can mend, and how. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free some space and run again",
  EDQUOT: "the disk quota is used up: free some space and run again",
  EACCES: "permission is denied: choose a folder that you may write to",
  EPERM: "permission is denied: choose a folder that you may write to",
  EROFS: "the file system is read-only: choose another folder",
  ENOTDIR: "a file stands where a folder is needed: choose another folder",
  EEXIST: "a file stands where a folder is needed: choose another folder",
};

function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const remedy = remedies[code];
  return remedy === undefined
    ? error
    : new InputError(`dataset folder "${folder}" cannot be written: ${remedy}`, { cause: error });
}
