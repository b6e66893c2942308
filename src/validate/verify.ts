// A file of problems in, a file of verdicts out, in the same order. Rows are judged as they are read, several at a time,
// and kept in a journal beside the output, so that a run that was stopped goes on where it was; the output appears whole,
// at the end. Rows that can't be understood are rows too. The input is never held in memory.
import { rename } from "node:fs/promises";
import path from "node:path";
import { explained, InputError } from "../core/errors.js";
import { asError, readRows, removeFiles, syncFolder, writeLinesBeside } from "../core/files.js";
import { stoppedBySignals } from "../core/interrupt.js";
import { Journal } from "../core/journal.js";
import { lockOutput } from "../core/lock.js";
import { startProgress, type Progress, type Task } from "../core/progress.js";
import type { ContentOptions } from "../core/run.js";
import { loadGrammar } from "../python/syntax.js";
import { openSandbox } from "../sandbox/open.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { inputFacts, readInput, type InputFacts } from "./input.js";
import { settingsOf, type VerifyOptions, type VerifySettings } from "./options.js";
import { lookAt, partOf, refuseOthers, writeNote } from "./output.js";
import { verifyLine, type RowVerdict, type VerifiedRow } from "./rows.js";

/** Bumped by hand when rows change their meaning. */
const VERIFY_VERSION = 1;

/** Name of the rows inside the journal. */
const ROWS = "rows";

export interface VerifySummary {
  readonly rows: number;
  /** Rows by verdict, the most frequent first. */
  readonly verdicts: Readonly<Partial<Record<RowVerdict, number>>>;
  /** False when the output was finished already. */
  readonly worked: boolean;
}

interface Request extends VerifySettings {
  readonly input: string;
  readonly output: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly open: (onNotice: (text: string) => void) => Promise<Sandbox>;
}

/**
 * Judges every row of a JSONL file (`.gz` too) and writes the verdicts; a second start does what is missing.
 * @throws InputError for everything that the caller can mend; the signal's reason when stopped.
 */
export async function verifyTo(
  input: string,
  output: string,
  options: VerifyOptions = {},
): Promise<VerifySummary> {
  const settings = settingsOf(options);
  if (output.endsWith(".gz"))
    throw new InputError(`output "${output}" can't be packed: give a name that ends in .jsonl`);
  if (path.resolve(input) === path.resolve(output))
    throw new InputError(`output "${output}" is the input: choose another --out`);
  const { signal, release } = options.signal
    ? { signal: options.signal, release: () => undefined }
    : stoppedBySignals();
  const progress = startProgress(options.draw === undefined ? {} : { draw: options.draw });
  try {
    const facts = await inputFacts(input, signal);
    const unlock = await lockOutput(output).catch((error: unknown) => {
      throw unwritable(output, error);
    });
    try {
      const open = (onNotice: (text: string) => void): Promise<Sandbox> =>
        opening(options, settings, onNotice);
      return await verify({ ...settings, input, output, signal, progress, open }, facts);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : explained(error, `writing "${output}" failed`);
  } finally {
    progress.close();
    release();
  }
}

function opening(
  { workers, python, open = openSandbox }: VerifyOptions,
  { sandbox: choice, timeoutMs }: VerifySettings,
  onNotice: (text: string) => void,
): Promise<Sandbox> {
  return open({
    choice,
    timeoutMs,
    onNotice,
    ...(workers === undefined ? {} : { workers }),
    ...(python === undefined ? {} : { python }),
  });
}

function unwritable(output: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  return new InputError(`output "${output}" can't be written (${String(error.code)}): choose another --out`, {
    cause: error,
  });
}

async function verify(request: Request, { sha256, rows }: InputFacts): Promise<VerifySummary> {
  const { output, sandbox: choice, mode, timeoutMs, mutants, allowImports, signal, progress } = request;
  const asked: ContentOptions = {
    verify: VERIFY_VERSION,
    input: `sha256:${sha256}`,
    mode,
    timeoutMs,
    mutants,
    allowImports: allowImports.join(","),
  };
  const { state, madeWith } = await lookAt(output);
  if (state !== "absent") {
    const backend = choice === "auto" ? {} : { backend: choice };
    refuseOthers(output, madeWith, { ...madeWith, ...asked, ...backend });
  }
  if (state === "finished") {
    await removeFiles([partOf(output)]);
    progress.say("verify: finished already");
    return summaryOf(await tally(readRows<VerifiedRow>(output)), false);
  }
  await loadGrammar();
  const sandbox = await request.open((text) => progress.say(text));
  const stop = (): void => void sandbox.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const { backend, interpreter } = sandbox;
    const now = { ...asked, backend, interpreter };
    if (state === "partial") refuseOthers(output, madeWith, now);
    else await writeNote(output, now);
    return summaryOf(await judgeAll(request, sandbox, rows), true);
  } finally {
    signal.removeEventListener("abort", stop);
    await sandbox.close();
  }
}

