import { expect, it } from "vitest";
import { openMeter } from "../../src/engine/meter.js";

const answer = (promptTokens: number, newTokens: number) =>
  ({ key: "k", text: "", tokens: null, finish: "stop", promptTokens, newTokens }) as const;

it("adds up tokens, and what they cost by the million", () => {
  const meter = openMeter({ prompt: 0.5, completion: 2 });
  expect(meter.told()).toBe("");
  meter.count(answer(1_000_000, 250_000));
  meter.count({ key: "k", reason: "refused", detail: "" });
  expect(meter.told()).toBe("1.0M tokens sent, 250k drawn, 1.00 spent");
});
