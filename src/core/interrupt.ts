// Ctrl-C and SIGTERM as a signal that long work looks at: it stops between two rows, keeps what it has, and says how to
// go on. Whoever asks for the signal gives it back when the work is over.
import { Interrupted } from "./errors.js";

/** A signal that the first SIGINT or SIGTERM aborts; the second one ends the process as ever. */
export function stoppedBySignals(): { signal: AbortSignal; release: () => void } {
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
