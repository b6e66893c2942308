// A file of JSON lines in, a file of rows out, in the order of the lines. Rows may be made in any order, several at a time; they
// are kept in a journal beside the output, so that a job that was stopped goes on where it was, and the output appears
// whole, at the end. The input is never held in memory.
import { rename } from "node:fs/promises";
import path from "node:path";
import { explained, InputError } from "./errors.js";
import { asError, readRows, removeFiles, syncFolder, writeLinesBeside } from "./files.js";
import { inputFacts, readInput, type InputFacts, type InputLine } from "./input.js";
import { stoppable } from "./interrupt.js";
import { Journal } from "./journal.js";
import { lockOutput } from "./lock.js";
import { lookAt, partOf, refuseOthers, writeNote } from "./output.js";
import { startProgress, type Draw, type Progress } from "./progress.js";
import type { ContentOptions } from "./run.js";

/** A row that was made: the `index`-th of its line. */
export interface Made<Row> {
  readonly line: number;
  readonly index: number;
  readonly row: Row;
}

/** What makes rows, once it is open. */
export interface Maker<Row> {
  /** What rows depend on beside the job's options, e.g. the model. */
  readonly facts: ContentOptions;
  /** Rows for lines, in any order; `isDone` tells what there is already. */
  make(
    lines: AsyncIterable<InputLine>,
    isDone: (line: number, index: number) => boolean,
  ): AsyncIterable<Made<Row>>;
  close(): Promise<void>;
}

export interface FileJob<Row> {
  /** A word for the progress and the note beside the output, e.g. `verify`. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
  /** All options that rows depend on. */
  readonly asked: ContentOptions;
  /** Rows that a line gives, default 1. */
  readonly rowsOf?: (line: InputLine) => number;
  /** Opens the maker; called only where there is something to do. */
  readonly open: (say: (text: string) => void, signal: AbortSignal) => Promise<Maker<Row>>;
  /** Sees every row of the output, in its order. */
  readonly seen: (row: Row) => void;
  readonly draw?: Draw | undefined;
  /** Stops the job; default Ctrl-C and the signal to end. */
  readonly signal?: AbortSignal | undefined;
}

/** Name of the rows inside the journal. */
const ROWS = "rows";

/**
 * Does a job, or what is missing of it. `worked` is false where the output was finished already.
 * @throws InputError for everything that the caller can mend; the signal's reason when stopped.
 */
export async function doFileJob<Row>(job: FileJob<Row>): Promise<{ readonly worked: boolean }> {
  const { input, output } = job;
  if (output.endsWith(".gz"))
    throw new InputError(`output "${output}" can't be packed: give a name that ends in .jsonl`);
  if (path.resolve(input) === path.resolve(output))
    throw new InputError(`output "${output}" is the input: choose another --out`);
  return stoppable(job.signal, async (signal) => {
    const progress = startProgress(job.draw === undefined ? {} : { draw: job.draw });
    try {
      const facts = await inputFacts(input, signal, job.rowsOf);
      const unlock = await lockOutput(output).catch((error: unknown) => {
        throw unwritable(output, error);
      });
      try {
        return { worked: await work(job, facts, progress, signal) };
      } finally {
        await unlock();
      }
    } catch (error) {
      throw explained(error, `writing "${output}" failed`);
    } finally {
      progress.close();
    }
  });
}

function unwritable(output: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  return new InputError(`output "${output}" can't be written (${String(error.code)}): choose another --out`, {
    cause: error,
  });
}

async function work<Row>(
  job: FileJob<Row>,
  { sha256, items }: InputFacts,
  progress: Progress,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, output, seen } = job;
  const asked = { ...job.asked, input: `sha256:${sha256}` };
  const { state, madeWith } = await lookAt(output, name);
  if (state !== "absent") refuseOthers(output, madeWith, { ...madeWith, ...asked });
  if (state === "finished") {
    await removeFiles([partOf(output)]);
    progress.say(`${name}: finished already`);
    for await (const row of readRows<Row>(output)) seen(row);
    return false;
  }
  const maker = await job.open((text) => progress.say(text), signal);
  const stop = (): void => void maker.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const now = { ...asked, ...maker.facts };
    if (state === "partial") refuseOthers(output, madeWith, now);
    else await writeNote(output, name, now);
    await makeAll(job, maker, items, progress, signal);
    return true;
  } finally {
    signal.removeEventListener("abort", stop);
    await maker.close();
  }
}

/** Makes what is missing and publishes. */
async function makeAll<Row>(
  job: FileJob<Row>,
  maker: Maker<Row>,
  items: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { name, input, output, seen } = job;
  const journal = await Journal.open(partOf(output));
  /** The rows in the order of the input. */
  async function* published(): AsyncGenerator<string> {
    for await (const text of journal.texts(ROWS, "key")) {
      const { row } = JSON.parse(text) as JournalRow<Row>;
      seen(row);
      yield JSON.stringify(row);
    }
  }
  try {
    const task = progress.start(name, items, journal.size);
    const failures: Error[] = [];
    const made = maker.make(readInput(input), (line, index) => journal.has(keyOf(line, index)));
    for await (const { line, index, row } of made) {
      signal.throwIfAborted();
      if (failures[0] !== undefined) throw failures[0];
      const entry: JournalRow<Row> = { key: keyOf(line, index), row };
      // Not awaited: forced writes come in groups, and the next row need not wait for them.
      journal.append([{ file: ROWS, row: entry }]).catch((error: unknown) => failures.push(asError(error)));
      task.tick();
    }
    await journal.finish();
    const { temporary } = await writeLinesBeside(output, published());
    await rename(temporary, output);
    await syncFolder(path.dirname(output));
    await removeFiles([partOf(output)]);
    task.end(`${journal.size} rows`);
  } catch (error) {
    await journal.abandon(error);
    throw error;
  } finally {
    await journal.close();
  }
}

interface JournalRow<Row> {
  readonly key: string;
  readonly row: Row;
}

/** Sorts as lines and their rows do; ids may repeat, lines don't. */
function keyOf(line: number, index: number): string {
  return `${String(line).padStart(12, "0")}.${String(index).padStart(6, "0")}`;
}
