// Requests refused before the model sees them, told at once: whoever asked may wait for that answer before asking more.
import type { Unanswered } from "./engine.js";

export interface Refusals {
  add(refusal: Unanswered): void;
  /** Those not taken yet. */
  take(): readonly Unanswered[];
  /** Resolves with the next `add`. */
  next(): Promise<null>;
}

export function refusals(): Refusals {
  const waiting: Unanswered[] = [];
  let wake = (): void => undefined;
  return {
    add(refusal) {
      waiting.push(refusal);
      wake();
    },
    take: () => waiting.splice(0),
    next: () => new Promise((resolve) => (wake = () => resolve(null))),
  };
}

/** The rows as they come, and refusals as soon as there are any, even while the next row is waited for. */
export async function* besideRefused<Row>(
  rows: AsyncGenerator<Row>,
  refused: Refusals,
): AsyncGenerator<Row | Unanswered> {
  let coming: Promise<IteratorResult<Row>> | null = null;
  try {
    for (;;) {
      const more = refused.next();
      yield* refused.take();
      coming ??= rows.next();
      const next = await Promise.race([coming, more]);
      if (next === null) continue;
      coming = null;
      if (next.done === true) break;
      yield next.value;
    }
    yield* refused.take();
  } finally {
    const closed = rows.return(undefined);
    // A generator that waits for something returns only when it has that.
    if (coming === null) await closed;
    else closed.catch(() => undefined);
  }
}