/** Judges what is missing and publishes; how many rows have which verdict. */
async function judgeAll(request: Request, sandbox: Sandbox, rows: number): Promise<Counts> {
  const { output, progress } = request;
  const journal = await Journal.open(partOf(output));
  try {
    const task = progress.start("verify", rows, journal.size);
    await judgeMissing(request, sandbox, journal, task);
    await journal.finish();
    const counts: Counts = new Map();
    const { temporary } = await writeLinesBeside(output, published(journal, counts));
    await rename(temporary, output);
    await syncFolder(path.dirname(output));
    await removeFiles([partOf(output)]);
    task.end(`${journal.size} rows`);
    return counts;
  } catch (error) {
    await journal.abandon(error);
    throw error;
  } finally {
    await journal.close();
  }
}

interface JournalRow {
  readonly key: string;
  readonly row: VerifiedRow;
}

async function judgeMissing(request: Request, sandbox: Sandbox, journal: Journal, task: Task): Promise<void> {
  const { input, concurrency, signal } = request;
  const running = new Set<Promise<void>>();
  const failures: Error[] = [];
  const fail = (error: unknown): void => {
    failures.push(asError(error));
  };
  try {
    for await (const line of readInput(input)) {
      signal.throwIfAborted();
      // Sorts as the lines do; ids may repeat, lines don't.
      const key = String(line.line).padStart(12, "0");
      if (journal.has(key)) continue;
      const keep = (row: VerifiedRow): void => {
        signal.throwIfAborted();
        const entry: JournalRow = { key, row };
        // Not awaited: forced writes come in groups, and the next row need not wait for them.
        journal.append([{ file: ROWS, row: entry }]).catch(fail);
        task.tick();
      };
      const job: Promise<void> = verifyLine(sandbox, line, request)
        .then(keep)
        .catch((cause: unknown) =>
          fail(new Error(`${input} line ${line.line} could not be verified`, { cause })),
        )
        .finally(() => running.delete(job));
      running.add(job);
      if (running.size >= concurrency) await Promise.race(running);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(running);
  }
  if (failures[0] !== undefined) throw failures[0];
}

type Counts = Map<RowVerdict, number>;

function count(counts: Counts, { verdict }: VerifiedRow): void {
  counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
}

/** The rows of a finished journal in the order of the input, counted on the way. */
async function* published(journal: Journal, counts: Counts): AsyncGenerator<string> {
  for await (const text of journal.texts(ROWS, "key")) {
    const { row } = JSON.parse(text) as JournalRow;
    count(counts, row);
    yield JSON.stringify(row);
  }
}

async function tally(rows: AsyncIterable<VerifiedRow>): Promise<Counts> {
  const counts: Counts = new Map();
  for await (const row of rows) count(counts, row);
  return counts;
}

function summaryOf(counts: Counts, worked: boolean): VerifySummary {
  const sorted = [...counts].sort(([a, most], [b, more]) => more - most || (a < b ? -1 : 1));
  return {
    rows: sorted.reduce((sum, [, number]) => sum + number, 0),
    verdicts: Object.fromEntries(sorted),
    worked,
  };
}
