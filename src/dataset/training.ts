// The published dataset as what trainers take: chat messages, prompt and completion, or one text. In: a run directory. Out: one
// file of JSON lines in the dataset's order, each row with the id and the verdict of its sample. Streams; the file appears whole.
// Layouts: https://huggingface.co/docs/trl/dataset_formats
import { access } from "node:fs/promises";
import path from "node:path";
import { explained, InputError } from "../core/errors.js";
import { readRows, writeRows } from "../core/files.js";
import { isRecord } from "../core/json.js";
import type { Sample, Split } from "../core/record.js";
import { DATASET_FOLDER, JSONL_FILE } from "./export.js";
import { parseTemplate, TRAINING_TEMPLATE, type Template } from "./template.js";

export const TRAINING_FORMATS = ["messages", "prompt-completion", "text"] as const;
export type TrainingFormat = (typeof TRAINING_FORMATS)[number];

const SPLITS = ["train", "test", "all"] as const;

export interface ExportToOptions {
  /** Layout of the rows; default `messages`. */
  readonly format?: TrainingFormat;
  /** Rows that are written; default `train`. */
  readonly split?: Split | "all";
  /** Text with `{{ instruction }}` and `{{ response }}` for the layouts other than `messages`; default `TRAINING_TEMPLATE`. */
  readonly template?: string;
}

interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** A line of the file. */
export type TrainingRow = Pick<Sample, "id" | "verdict"> &
  (
    | { readonly messages: readonly Message[] }
    | { readonly prompt: string; readonly completion: string }
    | { readonly text: string }
  );

/** What a sample becomes. */
export function trainingRow(
  { id, verdict, instruction, response }: Omit<Exportable, "split">,
  format: TrainingFormat,
  template: Template,
): TrainingRow {
  if (format === "messages") {
    const messages: readonly Message[] = [
      { role: "user", content: instruction },
      { role: "assistant", content: response },
    ];
    return { id, verdict, messages };
  }
  const [prompt, completion] = [template.prompt(instruction), template.completion(response)];
  return format === "text" ? { id, verdict, text: prompt + completion } : { id, verdict, prompt, completion };
}

/**
 * Writes the dataset of the run directory `dir` to `out` for a trainer; gives the number of rows.
 * @throws InputError where the dataset or `out` won't do, and for a template that is not understood.
 */
export async function exportTo(
  dir: string,
  out: string,
  { format = "messages", split = "train", template }: ExportToOptions = {},
): Promise<number> {
  known("format", format, TRAINING_FORMATS);
  known("split", split, SPLITS);
  if (template !== undefined && format === "messages") {
    throw new InputError(
      `a template has no place in messages, which a model's own chat template lays out: ` +
        `leave it out, or choose another format`,
    );
  }
  const input = path.join(dir, DATASET_FOLDER, JSONL_FILE);
  if (out.endsWith(".gz"))
    throw new InputError(`output "${out}" can't be packed: give a name that ends in .jsonl`);
  if (path.dirname(path.resolve(out)) === path.dirname(path.resolve(input)))
    throw new InputError(`output "${out}" lies in the dataset's own folder: choose another --out`);
  const parsed = parseTemplate(template ?? TRAINING_TEMPLATE);
  await access(input).catch((cause: unknown) => {
    throw new InputError(
      `"${dir}" holds no finished dataset (${input} can't be read): name the output directory of a run`,
      { cause },
    );
  });
  const rows = async function* (): AsyncGenerator<TrainingRow> {
    for await (const sample of readRows(input)) {
      if (!isExportable(sample)) {
        throw new InputError(
          `${input} holds a row without id, verdict, split, instruction or response: ` +
            `run the stage dataset again with this version`,
        );
      }
      if (split === "all" || sample.split === split) yield trainingRow(sample, format, parsed);
    }
  };
  return writeRows(out, rows()).catch((error: unknown) => {
    throw unwritable(out, error);
  });
}

type Exportable = Pick<Sample, "id" | "verdict" | "split" | "instruction" | "response">;

function isExportable(row: unknown): row is Exportable {
  if (!isRecord(row)) return false;
  const { id, verdict, split, instruction, response } = row;
  const texts = [verdict, split, instruction, response];
  return typeof id === "number" && texts.every((text) => typeof text === "string");
}

/** A path that can't be opened is the caller's to mend; other failures say what they are. */
function unwritable(out: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM"].includes(code))
    return explained(error, `writing "${out}" failed`);
  return new InputError(`output "${out}" can't be written (${code}): choose another --out`, { cause: error });
}

function known(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new InputError(`${name} "${value}" does not exist: choose from ${choices.join(", ")}`);
}
