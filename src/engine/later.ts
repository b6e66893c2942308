// An engine that is known already and opened when it is first asked: a run whose answers are all there needs no server.
import { InputError } from "../core/errors.js";
import type { Engine } from "./engine.js";

/**
 * The engine of this identity. Asking it throws InputError where what `open` gives is another one, whose answers must not be
 * mixed with those that are there.
 */
export function openedLater(identity: string, open: () => Promise<Engine>): Engine {
  let opening: Promise<Engine> | null = null;
  async function opened(): Promise<Engine> {
    const engine = await (opening ??= open());
    if (engine.identity === identity) return engine;
    throw new InputError(
      `this run was made by "${identity}", and now there is "${engine.identity}": choose another --output-dir, or --clean`,
    );
  }
  return {
    identity,
    async *generate(requests, signal) {
      yield* (await opened()).generate(requests, signal);
    },
    async *score(requests, signal) {
      yield* (await opened()).score(requests, signal);
    },
    async close() {
      const engine = await opening?.catch(() => null);
      await engine?.close();
    },
  };
}
