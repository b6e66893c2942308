import { describe, expect, it } from "vitest";
import { InputError, Interrupted } from "../../src/core/errors.js";
import { stoppable } from "../../src/core/interrupt.js";

describe("work that is stopped", () => {
  const failing = async (error: Error, isStopped = true): Promise<unknown> => {
    const stop = new AbortController();
    return stoppable(stop.signal, () => {
      if (isStopped) stop.abort(new Interrupted("stopped"));
      throw error;
    }).catch((thrown: unknown) => thrown);
  };

  it("says that it was, whatever fails because of it", async () => {
    for (const error of [new DOMException("x", "AbortError"), new Error("the worker is gone")])
      expect(await failing(error)).toMatchObject({ name: "Interrupted", message: "stopped" });
  });

  it("says itself what is left, and what has to be mended", async () => {
    for (const error of [new Interrupted("12 steps are saved"), new InputError("the disk is full")])
      expect(await failing(error)).toBe(error);
  });

  it("fails as ever where nobody stopped it, and gives what it made", async () => {
    const error = new Error("broken");
    expect(await failing(error, false)).toBe(error);
    const { signal } = new AbortController();
    expect(await stoppable(signal, (own) => Promise.resolve(own === signal))).toBe(true);
    expect(process.listenerCount("SIGINT")).toBe(process.listenerCount("SIGTERM"));
  });
});
