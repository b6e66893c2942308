// JSON lines as rows (`.jsonl`, `.gz` or plain), one line in memory at a time. A row's place is the first byte of its line in
// the unpacked file, so reading goes on in the middle of a plain file without what stands before. A line that is no
// JSON object is a row with a fault.
import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { InputError } from "../core/errors.js";
import type { Bytes } from "./bytes.js";
import type { Row, Shard } from "./shards.js";

/** Longest line that is read. */
const MAX_LINE_BYTES = 32_000_000;

/** A file of JSON lines as a shard; `check` is told the columns of its first row and may refuse them. */
export function linesShard(bytes: Bytes, check: (columns: readonly string[]) => unknown): Shard {
  return { name: bytes.name, rows: (behind, signal) => rowsOf(bytes, check, behind, signal) };
}

async function* rowsOf(
  bytes: Bytes,
  check: (columns: readonly string[]) => unknown,
  behind: number | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row> {
  const packed = /\.gz$/i.test(bytes.name);
  const start = packed ? 0 : (behind ?? 0);
  const chunks = packed ? unpacked(bytes, signal) : bytes.stream(start, signal);
  for await (const { at, line } of splitLines(chunks, start)) {
    if (behind !== null && at <= behind) continue;
    if (line?.every((byte) => byte <= 32) === true) continue;
    const row = rowOf(at, line);
    if (at === 0 && "values" in row) check(Object.keys(row.values));
    yield row;
  }
}

async function* unpacked(bytes: Bytes, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const failures: Error[] = [];
  const source = Readable.from(bytes.stream(0, signal));
  source.on("error", (error) => {
    failures.push(error);
    gunzip.destroy(error);
  });
  source.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array; // zlib's streams give buffers
  } catch (cause) {
    if (failures[0] !== undefined) throw failures[0];
    throw new InputError(`file "${bytes.name}" is not gzip, or ends in the middle; fetch it again`, {
      cause,
    });
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** Lines and their first bytes; null for a line that is too long. A last line may lack its newline. */
async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
): AsyncGenerator<{ at: number; line: Buffer | null }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let at = start;
  const take = (part: Uint8Array): void => {
    length += part.length;
    if (length <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, end));
      yield { at, line: length > MAX_LINE_BYTES ? null : Buffer.concat(parts) };
      at += length + 1;
      parts = [];
      length = 0;
      from = end + 1;
    }
    take(chunk.subarray(from));
  }
  if (length > 0) yield { at, line: length > MAX_LINE_BYTES ? null : Buffer.concat(parts) };
}

function rowOf(at: number, line: Buffer | null): Row {
  if (line === null) return broken(at, `a line of more than ${MAX_LINE_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8").replace(/^\ufeff/, ""));
  } catch {
    return broken(at, "the line is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return broken(at, "the line is no object");
  }
  return { at, values: value as Readonly<Record<string, unknown>> };
}

function broken(at: number, detail: string): Row {
  return { at, fault: { reason: "not-json", detail } };
}
