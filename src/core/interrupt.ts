// Ctrl-C and SIGTERM as a signal that long work looks at: it stops between two rows, keeps what it has, and says how to
// go on. Whoever asks for the signal gives it back when the work is over. And waiting that a signal ends.
import { InputError, Interrupted } from "./errors.js";
import { asError } from "./files.js";

/** A signal that the first SIGINT or SIGTERM aborts; the second one ends the process as ever. */
function stoppedBySignals(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM"] as const;
  const release = (): void => {
    for (const name of names) process.removeListener(name, stop);
  };
  const stop = (): void => {
    release();
    controller.abort(
      new Interrupted("stopped; what was finished is kept: the same command goes on from there"),
    );
  };
  for (const name of names) process.once(name, stop);
  return { signal: controller.signal, release };
}

/**
 * Long work under a signal that is given, or under Ctrl-C where none is. After a stop whatever fails because of it is told as the
 * signal's reason, unless it says itself what the stop has left, or what is to be mended: a disk that is full then keeps nothing.
 */
export async function stoppable<Result>(
  given: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { signal, release } = given ? { signal: given, release: () => undefined } : stoppedBySignals();
  try {
    return await work(signal);
  } catch (error) {
    if (!(error instanceof Interrupted || error instanceof InputError)) signal.throwIfAborted();
    throw error;
  } finally {
    release();
  }
}

/** What the work gives, or the signal's reason as soon as it is aborted; the work itself goes on. */
export function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(asError(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
