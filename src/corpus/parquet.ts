// Parquet as rows (this file alone knows hyparquet). Reads the chosen columns only, and as little of a row group at a time
// as the file allows: its pages where it has an index of them, otherwise the group. Refuses, in one line, what can't be
// read exactly or would not fit into memory; never guesses.
// Format: https://parquet.apache.org/docs/file-format/
import type { FileMetaData, RowGroup } from "hyparquet";
import { InputError } from "../core/errors.js";
import { asError } from "../core/files.js";
import type { Bytes } from "./bytes.js";
import type { Row, Shard } from "./shards.js";

/** Unpacked bytes of the chosen columns that are read at once where a page index allows it. */
const PIECE_BYTES = 64_000_000;
/** Unpacked bytes of the chosen columns of one row group that are read without a page index. */
const MAX_GROUP_BYTES = 1_000_000_000;

/** A Parquet file as a shard; `choose` is told its columns and names those that are wanted. */
export function parquetShard(bytes: Bytes, choose: (columns: readonly string[]) => readonly string[]): Shard {
  return { name: bytes.name, rows: (behind, signal) => rowsOf(bytes, choose, behind, signal) };
}

async function* rowsOf(
  bytes: Bytes,
  choose: (columns: readonly string[]) => readonly string[],
  behind: number | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const file = fileOf(bytes, signal);
  const metadata = await file.attempt("its footer", () => parquetMetadataAsync(file));
  const present = parquetSchema(metadata).children.map(({ element }) => element.name);
  const wanted = choose(present);
  const columns = present.filter((name) => wanted.includes(name));
  for (const { rowStart, rowEnd, what } of piecesOf(metadata, columns, bytes.name)) {
    const from = Math.max(rowStart, behind === null ? 0 : behind + 1);
    if (from >= rowEnd) continue;
    const options = { file, metadata, columns, compressors, rowStart: from, rowEnd, useOffsetIndex: true };
    const rows = await file.attempt(what, () => parquetReadObjects(options));
    if (rows.length !== rowEnd - from) {
      throw new InputError(
        `Parquet file "${bytes.name}": ${what} gave ${rows.length} rows, not ${rowEnd - from}`,
      );
    }
    for (const [index, values] of rows.entries()) yield { at: from + index, values };
  }
}

interface Piece {
  readonly rowStart: number;
  readonly rowEnd: number;
  /** For messages. */
  readonly what: string;
}

/** Runs of rows that are read at once. */
function* piecesOf(metadata: FileMetaData, columns: readonly string[], name: string): Generator<Piece> {
  let groupStart = 0;
  for (const [number, group] of metadata.row_groups.entries()) {
    const rows = Number(group.num_rows);
    const bytes = unpackedBytes(group, columns);
    const indexed = group.columns.every(({ offset_index_offset }) => offset_index_offset !== undefined);
    if (!indexed && bytes > MAX_GROUP_BYTES) {
      throw new InputError(
        `Parquet file "${name}": row group ${number} unpacks to ${(bytes / 1e9).toFixed(1)} GB and has no page index; ` +
          "write it again with smaller row groups (e.g. pyarrow's row_group_size=10000)",
      );
    }
    const step = indexed ? Math.max(1, Math.floor((rows * PIECE_BYTES) / Math.max(1, bytes))) : rows;
    for (let start = 0; start < rows; start += step) {
      const end = Math.min(rows, start + step);
      yield { rowStart: groupStart + start, rowEnd: groupStart + end, what: `row group ${number}` };
    }
    groupStart += rows;
  }
}

function unpackedBytes({ columns: chunks }: RowGroup, columns: readonly string[]): number {
  return chunks
    .map(({ meta_data }) => meta_data)
    .filter((data) => data !== undefined && columns.includes(data.path_in_schema[0] ?? ""))
    .reduce((sum, data) => sum + Number(data?.total_uncompressed_size ?? 0), 0);
}

/** The file as hyparquet reads it, and a way to tell a failure to fetch bytes from one to understand them. */
function fileOf(bytes: Bytes, signal: AbortSignal | undefined) {
  let fetching: Error | null = null;
  return {
    byteLength: bytes.size,
    async slice(start: number, end = bytes.size): Promise<ArrayBuffer> {
      try {
        const from = start < 0 ? bytes.size + start : start;
        const part = await bytes.read(from, Math.min(end, bytes.size), signal);
        return new Uint8Array(part).buffer; // a copy of its own: a Buffer may share its memory with others
      } catch (error) {
        fetching ??= asError(error);
        throw error;
      }
    },
    async attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
      try {
        return await work();
      } catch (cause) {
        signal?.throwIfAborted();
        if (fetching !== null) throw fetching;
        throw new InputError(
          `Parquet file "${bytes.name}": ${what} can't be read (${asError(cause).message}); write it again with ` +
            "pyarrow's data_page_version='1.0', or as .jsonl",
          { cause },
        );
      }
    },
  };
}
