// Prompts that wait: taken from the source a window at a time, given out so that those of like length go together.
import { unlessAborted } from "../core/interrupt.js";
import type { DrawRequest } from "./rows.js";

export interface Queue {
  readonly waiting: readonly DrawRequest[];
  /** Takes from the source what it has at hand, up to so many waiting; where `patient` waits for a first one, until the signal. */
  fill(most: number, patient: boolean, signal?: AbortSignal): Promise<void>;
  /** The prompt that has waited longest, and others of about its length. */
  takeAlike(count: number): DrawRequest[];
  /** Puts requests back to be taken first. */
  putBack(requests: readonly DrawRequest[]): void;
  close(): Promise<void>;
}

/** Little beside a run, and enough to read the next piece of a file: a batch is not to go half empty for that. */
const PATIENCE_MS = 5;

/** A queue before a source, which has at hand what it gives within `patienceMs`. */
export function queueOf(requests: AsyncIterable<DrawRequest>, patienceMs: number = PATIENCE_MS): Queue {
  const source = requests[Symbol.asyncIterator]();
  const waiting: DrawRequest[] = [];
  let coming: Promise<IteratorResult<DrawRequest>> | null = null;
  let over = false;

  return {
    waiting,
    async fill(most, patient, signal) {
      while (!over && waiting.length < most) {
        coming ??= source.next();
        const mustWait = patient && waiting.length === 0;
        const next = mustWait ? await unlessAborted(coming, signal) : await within(coming, patienceMs);
        if (next === null) return;
        coming = null;
        if (next.done === true) over = true;
        else waiting.push(next.value);
      }
    },
    takeAlike(count) {
      const [oldest] = waiting;
      if (oldest === undefined) return [];
      const unlike = ({ prompt }: DrawRequest): number => Math.abs(prompt.length - oldest.prompt.length);
      const taken = [...waiting].sort((a, b) => unlike(a) - unlike(b)).slice(0, count);
      const gone = new Set(taken);
      waiting.splice(0, waiting.length, ...waiting.filter((request) => !gone.has(request)));
      return taken;
    },
    putBack(again) {
      waiting.unshift(...again);
    },
    async close() {
      over = true;
      const closed = source.return?.();
      // A generator that waits for something returns only when it has that, which may be never.
      if (coming === null) await closed;
      else closed?.catch(() => undefined);
    },
  };
}

/** What the work gives, or null where that takes longer. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, ms, null)));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
