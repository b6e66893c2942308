// Every function of a corpus, unfiltered, with the facts that researchers sort by: the raw material behind the seeds, for
// `selfalign extract`. Broken files give the functions that can be seen in them, and are counted.
import { open, rename, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Corpus } from "../corpus/corpus.js";
import { openCorpus } from "../corpus/open.js";
import { InputError } from "../core/errors.js";
import { startProgress, type Draw } from "../core/progress.js";
import type { ExtractedFunction } from "./functions.js";
import { mapInOrder } from "./parallel.js";

/** What was read on the way. */
export interface ExtractCounts {
  readonly files: number;
  readonly functions: number;
  /** Files with syntax errors; their functions are listed as far as they can be seen. */
  readonly filesWithErrors: number;
  /** Files that gave nothing, by reason: those of `CorpusReason` and `ParseFailure`. */
  readonly skipped: Readonly<Record<string, number>>;
}

export interface ExtractOptions {
  /** Draws the order of the files; default 0. */
  readonly seed?: number;
  /** Milliseconds to parse one file; default 5,000. */
  readonly timeoutMs?: number;
  /** Threads, used when the corpus is large; default one per processor. */
  readonly workers?: number;
}

/** The functions of a corpus in its order, those of one file in source order; returns the counts. */
export async function* extractCorpus(
  corpus: Corpus,
  options: ExtractOptions = {},
): AsyncGenerator<ExtractedFunction, ExtractCounts> {
  const { seed = 0, timeoutMs = 5_000, workers = availableParallelism() } = options;
  const counts = { files: 0, functions: 0, filesWithErrors: 0, skipped: {} as Record<string, number> };
  const start = { job: "functions", options: { timeoutMs } } as const;
  for await (const { item, result } of mapInOrder(corpus.files({ seed }), start, { workers })) {
    counts.files++;
    if (result === null || typeof result === "string") {
      const reason = "reject" in item ? item.reject.reason : String(result);
      counts.skipped[reason] = (counts.skipped[reason] ?? 0) + 1;
      continue;
    }
    if (result.hasError) counts.filesWithErrors++;
    counts.functions += result.rows.length;
    yield* result.rows;
  }
  return counts;
}

export interface ExtractToOptions extends ExtractOptions {
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw;
}

/**
 * Writes every function of the corpus named `spec` to `out`, one JSON line each; `out` appears when all are written.
 * @throws InputError for an unknown or empty corpus and for a file that can't be written.
 */
export async function extractTo(
  spec: string,
  out: string,
  { draw, ...options }: ExtractToOptions = {},
): Promise<ExtractCounts> {
  let say: (text: string) => void = () => undefined;
  const corpus = await openCorpus(spec, { onNotice: (text) => say(text) });
  const temporary = `${out}.tmp`;
  const handle = await open(temporary, "w").catch((cause: unknown) => {
    throw new InputError(`file "${out}" can't be written: name a file in a folder that exists`, { cause });
  });
  const progress = startProgress(draw === undefined ? {} : { draw });
  say = (text) => progress.say(text);
  const task = progress.start("functions", null);
  try {
    const rows = extractCorpus(corpus, options);
    let batch: string[] = [];
    for (;;) {
      const { value, done } = await rows.next();
      if (!done) {
        batch.push(`${JSON.stringify(value)}\n`);
        if (batch.length < WRITE_ROWS) continue;
      }
      await handle.writeFile(batch.join(""));
      task.tick(batch.length);
      batch = [];
      if (!done) continue;
      await handle.sync();
      await rename(temporary, out);
      task.end(`${value.functions} found`);
      return value;
    }
  } finally {
    progress.close();
    await handle.close();
    await rm(temporary, { force: true });
  }
}

/** Rows that are written at once. */
const WRITE_ROWS = 500;
