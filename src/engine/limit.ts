// How many requests a server is given at the same time, learned from how it takes them: additive increase, multiplicative
// decrease, as TCP does for a network. Tasks go in and run as soon as there is room; their outcomes move the limit. Knows
// neither servers nor requests. https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease

export interface LimitOptions {
  /** Never more than this at the same time. */
  readonly most: number;
  /** How many at first, default 4. */
  readonly first?: number;
  /** True for failures that say "too much at once". */
  readonly isTooMuch: (error: unknown) => boolean;
}

export interface Limit {
  /** How many may run at the same time now; at least 1. */
  readonly size: () => number;
  /** Runs a task once there is room for it, first come, first served. Rejects with the signal's reason while it waits. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** A limit that doubles with every round of answers until it was too much once, and then grows by one a round. */
export function openLimit({ most, first = 4, isTooMuch }: LimitOptions): Limit {
  const waiting: (() => void)[] = [];
  let size = Math.min(first, most);
  let running = 0;
  /** Answers since the size last changed. */
  let round = 0;
  /** Halvings so far. */
  let cuts = 0;

  function admit(): void {
    while (running < size && waiting.length > 0) {
      running++;
      waiting.shift()?.();
    }
  }

  function room(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      const stop = (): void => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", stop, { once: true });
      waiting.push(enter);
      admit();
    });
  }

  /** Answers say that there may be room for more only where all the room was used. */
  function grow(): void {
    if (running < size || size >= most) return;
    round++;
    if (cuts > 0 && round < size) return;
    size++;
    round = 0;
  }

  /** Tasks that ran together fail together: only one that started after the last halving asks for another. */
  function shrink(startedAt: number): void {
    if (startedAt !== cuts) return;
    size = Math.max(1, Math.floor(size / 2));
    cuts++;
    round = 0;
  }

  return {
    size: () => size,
    async run(task, signal) {
      await room(signal);
      const startedAt = cuts;
      try {
        const result = await task();
        grow();
        return result;
      } catch (error) {
        if (isTooMuch(error)) shrink(startedAt);
        throw error;
      } finally {
        running--;
        admit();
      }
    },
  };
}
