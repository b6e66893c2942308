// Datasets of programs as corpora: files of rows, on this machine or on the Hub, in Parquet or JSON lines, with the programs
// inside or named by their hash. In: the files and what is known of all of them. Out: a corpus's items, each with
// the provenance that its row gives.
import { InputError } from "../core/errors.js";
import { keyOf } from "../core/record.js";
import type { Bytes } from "./bytes.js";
import { blobIn, chooseColumns, originOf, textIn, unwanted, type RowHome, type Values } from "./columns.js";
import { itemOf, tooLarge, MAX_FILE_BYTES, type Corpus, type NoBytes } from "./corpus.js";
import type { Decoded } from "./decode.js";
import type { Heritage } from "./heritage.js";
import { linesShard } from "./lines.js";
import { parquetShard } from "./parquet.js";
import { filesOfShards, type Shard } from "./shards.js";

/** Contents that are fetched at the same time, and that many rows are read ahead. */
const AT_ONCE = 64;

/** Names of files that hold rows. */
export const ROW_FILES = /\.(?:parquet|(?:jsonl|ndjson|json)(?:\.gz)?)$/i;

/** Files of a dataset and what they have in common. */
export interface RowSource {
  readonly files: readonly Bytes[];
  readonly home: Omit<RowHome, "path">;
  readonly heritage: Heritage;
  /** False leaves out rows that say that their licence is not permissive. */
  readonly anyLicence: boolean;
}

/** `files` and `count` of a corpus made of rows. */
export function rowsCorpus({
  files,
  home,
  heritage,
  anyLicence,
}: RowSource): Pick<Corpus, "files" | "count"> {
  const shards = files.map((bytes) => shardOf(bytes, home.source));
  return {
    count: () => Promise.resolve(null),
    files: (options) =>
      filesOfShards(
        shards,
        options,
        async (order, { name }, row, signal) => {
          // No slash: a folder `test` of a dataset says nothing about its functions.
          const place = { ...home, path: `${name.replaceAll("/", ":")}#${row.at}` };
          const key = keyOf(home.source, home.revision, name, row.at);
          const values = "values" in row ? row.values : {};
          const fault = "fault" in row ? row.fault : unwanted(values, anyLicence);
          const result = fault ?? (await programOf(values, heritage, signal));
          return itemOf(order, key, originOf(values, place), result);
        },
        AT_ONCE,
      ),
  };
}

function shardOf(bytes: Bytes, dataset: string): Shard {
  const choose = (columns: readonly string[]): readonly string[] => chooseColumns(columns, dataset);
  if (!ROW_FILES.test(bytes.name)) {
    throw new InputError(
      `file "${bytes.name}" is neither .parquet nor .jsonl (plain or .gz); convert it first`,
    );
  }
  return /\.parquet$/i.test(bytes.name) ? parquetShard(bytes, choose) : linesShard(bytes, choose);
}

async function programOf(
  values: Values,
  heritage: Heritage,
  signal: AbortSignal,
): Promise<Decoded | NoBytes> {
  const blob = blobIn(values);
  const inside = textIn(values);
  if (blob === null || "text" in inside || inside.reason !== "no-content") return inside;
  if (blob.bytes > MAX_FILE_BYTES) return tooLarge(blob.bytes);
  return heritage.text(blob.id, blob.encoding, signal);
}
