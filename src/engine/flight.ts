// Many requests under way at the same time, each answered once, in the order in which they are done. Requests are taken only
// as they can be worked on: what is under way and what is done but not yet taken stay within `room` together, so neither a
// long source nor a slow reader fills the memory. The first failure ends it, after the answers that are there already.
import { setMaxListeners } from "node:events";
import { asError } from "../core/files.js";

/** What `answer` makes of every request, never more than `room()` of them at once. A signal stops it where it is. */
export async function* answerAll<Q, A>(
  requests: AsyncIterable<Q>,
  room: () => number,
  answer: (request: Q, signal: AbortSignal) => Promise<A>,
  signal?: AbortSignal,
): AsyncGenerator<A> {
  signal?.throwIfAborted();
  const source = requests[Symbol.asyncIterator]();
  const over = new AbortController();
  setMaxListeners(0, over.signal); // one for each request under way
  const underWay = new Set<Promise<void>>();
  const done: A[] = [];
  /** Of the source: being asked for the next request, at its end. */
  const state: { failure: Error | null; taking: boolean; ended: boolean } = {
    failure: null,
    taking: false,
    ended: false,
  };
  let wake = (): void => undefined;

  function fail(reason: unknown): void {
    state.failure ??= asError(reason);
    wake();
  }

  function fill(): void {
    if (state.taking || state.ended || state.failure !== null || over.signal.aborted) return;
    if (underWay.size + done.length >= room()) return;
    state.taking = true;
    source.next().then(
      (next) => {
        state.taking = false;
        if (next.done === true) state.ended = true;
        else if (!over.signal.aborted && state.failure === null) start(next.value);
        fill();
        wake();
      },
      (reason: unknown) => {
        state.taking = false;
        state.ended = true;
        fail(reason);
      },
    );
  }

  function start(request: Q): void {
    const work = answer(request, over.signal)
      .then(
        (result) => void done.push(result),
        (reason: unknown) => fail(reason),
      )
      .finally(() => {
        underWay.delete(work);
        wake();
      });
    underWay.add(work);
  }

  const stop = (): void => {
    over.abort(signal?.reason);
    wake();
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const woken = new Promise<void>((resolve) => (wake = resolve));
      fill();
      const [next] = done.splice(0, 1);
      if (next !== undefined) yield next;
      else if (state.failure !== null) throw state.failure;
      else if (state.ended && underWay.size === 0) return;
      else await woken;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    over.abort(new Error("no more answers are wanted"));
    // A source that is asked for its next request answers `return` only after that: nobody waits for it.
    const closed = state.ended ? undefined : source.return?.();
    if (state.taking) closed?.catch(() => undefined);
    else await closed;
    await Promise.all(underWay);
  }
}
