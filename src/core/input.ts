// A JSONL file from elsewhere, plain or gzipped (`.gz`), read line by line however long it is: once to know which file it is
// and how many rows it has, and once for the rows.
import { createHash, type Hash } from "node:crypto";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError } from "./errors.js";
import { bytesOf, lineGroupsIn } from "./files.js";

export interface InputLine {
  readonly text: string;
  /** From 1, blank lines counted. */
  readonly line: number;
}

/** What tells a file from another, and how much there is to do. */
export interface InputFacts {
  readonly sha256: string;
  readonly items: number;
}

/**
 * The lines of a file that are not blank.
 * @throws InputError when it can't be read.
 */
export async function* readInput(file: string): AsyncGenerator<InputLine> {
  for await (const lines of linesThrough(file, null)) yield* lines;
}

/**
 * Reads a file to its end; `itemsOf` a line is how much there is to do for it.
 * @throws InputError when it can't be read; the signal's reason when stopped.
 */
export async function inputFacts(
  file: string,
  signal: AbortSignal,
  itemsOf: (line: InputLine) => number = () => 1,
): Promise<InputFacts> {
  await refusePipes(file);
  const hash = createHash("sha256");
  let items = 0;
  for await (const lines of linesThrough(file, hash)) {
    signal.throwIfAborted();
    for (const line of lines) items += itemsOf(line);
  }
  return { sha256: hash.digest("hex"), items };
}

/** What can be read once only would have no rows the second time, or never answer. */
async function refusePipes(file: string): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (info !== null && !info.isFile() && !info.isDirectory())
    throw new InputError(`input "${file}" is a pipe or a device, and would be read twice: give a file`);
}

/** The lines that are not blank, those that are read together at a time. */
async function* linesThrough(file: string, hash: Hash | null): AsyncGenerator<readonly InputLine[]> {
  let read = 0;
  try {
    for await (const group of lineGroupsIn(unpacked(file, hash))) {
      const lines = group.map(({ bytes }, at): InputLine => {
        const line = read + at + 1;
        const text = bytes.toString("utf8");
        // A byte order mark is not part of the first row.
        return { text: line === 1 ? text.replace(/^\ufeff/, "") : text, line };
      });
      read += group.length;
      yield lines.filter(({ text }) => text.trim() !== "");
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The file's bytes, unpacked; `hash` is fed with them as they lie on the disk. */
function unpacked(file: string, hash: Hash | null): AsyncIterable<Buffer> {
  const packed = hashed(bytesOf(file), hash);
  // Failures of either side come out of the end of the pipe.
  return file.endsWith(".gz") ? pipeline(packed, createGunzip(), () => undefined) : packed;
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash | null): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash?.update(chunk);
    yield chunk;
  }
}

function unreadable(file: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code.startsWith("Z_"))
    return new InputError(
      `input "${file}" is not whole gzip data (${code}): make it again, or drop the .gz`,
      {
        cause: error,
      },
    );
  const problem = { ENOENT: "it is not there", EISDIR: "it is a folder", EACCES: "access is denied" }[code];
  if (problem === undefined) return error;
  return new InputError(`input "${file}" can't be read (${problem}): give a file of JSON lines`, {
    cause: error,
  });
}
