// Work on the lines of a file, so many at a time; for jobs (filejob.ts) whose rows take their time.
import { asError } from "./files.js";
import type { Made } from "./filejob.js";
import type { InputLine } from "./input.js";

export interface LineWork<Row> {
  readonly lines: AsyncIterable<InputLine>;
  readonly isDone: (line: number, index: number) => boolean;
  /** Lines under way at the same time. */
  readonly concurrency: number;
  readonly work: (line: InputLine) => Promise<Row>;
  /** What to say of a line whose work failed, e.g. `in.jsonl line 3 could not be verified`. */
  readonly failed: (line: number) => string;
  readonly signal: AbortSignal;
}

/** Rows as they are made, one of each line; when one can't be, the others under way still come. */
export async function* workOnLines<Row>(job: LineWork<Row>): AsyncGenerator<Made<Row>> {
  const running = new Set<Promise<void>>();
  const ready: Made<Row>[] = [];
  const failures: Error[] = [];
  try {
    for await (const line of job.lines) {
      job.signal.throwIfAborted();
      if (job.isDone(line.line, 0)) continue;
      const work: Promise<void> = job
        .work(line)
        .then((row) => void ready.push({ line: line.line, index: 0, row }))
        .catch((cause: unknown) => {
          failures.push(new Error(job.failed(line.line), { cause: asError(cause) }));
        })
        .finally(() => running.delete(work));
      running.add(work);
      if (running.size >= job.concurrency) await Promise.race(running);
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
