// A small file of rows from elsewhere, whole: JSON lines or one JSON array, gzip allowed whatever its name. Streams are for
// input.ts; here are lists of problems, which everything that follows holds in memory anyway.
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { InputError } from "./errors.js";
import { isMissing } from "./files.js";

export interface JsonRow {
  /** Undefined where the text is not JSON. */
  readonly row: unknown;
  /** As it stands in the file; of an array, written anew. */
  readonly text: string;
  /** Where it stands, e.g. `line 3`. */
  readonly place: string;
}

/**
 * The rows of a file; blank lines are none. `what` names it in messages, e.g. `task file`.
 * @throws InputError where it can't be read, or begins like an array and is none.
 */
export async function readJsonRows(file: string, what: string): Promise<JsonRow[]> {
  const text = await textOf(file, what);
  if (/^\s*\[/.test(text)) {
    const rows = parsed(text);
    if (!Array.isArray(rows))
      throw new InputError(`${what} "${file}" as an array is not JSON: restore the file`);
    return rows.map((row: unknown, at) => ({ row, text: JSON.stringify(row), place: `row ${at + 1}` }));
  }
  return text.split("\n").flatMap((line, at) => {
    const place = `line ${at + 1}`;
    return line.trim() === "" ? [] : [{ row: parsed(line), text: line, place }];
  });
}

async function textOf(file: string, what: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
    return text.replace(/^\ufeff/, "");
  } catch (cause) {
    const problem = isMissing(cause) ? "is not there" : "can't be read";
    throw new InputError(`${what} "${file}" ${problem}: check the path`, { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
