// Notebook files (nbformat 4) as typed data: read and checked, written in one canonical form, and stripped to what
// belongs in version control. Nothing here runs a cell.
import { readFile } from "node:fs/promises";
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";
import type { Json, JsonObject } from "../report/figure.js";

/** Text in a notebook file: one string, or lines with their ends. */
export type Lines = string | readonly string[];

export type Output = StreamOutput | DataOutput | ErrorOutput;

export interface StreamOutput {
  readonly output_type: "stream";
  readonly name: "stdout" | "stderr";
  readonly text: Lines;
}

export interface DataOutput {
  readonly output_type: "display_data" | "execute_result";
  /** MIME type to content; text as lines, JSON types as JSON. */
  readonly data: JsonObject;
  readonly metadata: JsonObject;
  /** For an execute_result only. */
  readonly execution_count?: number | null;
}

export interface ErrorOutput {
  readonly output_type: "error";
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

interface AnyCell {
  readonly id?: string;
  readonly metadata: JsonObject;
  readonly source: Lines;
}

export interface TextCell extends AnyCell {
  readonly cell_type: "markdown" | "raw";
}

export interface CodeCell extends AnyCell {
  readonly cell_type: "code";
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

export type NotebookCell = TextCell | CodeCell;

export interface Notebook {
  readonly cells: readonly NotebookCell[];
  readonly metadata: JsonObject;
  readonly nbformat: 4;
  readonly nbformat_minor: number;
}

/** Lines joined to one text. */
export function textOf(source: Lines): string {
  return typeof source === "string" ? source : source.join("");
}

/** Tags of a cell. */
export function tagsOf({ metadata }: NotebookCell): readonly string[] {
  const tags = metadata["tags"];
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}

/** Reads a notebook; InputError where the file is missing, is no JSON, or is no notebook of format 4. */
export async function readNotebook(file: string): Promise<Notebook> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new InputError(`Notebook "${file}" can't be read: expected a file; check the path.`, { cause });
  });
  return parseNotebook(text, file);
}

/** Checks a notebook's text as far as this house relies on it; `name` is for the message. */
export function parseNotebook(text: string, name: string): Notebook {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`Notebook "${name}" is no JSON: expected an .ipynb file; restore it from git.`, {
      cause,
    });
  }
  if (!isNotebook(value)) {
    throw new InputError(
      `Notebook "${name}" is not nbformat 4: expected cells and metadata; save it anew in Jupyter.`,
    );
  }
  return value;
}

function isNotebook(value: unknown): value is Notebook {
  if (!isRecord(value) || value["nbformat"] !== 4 || typeof value["nbformat_minor"] !== "number")
    return false;
  const { cells, metadata } = value;
  return isRecord(metadata) && Array.isArray(cells) && cells.every(isCell);
}

function isCell(cell: unknown): boolean {
  if (!isRecord(cell) || !isRecord(cell["metadata"])) return false;
  const { source, cell_type: type } = cell;
  const isText =
    typeof source === "string" || (Array.isArray(source) && source.every((line) => typeof line === "string"));
  return (
    isText && (type === "markdown" || type === "raw" || (type === "code" && Array.isArray(cell["outputs"])))
  );
}

/** The bytes nbformat's own writer gives: keys sorted, indent 1, one newline at the end. */
export function notebookText(notebook: Notebook): string {
  return `${JSON.stringify(sorted(notebook), null, 1)}\n`;
}

/** A notebook as it is committed: no outputs or counts, only our metadata, sources as lines, canonical JSON. */
export function canonicalNotebook({ cells, metadata, nbformat, nbformat_minor }: Notebook): string {
  const language = metadata["language_info"];
  const name = isRecord(language) ? { language_info: { name: language["name"] as Json } } : {};
  const kernel = metadata["kernelspec"] === undefined ? {} : { kernelspec: metadata["kernelspec"] };
  return notebookText({
    cells: cells.map(stripped),
    metadata: { ...kernel, ...name },
    nbformat,
    nbformat_minor,
  });
}

function stripped(cell: NotebookCell): NotebookCell {
  const tags = tagsOf(cell);
  const id = cell.id === undefined ? {} : { id: cell.id };
  const kept = { ...id, metadata: tags.length > 0 ? { tags } : {}, source: linesOf(cell.source) };
  return cell.cell_type === "code"
    ? { cell_type: "code", execution_count: null, outputs: [], ...kept }
    : { cell_type: cell.cell_type, ...kept };
}

/** Lines with their ends, as nbformat stores them. */
export function linesOf(source: Lines): readonly string[] {
  return textOf(source).match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
