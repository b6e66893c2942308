// Parquet files written row group by row group (this file alone knows hyparquet-writer). In: rows and columns with
// declared types; nothing is guessed from the data. Out: a file whose bytes depend on the rows only: SNAPPY in plain
// JavaScript (zlib's bytes differ between machines), no clock, no machine's name. Holds one row group in memory.
// Format: https://parquet.apache.org/docs/file-format/
import { open } from "node:fs/promises";
import type { SchemaElement } from "hyparquet";

/** A column of one value per row; `strings` is a list of strings. */
export interface PlainColumn {
  readonly name: string;
  readonly kind: "string" | "strings" | "int64" | "double" | "boolean";
  /** True where null may stand. */
  readonly nullable: boolean;
  /** One line for people. */
  readonly about: string;
}

/** A column of records; a record itself is never null. */
export interface StructColumn {
  readonly name: string;
  readonly kind: "struct";
  readonly about: string;
  readonly fields: readonly PlainColumn[];
}

export type Column = PlainColumn | StructColumn;

/** A row as the columns describe it. */
export type ParquetRow = Readonly<Record<string, unknown>>;

export interface ParquetFile {
  /** Appends one row group; no rows, no group. */
  write(rows: readonly ParquetRow[]): Promise<void>;
  /** Writes the footer, forces everything to disk and closes. */
  finish(): Promise<void>;
  /** Closes without a footer: what is there is not a Parquet file. */
  abandon(): Promise<void>;
}

/** Name of the writer in the file's footer. */
const CREATED_BY = "selfalign (hyparquet-writer)";

/** Creates `file` (or empties it) for rows of these columns. A file that is finished without rows is valid. */
export async function createParquet(file: string, columns: readonly Column[]): Promise<ParquetFile> {
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer");
  const handle = await open(file, "w");
  const bytes = new ByteWriter();
  const drain = async () => {
    const chunk = new Uint8Array(bytes.buffer, 0, bytes.index);
    bytes.index = 0;
    await handle.writeFile(chunk);
  };
  const schema = schemaOf(columns);
  const writer = new ParquetWriter({ writer: bytes, schema, createdBy: CREATED_BY });
  return {
    async write(rows) {
      if (rows.length === 0) return;
      const columnData = columns.map((column) => ({
        name: column.name,
        data: rows.map((row) => cell(column, row[column.name])),
      }));
      await writer.write({ columnData, rowGroupSize: rows.length });
      await drain();
    },
    async finish() {
      await writer.finish();
      await drain();
      await handle.sync();
      await handle.close();
    },
    abandon: () => handle.close(),
  };
}

/** The value as the writer wants it: 64-bit integers as bigint, at every depth. */
function cell(column: Column, value: unknown): unknown {
  if (value === null) return null;
  if (column.kind === "int64") return BigInt(value as number);
  if (column.kind !== "struct") return value;
  const record = value as ParquetRow;
  return Object.fromEntries(column.fields.map((field) => [field.name, cell(field, record[field.name])]));
}

/** Parquet's schema: the tree in preorder, each group with its number of children. */
function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [{ name: "schema", num_children: columns.length }, ...columns.flatMap(elementsOf)];
}

function elementsOf(column: Column): SchemaElement[] {
  if (column.kind === "struct") {
    const group = {
      name: column.name,
      repetition_type: "REQUIRED",
      num_children: column.fields.length,
    } as const;
    return [group, ...column.fields.flatMap(elementsOf)];
  }
  const repetition_type = column.nullable ? "OPTIONAL" : "REQUIRED";
  if (column.kind === "strings") return listOf(column.name, repetition_type);
  return [{ ...primitives[column.kind], name: column.name, repetition_type }];
}

const text = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;

const primitives = {
  string: text,
  int64: { type: "INT64" },
  double: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
} as const;

/** The three levels of a list: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists */
function listOf(name: string, repetition_type: "OPTIONAL" | "REQUIRED"): SchemaElement[] {
  return [
    { name, repetition_type, num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    // As pyarrow writes it, so that the type is its plain list<string>; no element is ever null.
    { ...text, name: "element", repetition_type: "OPTIONAL" },
  ];
}
