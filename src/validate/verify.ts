// Verdicts on a file of problems, as a job on a file. Rows are judged several at a time; rows that can't be understood are
// rows too.
import { doFileJob } from "../core/filejob.js";
import { workOnLines } from "../core/linework.js";
import { loadGrammar } from "../python/syntax.js";
import { sandboxFor } from "./opened.js";
import { settingsOf, type VerifyOptions } from "./options.js";
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
      const sandbox = await sandboxFor(options, settings, say);
      return {
        facts: { backend: sandbox.backend, interpreter: sandbox.interpreter },
        make: (lines, isDone) =>
          workOnLines({
            lines,
            isDone,
            concurrency: settings.concurrency,
            work: (line) => verifyLine(sandbox, line, settings),
            failed: (line) => `${input} line ${line} could not be verified`,
            signal,
          }),
        close: () => sandbox.close(),
      };
    },
    seen: ({ verdict }) => void counts.set(verdict, (counts.get(verdict) ?? 0) + 1),
    draw: options.draw,
    signal: options.signal,
  });
  const rows = [...counts.values()].reduce((sum, number) => sum + number, 0);
  return { rows, verdicts: frequentFirst(counts), worked };
}

/** Counts as an object, the most frequent first. */
export function frequentFirst<Word extends string>(
  counts: ReadonlyMap<Word, number>,
): Readonly<Partial<Record<Word, number>>> {
  const sorted = [...counts].sort(([a, most], [b, more]) => more - most || (a < b ? -1 : 1));
  return Object.fromEntries(sorted) as Partial<Record<Word, number>>;
}
