// The lab's counting, on rows whose figures can be told by looking at them.
import { expect, it } from "vitest";
import { comparePrompts, costOfRun, sideBySide, sideFigures, type SideRows } from "../src/lab.js";
import type { InstructStats } from "../src/summaries.js";
import { rowOf } from "./dataset/rows.js";

const instruct: InstructStats = {
  concepts: { rows: 4, failed: { empty: 1 }, asked: { requests: 5, promptTokens: 500, newTokens: 50 } },
  instructions: { rows: 3, failed: {}, asked: { requests: 4, promptTokens: 400, newTokens: 40 } },
  responses: { rows: 4, failed: {}, asked: { requests: 8, promptTokens: null, newTokens: 800 } },
  dropped: {},
  rounds: { answered: 3, drawn: 8, always: 30 },
};

const response = (
  group: string,
  verdict: "verified" | "wrong",
  words: number,
): SideRows["results"][number] => ({
  ...rowOf({ result: { verdict, asserts: words } }),
  group,
  instruction: "word ".repeat(words),
  response: "x".repeat(10 * words),
});

const side: SideRows = {
  seeds: 5,
  published: 2,
  instruct,
  results: [
    response("a", "wrong", 1),
    response("a", "verified", 2),
    response("b", "verified", 4),
    response("b", "verified", 9),
  ],
};

it("counts what could be read, what was verified, and how long the rows are", () => {
  expect(sideFigures(side)).toMatchObject({
    "concepts read": 4 / 5,
    "instructions read": 3 / 4,
    "responses read": 4 / 8,
    "responses verified": 3 / 4,
    "seeds with a verified pair": 2 / 5,
    seeds: 5,
    "rows published": 2,
    "words of an instruction": 3,
    "characters of a response": 30,
    asserts: 3,
    requests: 17,
    "tokens sent": 900,
    "tokens drawn": 890,
  });
});

it("has no shares of nothing, and no tokens where none are told of", () => {
  const none = { rows: 0, failed: {}, asked: { requests: 0, promptTokens: null, newTokens: null } };
  const empty = {
    ...side,
    instruct: { ...instruct, concepts: none, instructions: none, responses: none },
    results: [],
  };
  const figures = sideFigures(empty);
  for (const label of ["concepts read", "responses verified", "lines of code", "tokens sent"] as const)
    expect(figures[label], label).toBeNull();
  expect(figures["seeds with a verified pair"]).toBe(0);
});

it("sets two sides beside one another, shares only where both know them", () => {
  const old = sideFigures(side);
  const other = { ...old, "responses read": 0.75, "instructions read": null, asserts: 5 };
  const { figures, shares } = sideBySide(old, other);
  expect(figures).toContainEqual({ figure: "asserts", old: 3, new: 5 });
  expect(figures).toHaveLength(Object.keys(old).length);
  expect(shares.map(({ name }) => name)).not.toContain("instructions read");
  expect(shares).toContainEqual({ name: "responses read", old: 0.5, new: 0.75 });
});

it("estimates a full run from what a row took", () => {
  const tokens = { published: 4, requests: 30, prompt: 20_000, completion: 6_000 };
  expect(costOfRun(tokens, 1_000)).toEqual({ requests: 7_500, prompt: 5e6, completion: 1.5e6, cost: null });
  expect(costOfRun(tokens, 1_000, [0.4, 2])?.cost).toBeCloseTo(5 * 0.4 + 1.5 * 2);
  expect(costOfRun({ ...tokens, published: 0 }, 1_000)).toBeNull();
  expect(costOfRun({ ...tokens, completion: null }, 1_000)).toBeNull();
});

it("refuses a teacher that uses no prompts", async () => {
  await expect(comparePrompts("starcoder2", "chat", {})).rejects.toThrow(
    /docstring uses no prompts: name one/,
  );
});
