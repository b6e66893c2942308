// Ways to load the dataset, for people who stand in its folder: shown by the card and the report.
import { PARQUET_FILE } from "./export.js";

/** A way to load the dataset. */
export interface Loading {
  readonly label: string;
  /** Of the code, as a Markdown fence wants it. */
  readonly language: string;
  readonly code: string;
}

/** Ways to load the dataset, for people who stand in its folder. */
export const LOADING: readonly Loading[] = [
  {
    label: "datasets",
    language: "python",
    code: `from datasets import load_dataset

rows = load_dataset("parquet", data_files="${PARQUET_FILE}", split="train")
train = rows.filter(lambda row: row["split"] == "train")`,
  },
  {
    label: "pandas",
    language: "python",
    code: `import pandas

rows = pandas.read_parquet("${PARQUET_FILE}")`,
  },
  {
    label: "JavaScript",
    language: "js",
    code: `import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

const rows = await parquetReadObjects({ file: await asyncBufferFromFile("${PARQUET_FILE}") });`,
  },
];
