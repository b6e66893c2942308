// Texts out of a file, what an encoder-decoder writes for each into another, many at a time. A second start does what is missing.
import { InputError } from "../core/errors.js";
import { doFileJob, type Made } from "../core/filejob.js";
import type { InputLine } from "../core/input.js";
import type { Draw } from "../core/progress.js";
import { idOf, parsed, textOr, type FileSummary, type RowId } from "../engine/lines.js";
import type { ModelFolderOptions } from "./folder.js";
import { MAX_TOKENS, openSeq2Seq, type Seq2Seq, type WriteOptions, type WrittenText } from "./open.js";

export interface RewriteOptions extends ModelFolderOptions, Omit<WriteOptions, "numReturn"> {
  /** Texts at a time; default 32. */
  readonly batchSize?: number;
  readonly draw?: Draw;
  /** Stops the work; what was finished is kept. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
}

/** `reason` and `detail` only where nothing was written. */
export interface RewrittenRow {
  readonly id: RowId;
  readonly text: string;
  readonly tokens: readonly number[] | null;
  readonly score: number | null;
  readonly finish: WrittenText["finish"] | "none";
  readonly reason?: string;
  readonly detail?: string;
}

/** Bumped by hand when rows change their meaning. */
const REWRITE_VERSION = 2;
const BATCH = 32;
/** Batches' worth of lines that are looked through for texts of like length. */
const WINDOW = 16;

/**
 * Rewrites every line of a JSONL file, `{id, text | tokens}`, with the T5 or BART of a folder, and writes `{id, text, tokens,
 * score, finish}`. Tokens are read as they are, a text with what frames it.
 * @throws InputError for everything that the caller can mend; the signal's reason when stopped.
 */
export async function rewriteTo(
  folder: string,
  input: string,
  output: string,
  options: RewriteOptions = {},
): Promise<FileSummary> {
  const { numBeams = 1, lengthPenalty = 1, earlyStopping = false, maxTokens = MAX_TOKENS } = options;
  const { batchSize = BATCH, dtype = "fp32" } = options;
  for (const [what, value] of Object.entries({ numBeams, maxTokens, batchSize }))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`${what} must be a whole number from 1, not "${value}"`);
  const counts = { rows: 0, unanswered: 0 };
  const content = { numBeams, lengthPenalty, earlyStopping: String(earlyStopping), maxTokens, dtype };
  const { worked } = await doFileJob<RewrittenRow>({
    name: "rewrite",
    input,
    output,
    asked: { rewrite: REWRITE_VERSION, model: folder, ...content },
    async open(_, signal) {
      const model = await openSeq2Seq(folder, options);
      const how = { numBeams, lengthPenalty, earlyStopping, maxTokens, signal };
      return {
        facts: { identity: model.identity },
        make: (lines, isDone) => rewritten(model, lines, isDone, batchSize, how),
        close: () => model.close(),
      };
    },
    seen({ finish }) {
      counts.rows++;
      if (finish === "none") counts.unanswered++;
    },
    draw: options.draw,
    signal: options.signal,
  });
  return { ...counts, worked };
}

/** A line that can be read. */
interface Reading {
  readonly line: number;
  readonly id: RowId;
  readonly ids: readonly number[];
}

type MadeRow = Made<RewrittenRow>;

/**
 * Which texts go together depends on the file alone, not on what is there already: how floats are rounded depends on the company,
 * and a job that was stopped is to end with the same bytes. A window whose rows are all there is not even looked into.
 */
async function* rewritten(
  model: Seq2Seq,
  lines: AsyncIterable<InputLine>,
  isDone: (line: number, index: number) => boolean,
  batchSize: number,
  how: WriteOptions,
): AsyncGenerator<MadeRow> {
  const isMissing = ({ line }: { readonly line: number }): boolean => !isDone(line, 0);
  async function* rows(window: readonly InputLine[]): AsyncGenerator<MadeRow> {
    if (!window.some(isMissing)) return;
    const read = window.map((line) => readingOf(model, line));
    yield* read.flatMap((made) => ("row" in made ? made : []));
    const readings = read.flatMap((reading) => ("ids" in reading ? reading : []));
    for (const batch of batchesOf(readings, batchSize))
      if (batch.some(isMissing)) yield* written(model, batch, how);
  }
  for await (const window of windowsOf(lines, WINDOW * batchSize))
    for await (const made of rows(window)) if (isMissing(made)) yield made;
}

/** So many lines at a time. */
async function* windowsOf(
  lines: AsyncIterable<InputLine>,
  size: number,
): AsyncGenerator<readonly InputLine[]> {
  let window: InputLine[] = [];
  for await (const line of lines) {
    window.push(line);
    if (window.length < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

/** A line as the model reads it, or the row that says why it can't. */
function readingOf(model: Seq2Seq, { text, line }: InputLine): Reading | MadeRow {
  const row = parsed(text);
  const id = idOf(row);
  const given = textOr(row?.["text"] ?? row?.["tokens"]);
  const ids = given === null ? [] : model.idsOf(given);
  const none = { reason: "no-text", detail: `needs "text", or "tokens", whole numbers` };
  const refused = given === null ? none : model.refusal(ids);
  if (refused === null) return { line, id, ids };
  const nothing = { text: "", tokens: null, score: null, finish: "none" } as const;
  return { line, index: 0, row: { id, ...nothing, ...refused } };
}

/** Texts of like length together. */
function batchesOf(window: readonly Reading[], size: number): readonly (readonly Reading[])[] {
  const sorted = [...window].sort((a, b) => a.ids.length - b.ids.length);
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, at) =>
    sorted.slice(at * size, (at + 1) * size),
  );
}

async function* written(
  model: Seq2Seq,
  batch: readonly Reading[],
  how: WriteOptions,
): AsyncGenerator<MadeRow> {
  const found = await model.write(
    batch.map(({ ids }) => ids),
    how,
  );
  for (const [place, { line, id }] of batch.entries()) {
    const { text = "", tokens = [], score = 0, finish = "stop" } = found[place]?.[0] ?? {};
    yield { line, index: 0, row: { id, text, tokens, score, finish } };
  }
}
