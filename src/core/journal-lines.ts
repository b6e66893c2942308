// The lines of a journal: `["<file>","<crc32>",<row>]`, a JSON array each. The row's text starts at a fixed place, so that
// publishing can copy its bytes without parsing them. Says which lines of a file are whole; only the last may be torn.
import { crc32 } from "node:zlib";
import { InputError } from "./errors.js";
import { lineGroupsOf } from "./files.js";
import type { Place } from "./row-index.js";

/** What every row has. */
export interface Keyed {
  readonly key: string;
}

const CRC_LENGTH = 8;

/**
 * Tells the places of a journal's rows; gives where its whole lines end.
 * @throws InputError naming file and line when a line before the last is damaged.
 */
export async function scan(file: string, found: (place: Place) => void): Promise<number> {
  const names = new Map<string, string>();
  let offset = 0;
  let damaged: number | null = null;
  let number = 0;
  for await (const lines of lineGroupsOf(file)) {
    for (const { bytes, whole } of lines) {
      number++;
      if (damaged !== null) throw damage(file, damaged);
      const place = whole ? placeOf(bytes, offset, names) : null;
      if (place === null) {
        damaged = number;
        continue;
      }
      found(place);
      offset += bytes.length + 1;
    }
  }
  return offset;
}

function damage(file: string, line: number): InputError {
  return new InputError(
    `${file} line ${line} is damaged and rows follow it: restore the file from a copy, or remove it to redo its stage`,
  );
}

/** Checks one line (without its newline) and finds its row, or null. `names` holds the names of files met so far. */
function placeOf(line: Buffer, offset: number, names: Map<string, string>): Place | null {
  const text = line.toString("utf8");
  const match = /^\["([^"\\]+)","([0-9a-f]{8})",(.+)\]$/s.exec(text);
  if (match === null) return null;
  const [, name = "", sum = "", row = ""] = match;
  if (checksum(row) !== sum) return null;
  // Through bytes: a piece of the line's text would keep the whole line in memory.
  const file = names.get(name) ?? Buffer.from(name).toString();
  names.set(file, file);
  const { key } = JSON.parse(row) as Keyed;
  const start = headerLength(file);
  return { file, key, offset: offset + start, length: line.length - start - 1 };
}

/** A row as a line. */
export function lineOf(file: string, row: string): Buffer {
  return Buffer.from(`["${file}","${checksum(row)}",${row}]\n`, "utf8");
}

/** Bytes before the row: `["`, the file's name, `","`, the checksum, `",`. */
export function headerLength(file: string): number {
  return 2 + Buffer.byteLength(file) + 3 + CRC_LENGTH + 2;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(CRC_LENGTH, "0");
}
