// CoNaLa (https://conala-corpus.github.io/): questions, the code that answers them, and the questions rewritten so that they name
// what the code names. In: the published files, JSON arrays (curated), JSON lines (mined) or Parquet. Out: records, or the
// reason why a row is none. Files are read row by row, but for arrays, which are small.
import { InputError } from "../core/errors.js";
import { isRecord } from "../core/json.js";
import { readJsonRows } from "../core/jsonrows.js";
import { localBytes } from "../corpus/bytes.js";
import { linesShard } from "../corpus/lines.js";
import { parquetShard } from "../corpus/parquet.js";

export interface ConalaRecord {
  /** Of the question on Stack Overflow; several rows may have the same. */
  readonly questionId: number;
  readonly intent: string;
  /** Null where nobody rewrote it, as in everything that was mined. */
  readonly rewrittenIntent: string | null;
  readonly snippet: string;
}

/** Why a row is no record. */
export type NoRecord = "not-json" | "wrong-field" | "empty-text";

/** A row of a file: the record, or why it is none. */
export type ConalaRow = { readonly record: ConalaRecord } | { readonly reason: NoRecord };

const NEEDED = ["question_id", "intent", "snippet"];
const REWRITTEN = "rewritten_intent";

/**
 * The rows of a file (`.json`, `.jsonl`, `.jsonl.gz` or `.parquet`) in its order.
 * @throws InputError where it can't be read or has other columns.
 */
export async function* readConala(file: string): AsyncGenerator<ConalaRow> {
  if (/\.json$/i.test(file)) {
    for (const { row } of await readJsonRows(file, "CoNaLa file")) yield conalaRow(row);
    return;
  }
  const bytes = await localBytes(file, file).catch((cause: unknown) => {
    throw new InputError(`CoNaLa file "${file}" can't be read: check the path`, { cause });
  });
  const shard = /\.parquet$/i.test(file)
    ? parquetShard(bytes, (columns) => wanted(columns, file))
    : linesShard(bytes, () => undefined);
  for await (const row of shard.rows(null, undefined))
    yield "values" in row ? conalaRow(row.values) : { reason: "not-json" };
}

function wanted(columns: readonly string[], file: string): readonly string[] {
  const missing = NEEDED.filter((name) => !columns.includes(name));
  if (missing.length === 0) return [...NEEDED, REWRITTEN];
  throw new InputError(
    `CoNaLa file "${file}" has no column ${missing.join(", ")}: it has ${columns.join(", ")}; name a file of CoNaLa`,
  );
}

function conalaRow(row: unknown): ConalaRow {
  if (!isRecord(row)) return { reason: "not-json" };
  const { intent, snippet, [REWRITTEN]: rewritten = null } = row;
  const questionId = Number(row["question_id"]); // a bigint from Parquet
  if (row["question_id"] === null || !Number.isSafeInteger(questionId)) return { reason: "wrong-field" };
  if (typeof intent !== "string" || typeof snippet !== "string") return { reason: "wrong-field" };
  if (rewritten !== null && typeof rewritten !== "string") return { reason: "wrong-field" };
  if (intent.trim() === "" || snippet.trim() === "") return { reason: "empty-text" };
  // A rewriting of nothing was none.
  const rewrittenIntent = rewritten === null || rewritten.trim() === "" ? null : rewritten;
  return { record: { questionId, intent, rewrittenIntent, snippet } };
}
