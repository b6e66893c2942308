// Files that survive a crash: written beside their place, forced to disk, then renamed, so that a reader meets either
// the old one or the new one; and JSON lines read one at a time, however long the file is.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { InputError } from "./errors.js";

/** Characters that are written at a time. */
const WRITE_LENGTH = 2 ** 18;

/**
 * Writes lines to a temporary file beside `target` and forces it to disk; the caller renames it into place.
 * Gives the sha256 of its bytes, so that a later stage can tell whether its input is still the same.
 */
export async function writeLinesBeside(
  target: string,
  lines: AsyncIterable<string>,
): Promise<{ temporary: string; sha256: string; rows: number }> {
  const hash = createHash("sha256");
  const temporary = `${target}.tmp`;
  const handle = await open(temporary, "w");
  let rows = 0;
  // A write for each line would take longer than all else that is done with it.
  let waiting: string[] = [];
  let length = 0;
  const write = async (): Promise<void> => {
    const bytes = Buffer.from(waiting.join(""), "utf8");
    hash.update(bytes);
    await handle.appendFile(bytes);
    [waiting, length] = [[], 0];
  };
  try {
    for await (const line of lines) {
      waiting.push(`${line}\n`);
      length += line.length;
      rows++;
      if (length >= WRITE_LENGTH) await write();
    }
    await write();
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { temporary, sha256: hash.digest("hex"), rows };
}

/** Writes a whole small file so that a crash leaves either the old one or the new one. */
export async function writeWhole(target: string, text: string): Promise<void> {
  const temporary = `${target}.tmp`;
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(text, "utf8");
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, target);
  await syncFolder(path.dirname(target));
}

/** Writes rows as JSON lines so that a crash leaves either the old file or the new one; gives their number. */
export async function writeRows(
  target: string,
  rows: AsyncIterable<object> | Iterable<object>,
): Promise<number> {
  const lines = async function* (): AsyncGenerator<string> {
    for await (const row of rows) yield JSON.stringify(row);
  };
  try {
    const { temporary, rows: count } = await writeLinesBeside(target, lines());
    await rename(temporary, target);
    await syncFolder(path.dirname(target));
    return count;
  } catch (error) {
    await rm(`${target}.tmp`, { force: true });
    throw error;
  }
}

/** Forces a folder's entries to disk, so that a rename or a removal survives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes files for good; those that are not there are no matter. */
export async function removeFiles(files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file, { force: true });
  for (const folder of new Set(files.map((file) => path.dirname(file)))) {
    await syncFolder(folder).catch((error: unknown) => {
      if (!isMissing(error)) throw asError(error);
    });
  }
}

/**
 * The rows of a published JSONL file, one at a time.
 * @throws InputError naming file and line when a line is not JSON.
 */
export async function* readRows<Row>(file: string): AsyncGenerator<Row> {
  let number = 0;
  for await (const { bytes, whole } of linesOf(file)) {
    number++;
    let row: Row;
    try {
      row = JSON.parse(bytes.toString("utf8")) as Row;
    } catch {
      const problem = whole ? "is not JSON" : "ends in the middle";
      throw new InputError(
        `${file} line ${number} ${problem}: restore the file, or remove it to redo its stage`,
      );
    }
    yield row;
  }
}

/** True for the error of a file that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** A line as bytes; `whole` is false for a last one without its newline. */
export interface Line {
  readonly bytes: Buffer;
  readonly whole: boolean;
}

/** Lines of a file. Absent files have none. */
export async function* linesOf(file: string): AsyncGenerator<Line> {
  for await (const group of lineGroupsOf(file)) yield* group;
}

/** Lines of a stream of bytes. */
export async function* linesIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  for await (const group of lineGroupsIn(chunks)) yield* group;
}

/** The same, those that are read together at a time: waiting for each of a million lines takes longer than reading them. */
export async function* lineGroupsOf(file: string): AsyncGenerator<readonly Line[]> {
  try {
    yield* lineGroupsIn(bytesOf(file));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Bytes that are read at a time. */
const READ_BYTES = 2 ** 18;

/** The bytes of a file as they are read. */
export function bytesOf(file: string): AsyncIterable<Buffer> {
  return createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>;
}

/** Lines of a stream of bytes, those that end in one piece of it at a time. */
export async function* lineGroupsIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[]> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      lines.push({ bytes: rest.length === 0 ? piece : Buffer.concat([...rest, piece]), whole: true });
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  const bytes = Buffer.concat(rest);
  if (bytes.length > 0) yield [{ bytes, whole: false }];
}

/** The value itself if it is an error, otherwise one that says it. */
export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
