// What a dataset's columns mean. In: a row of any dataset of code. Out: the text and where it came from, or why the row is
// left out. Knows the names that published datasets use (The Stack v1 and v2, its samples, CodeParrot) and no others.
import { InputError } from "../core/errors.js";
import { MAX_FILE_BYTES, tooLarge, type FileOrigin, type NoBytes } from "./corpus.js";
import { decodedText, type Decoded } from "./decode.js";

/** Columns that may hold a program, in order of preference. */
const TEXT_COLUMNS: readonly string[] = ["content", "code", "text"];

const PATH = ["path", "max_stars_repo_path", "file_path"];
const REPOSITORY = ["repo_name", "max_stars_repo_name", "repository_name", "repo"];
const REVISION = ["revision_id", "max_stars_repo_head_hexsha", "revision", "commit"];
const LICENCE = ["detected_licenses", "max_stars_repo_licenses", "licenses", "license", "licence"];
const LANGUAGE = ["language", "lang"];

const LICENCE_TYPE = "license_type";
const BLOB = ["blob_id", "src_encoding", "length_bytes"];

/** Every column that says something about a row's origin. */
const ORIGIN: readonly string[] = [
  ...PATH,
  ...REPOSITORY,
  ...REVISION,
  ...LICENCE,
  ...LANGUAGE,
  LICENCE_TYPE,
];

export type Values = Readonly<Record<string, unknown>>;

/** What is known of a row's file without its row. */
export interface RowHome {
  readonly source: string;
  /** The dataset, for rows that name no repository. */
  readonly repository: string;
  /** The dataset's commit, for the same rows. */
  readonly revision: string | null;
  /** The dataset's licence, for rows that name none. */
  readonly licence: string | null;
  /** The row's place, for rows that name no path: `FOLDER:FILE#ROW`. */
  readonly path: string;
}

/** Where a row's program came from: as the row says, or as its dataset does. */
export function originOf(values: Values, home: RowHome): FileOrigin {
  const { source } = home;
  const repository = first(values, REPOSITORY);
  return {
    source,
    repository: repository ?? home.repository,
    revision: repository === null ? home.revision : first(values, REVISION),
    path: (first(values, PATH) ?? home.path).replace(/^\/+/, ""),
    licence: licencesIn(values) ?? home.licence,
  };
}

/** Licences of a row as one SPDX expression: all of them hold. Null where the row names none. */
function licencesIn(values: Values): string | null {
  const column = LICENCE.find((name) => values[name] !== undefined && values[name] !== null);
  if (column === undefined) return null;
  const value = values[column];
  const names = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
    (one) => typeof one === "string",
  );
  return [...new Set(names.map((name) => name.trim()).filter(Boolean))].sort().join(" AND ") || null;
}

/** Why a row is not wanted: it is in another language, or (unless any will do) its licence is not permissive. */
export function unwanted(values: Values, anyLicence: boolean): NoBytes | null {
  const language = first(values, LANGUAGE);
  if (language !== null && !/^python\d?$/i.test(language)) return { reason: "not-python", detail: language };
  const type = first(values, [LICENCE_TYPE]);
  return anyLicence || type === null || type === "permissive"
    ? null
    : { reason: "not-permissive", detail: type };
}

/** The program in a row. */
export function textIn(values: Values): Decoded | NoBytes {
  const text = first(values, TEXT_COLUMNS);
  if (text === null) return { reason: "no-content", detail: `no text in ${TEXT_COLUMNS.join(", ")}` };
  const bytes = Buffer.byteLength(text);
  return bytes > MAX_FILE_BYTES ? tooLarge(bytes) : decodedText(text);
}

/** A program that lies elsewhere, as The Stack v2 names it; null where the row names none. */
export function blobIn(values: Values): { id: string; encoding: string; bytes: number } | null {
  const id = first(values, ["blob_id"]);
  const bytes = Number(values["length_bytes"] ?? 0); // a bigint from Parquet
  return id === null ? null : { id, encoding: first(values, ["src_encoding"]) ?? "utf-8", bytes };
}

/**
 * The columns to read of those that a dataset has.
 * @throws InputError when none of them holds programs.
 */
export function chooseColumns(columns: readonly string[], dataset: string): readonly string[] {
  const text = TEXT_COLUMNS.find((name) => columns.includes(name));
  if (text === undefined && !columns.includes("blob_id")) {
    throw new InputError(
      `"${dataset}" has no column with programs: it needs one of ${TEXT_COLUMNS.join(", ")}, or blob_id; ` +
        `it has ${columns.join(", ")}`,
    );
  }
  return [...(text === undefined ? BLOB : [text]), ...ORIGIN];
}

function first(values: Values, names: readonly string[]): string | null {
  for (const name of names) {
    const value = values[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}
