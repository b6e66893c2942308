import { expect, it } from "vitest";
import type { ScoreRequest } from "../../src/engine/engine.js";
import { likelihoodOf } from "../../src/instruct/likelihood.js";

const PAIR = { key: "k", instruction: "Add two numbers.", code: "def add(a, b): return a + b" };

it("subtracts and adds what a model says of either half with and without the other", async () => {
  const asked: ScoreRequest[] = [];
  const likelihood = await likelihoodOf(PAIR, (request) => {
    asked.push(request);
    const { key, prompt, text } = request;
    const nll = text === PAIR.code ? 1.25 : String(prompt).includes(PAIR.code) ? 2 : 3.5;
    return Promise.resolve({ key, nll, tokens: 4 });
  });
  expect(likelihood).toEqual({ rmi: 1.5, coderReviewer: -3.25 });
  // The instruction follows the same words whether the code came before or not.
  const [alone, after] = asked
    .filter(({ text }) => text === PAIR.instruction)
    .map(({ prompt }) => String(prompt));
  expect(after?.endsWith(alone ?? "?")).toBe(true);
  expect(new Set(asked.map(({ key }) => key)).size).toBe(3);
});

it("is null where the model could not say", async () => {
  const likelihood = await likelihoodOf(PAIR, ({ key, text }) =>
    Promise.resolve(
      text === PAIR.code ? { key, reason: "text-too-long", detail: "" } : { key, nll: 1, tokens: 1 },
    ),
  );
  expect(likelihood).toEqual({ rmi: 0, coderReviewer: null });
});
