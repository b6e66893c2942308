// Verdicts on a file of problems, as a job on a file. Rows are judged several at a time; rows that can't be understood are
// rows too.
import { asError } from "../core/files.js";
import { doFileJob, type Made } from "../core/filejob.js";
import type { InputLine } from "../core/input.js";
import { loadGrammar } from "../python/syntax.js";
import { openSandbox } from "../sandbox/open.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import { settingsOf, type VerifyOptions, type VerifySettings } from "./options.js";
import { verifyLine, type RowVerdict, type VerifiedRow } from "./rows.js";

/** Bumped by hand when rows or their keys change their meaning. */
const VERIFY_VERSION = 2;

export interface VerifySummary {
  readonly rows: number;
  /** Rows by verdict, the most frequent first. */
  readonly verdicts: Readonly<Partial<Record<RowVerdict, number>>>;
  /** False when the output was finished already. */
  readonly worked: boolean;
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
  const { sandbox: choice, mode, timeoutMs, mutants, allowImports } = settings;
  const counts = new Map<RowVerdict, number>();
  const { worked } = await doFileJob<VerifiedRow>({
    name: "verify",
    input,
    output,
    asked: {
      verify: VERIFY_VERSION,
      mode,
      timeoutMs,
      mutants,
      allowImports: allowImports.join(","),
      ...(choice === "auto" ? {} : { backend: choice }),
    },
    async open(say, signal) {
      await loadGrammar();
      const sandbox = await opening(options, settings, say);
      return {
        facts: { backend: sandbox.backend, interpreter: sandbox.interpreter },
        make: (lines, isDone) => judged(sandbox, lines, isDone, settings, input, signal),
        close: () => sandbox.close(),
      };
    },
    seen: ({ verdict }) => void counts.set(verdict, (counts.get(verdict) ?? 0) + 1),
    draw: options.draw,
    signal: options.signal,
  });
  const sorted = [...counts].sort(([a, most], [b, more]) => more - most || (a < b ? -1 : 1));
  return {
    rows: sorted.reduce((sum, [, number]) => sum + number, 0),
    verdicts: Object.fromEntries(sorted),
    worked,
  };
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

/** Rows as they are judged, so many at a time; when one can't be, the others under way still come. */
async function* judged(
  sandbox: Sandbox,
  lines: AsyncIterable<InputLine>,
  isDone: (line: number, index: number) => boolean,
  settings: VerifySettings,
  input: string,
  signal: AbortSignal,
): AsyncGenerator<Made<VerifiedRow>> {
  const running = new Set<Promise<void>>();
  const ready: Made<VerifiedRow>[] = [];
  const failures: Error[] = [];
  try {
    for await (const line of lines) {
      signal.throwIfAborted();
      if (isDone(line.line, 0)) continue;
      const job: Promise<void> = verifyLine(sandbox, line, settings)
        .then((row) => void ready.push({ line: line.line, index: 0, row }))
        .catch((cause: unknown) => {
          failures.push(
            new Error(`${input} line ${line.line} could not be verified`, { cause: asError(cause) }),
          );
        })
        .finally(() => running.delete(job));
      running.add(job);
      if (running.size >= settings.concurrency) await Promise.race(running);
      yield* ready.splice(0);
      if (failures.length > 0) break;
    }
    while (running.size > 0) {
      await Promise.race(running);
      yield* ready.splice(0);
    }
    // What was done while the last ones were taken.
    yield* ready;
  } finally {
    await Promise.all(running);
  }
  if (failures[0] !== undefined) throw failures[0];
}
