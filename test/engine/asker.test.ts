import { describe, expect, it } from "vitest";
import { openAsker } from "../../src/engine/asker.js";
import type { Completion, Engine, GenerateRequest } from "../../src/engine/engine.js";

const request = (key: string): GenerateRequest => ({
  key,
  prompt: key,
  maxTokens: 1,
  temperature: 0,
  topP: 1,
  stop: [],
  seed: 0,
});
const answer = (key: string): Completion => ({
  key,
  text: key.toUpperCase(),
  tokens: null,
  finish: "stop",
  promptTokens: null,
  newTokens: null,
});

/** Answers in pairs, the later one first; fails where it is asked `bad`. */
const pairwise: Pick<Engine, "generate"> = {
  async *generate(requests) {
    let held: string | null = null;
    for await (const { key } of requests) {
      if (key === "bad") throw new Error("out of order");
      if (held === null) held = key;
      else {
        yield answer(key);
        yield answer(held);
        held = null;
      }
    }
    if (held !== null) yield answer(held);
  },
};

describe("asker", () => {
  it("brings every answer to whom it belongs, in whatever order they come", async () => {
    const asker = openAsker(pairwise);
    const asked = ["a", "b", "c", "d", "e"].map((key) => asker.ask(request(key)));
    const first = await Promise.all(asked.slice(0, 4));
    expect(first.map((given) => "text" in given && given.text)).toEqual(["A", "B", "C", "D"]);
    await asker.close();
    expect(await asked[4]).toMatchObject({ text: "E" });
  });

  it("hands the engine's failure to all who wait, and to whoever asks later", async () => {
    const asker = openAsker(pairwise);
    const waiting = asker.ask(request("a"));
    const failing = asker.ask(request("bad"));
    await expect(waiting).rejects.toThrow("out of order");
    await expect(failing).rejects.toThrow("out of order");
    await expect(asker.ask(request("late"))).rejects.toThrow("out of order");
    await asker.close();
  });

  it("ends where the signal stops it, though no question is on its way", async () => {
    const stop = new AbortController();
    const asker = openAsker(pairwise, { signal: stop.signal });
    const waiting = asker.ask(request("a"));
    stop.abort();
    await Promise.race([waiting, asker.close()]);
  });

  it("sends nothing for a while after each batch", async () => {
    const sent: number[] = [];
    const noting: Pick<Engine, "generate"> = {
      async *generate(requests) {
        for await (const { key } of requests) {
          sent.push(performance.now());
          yield answer(key);
        }
      },
    };
    const asker = openAsker(noting, { pause: { every: 2, ms: 120 } });
    await Promise.all(["a", "b", "c", "d"].map((key) => asker.ask(request(key))));
    await asker.close();
    const [, second = 0, third = 0] = sent;
    expect(third - second).toBeGreaterThan(100);
  });

  it("is stopped in the middle of a pause", async () => {
    const stop = new AbortController();
    const asker = openAsker(pairwise, { signal: stop.signal, pause: { every: 2, ms: 60_000 } });
    const asked = ["a", "b", "c"].map((key) => asker.ask(request(key)));
    await Promise.all(asked.slice(0, 2));
    stop.abort(new Error("stopped"));
    await expect(asked[2]).rejects.toThrow();
    await asker.close();
  }, 10_000);
});
