// Datasets on the user's own disk: `parquet:PATH` and `jsonl:PATH`, a file or a folder of them. The files are read in place,
// row by row; what they hold is told by their columns.
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { InputError } from "../core/errors.js";
import { sha1Of } from "../core/record.js";
import { localBytes } from "./bytes.js";
import type { Corpus } from "./corpus.js";
import type { Heritage } from "./heritage.js";
import { rowsCorpus } from "./rows.js";

const FORMATS = { parquet: /\.parquet$/i, jsonl: /\.(?:jsonl|ndjson|json)(?:\.gz)?$/i } as const;

/**
 * Opens a dataset of this format.
 * @throws InputError when there is nothing at the path, or no file of the format.
 */
export async function openDisk(
  format: keyof typeof FORMATS,
  path: string,
  heritage: Heritage,
): Promise<Corpus> {
  if (path === "") throw new InputError(`corpus "${format}:" names no file; write ${format}:PATH`);
  const root = resolve(path);
  const found = await stat(root).catch(() => null);
  if (!found) throw new InputError(`"${path}" does not exist; check the path behind "${format}:"`);
  const paths = found.isDirectory() ? await listed(root, FORMATS[format]) : [root];
  if (paths.length === 0 || !paths.every((file) => FORMATS[format].test(file))) {
    const endings = format === "parquet" ? ".parquet" : ".jsonl or .jsonl.gz";
    const what = found.isDirectory() ? "holds no file with" : "does not have";
    throw new InputError(`"${path}" ${what} the ending ${endings}; name such a file, or a folder of them`);
  }
  const name = basename(root);
  const source = `${format}:${name}`;
  const inside = (file: string): string => relative(root, file).split(sep).join("/") || name;
  const files = await Promise.all(paths.map((file) => localBytes(file, inside(file))));
  const home = { source, repository: name, revision: null, licence: null };
  return {
    name: source,
    title: `the dataset ${name}`,
    identity: `${source}@${sha1Of(await realpath(root)).slice(0, 8)}`,
    python: null,
    notices: [`Functions from the dataset ${name}: each row names its repository and licence where known`],
    licenceText: null,
    ...rowsCorpus({ files, home, heritage, anyLicence: false }),
  };
}

async function listed(root: string, ending: RegExp): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
