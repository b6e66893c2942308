import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCorpus } from "../../src/corpus/open.js";
import { itemsOf, parquetOf, type Item } from "../corpus/reading.js";
import { serveHub } from "../hub/server.js";
import { askPython, pythonWith } from "./python.js";

// Parquet as the rest of the world writes it: pyarrow's files give what pyarrow reads; and the files of our tests are what
// pyarrow and `datasets` take for Parquet.
const python = pythonWith("pyarrow", "datasets");
if (python === null) console.warn("skipped: no Python with pyarrow and datasets; set SELFALIGN_PYTHON");

let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "parquet-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const WRITE = `
import itertools, json, random, sys
import pyarrow as pa, pyarrow.parquet as pq
root = json.load(sys.stdin)
random.seed(1)
def word(): return "".join(random.choice("abcdefgh ü😀\\n\\t") for _ in range(random.randrange(1, 400)))
n = 1000
rows = [{
    "content": None if i % 97 == 5 else f"x{i} = 1\\n" + word() * (i % 7),
    "max_stars_repo_name": f"ada/r{i % 13}",
    "max_stars_repo_path": f"src/f{i}.py",
    "max_stars_repo_head_hexsha": None if i % 5 == 0 else f"c{i % 13}",
    "max_stars_repo_licenses": [None, [], ["MIT"], ["MIT", "Apache-2.0"]][i % 4],
    "license": [{"name": "a", "at": [i, None]}] if i % 2 else None,
    "size": i,
} for i in range(n)]
schema = pa.schema([("content", pa.string()), ("max_stars_repo_name", pa.string()), ("max_stars_repo_path", pa.string()),
    ("max_stars_repo_head_hexsha", pa.large_string()), ("max_stars_repo_licenses", pa.list_(pa.string())),
    ("license", pa.list_(pa.struct([("name", pa.string()), ("at", pa.list_(pa.int64()))]))), ("size", pa.int64())])
table = pa.Table.from_pylist(rows, schema=schema)
names = []
for codec, page, dictionary, group, index in itertools.product(
        ["snappy", "zstd", "gzip", "brotli", "lz4", "none"], ["1.0", "2.0"], [True, False], [64, 1000], [True, False]):
    name = f"{codec}-{page}-{'dict' if dictionary else 'plain'}-{group}-{'index' if index else 'bare'}.parquet"
    pq.write_table(table, f"{root}/{name}", compression=codec, data_page_version=page, use_dictionary=dictionary,
        row_group_size=group, write_page_index=index, data_page_size=4096)
    names.append(name)
for encoding in ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]:
    name = f"{encoding}.parquet"
    pq.write_table(table, f"{root}/{name}", use_dictionary=False, column_encoding={"content": encoding})
    names.append(name)
back = pq.read_table(f"{root}/{names[0]}").to_pylist()
assert back == rows
print(json.dumps({"names": names, "rows": back}))
`;

interface Written {
  readonly content: string | null;
  readonly max_stars_repo_name: string;
  readonly max_stars_repo_path: string;
  readonly max_stars_repo_head_hexsha: string | null;
  readonly max_stars_repo_licenses: readonly string[] | null;
}

/** What the corpus is to make of a row. */
function expected(row: Written): object {
  const licence = [...(row.max_stars_repo_licenses ?? [])].sort().join(" AND ") || null;
  const origin = { repository: row.max_stars_repo_name, path: row.max_stars_repo_path, licence };
  const revision = row.max_stars_repo_head_hexsha;
  return row.content === null
    ? { reason: "no-content", ...origin, revision }
    : { text: row.content, ...origin, revision };
}

function made(item: Item): object {
  const { repository, path, licence, revision } = "file" in item ? item.file : item.reject.provenance;
  const what = "file" in item ? { text: item.file.text } : { reason: item.reject.reason };
  return { ...what, repository, path, licence, revision };
}

describe.skipIf(python === null)("Parquet written by pyarrow", () => {
  it(
    "reads as pyarrow reads it: codecs, pages, dictionaries, nested lists, row groups, page indexes",
    { timeout: 100_000 },
    async () => {
      const { names, rows } = askPython(python ?? "", WRITE, root) as { names: string[]; rows: Written[] };
      expect(names).toHaveLength(98);
      const wanted = rows.map(expected);
      for (const name of names) {
        const corpus = await openCorpus(`parquet:${join(root, name)}`);
        const items = await itemsOf(corpus, 0);
        expect(items.map(made), name).toEqual(wanted);
        const middle = items[700]?.order ?? "";
        expect((await itemsOf(corpus, 0, middle)).map(made), name).toEqual(wanted.slice(701));
      }
    },
  );
});

describe.skipIf(python === null)("Parquet of ours", () => {
  it("is loaded by datasets, from the disk and from a Hub", { timeout: 100_000 }, async () => {
    const content = ["def f():\n    return 1\n", "ü = '😀'\n", "x"];
    const file = parquetOf({ content, id: [1, 2, 3], tags: [["a"], [], ["b", "c"]] });
    writeFileSync(join(root, "ours.parquet"), file);
    const rows = content.map((text, at) => ({
      content: text,
      id: at + 1,
      tags: [["a"], [], ["b", "c"]][at],
    }));
    const script = `
import json, sys, datasets
print(json.dumps(datasets.load_dataset("parquet", data_files=json.load(sys.stdin), split="train", cache_dir="${root}/cache").to_list()))`;
    expect(askPython(python ?? "", script, join(root, "ours.parquet"))).toEqual(rows);
    const server = await serveHub({ "ada/ours": { files: { "data/train-0.parquet": file } } });
    try {
      const corpus = await openCorpus("hf:ada/ours", { env: { HF_ENDPOINT: server.url } });
      expect((await itemsOf(corpus, 0)).map((item) => "file" in item && item.file.text)).toEqual(content);
    } finally {
      await server.close();
    }
  });
});
