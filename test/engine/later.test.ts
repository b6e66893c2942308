import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { openedLater } from "../../src/engine/later.js";

const named = (identity: string, closed: string[]): Engine => ({
  identity,
  async *generate(requests) {
    for await (const { key } of requests) yield { key, reason: "refused", detail: identity };
  },
  async *score(requests) {
    for await (const { key } of requests) yield { key, reason: "refused", detail: identity };
  },
  close: () => Promise.resolve(void closed.push(identity)),
});

async function* one(): AsyncGenerator<{ key: string; prompt: string; text: string }> {
  yield await Promise.resolve({ key: "k", prompt: "", text: "t" });
}

describe("an engine that is opened later", () => {
  it("is opened once, when it is first asked", async () => {
    const [opened, closed]: string[][] = [[], []];
    const engine = openedLater("a", () => {
      opened?.push("a");
      return Promise.resolve(named("a", closed ?? []));
    });
    expect(opened).toEqual([]);
    for (let time = 0; time < 2; time++)
      for await (const answer of engine.score(one())) expect(answer).toMatchObject({ detail: "a" });
    expect(opened).toEqual(["a"]);
    await engine.close();
    expect(closed).toEqual(["a"]);
  });

  it("is closed unopened where nobody asked", async () => {
    const engine = openedLater("a", () => Promise.reject(new Error("nobody is there")));
    await engine.close();
  });

  it("refuses to answer as another", async () => {
    const engine = openedLater("a", () => Promise.resolve(named("b", [])));
    await expect(engine.score(one()).next()).rejects.toThrow('made by "a", and now there is "b"');
  });
});
