import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Seed, WithConcepts, WithInstruction } from "../../src/core/record.js";
import type { Engine, GenerateRequest } from "../../src/engine/engine.js";
import { explainStep } from "../../src/instruct/explain.js";
import { openPrompts, type PromptSet } from "../../src/instruct/prompts.js";
import { rowOf } from "../dataset/rows.js";

/** Says the same to every prompt. */
function saying(text: string): Pick<Engine, "identity" | "generate"> {
  return {
    identity: "scripted",
    async *generate(requests: AsyncIterable<GenerateRequest>) {
      for await (const { key } of requests)
        yield { key, text, finish: "stop", tokens: null, promptTokens: 9, newTokens: 3 };
    },
  };
}

const seed: Seed = rowOf({});
const answer = `[Reasoning]
Twice.

[Implementation]
\`\`\`python
def double(x):
    # Add it to itself.
    return x + x
\`\`\`

[Explanation]
Adds.

[Tests]
\`\`\`python
assert double(2) == 4
\`\`\``;

let prompts: PromptSet;
beforeAll(async () => {
  prompts = await openPrompts(path.resolve(import.meta.dirname, "../../prompts/starcoder2"));
});

describe("a step explained", () => {
  it("goes from a seed to concepts, an instruction and a response, as a run does", async () => {
    const concepts = await explainStep("concepts", seed, { engine: saying("loops, sums"), prompts });
    expect(concepts.prompt).toContain(seed.seed.trim());
    expect(concepts.prompt.endsWith("### Concepts")).toBe(true);
    expect(concepts).toMatchObject({ row: { concepts: ["loops", "sums"], model: "scripted" }, reason: null });
    const withConcepts = concepts.row as WithConcepts;

    const task = "Write a function `double(x)` that gives twice a number.";
    const instruction = await explainStep("instructions", withConcepts, { engine: saying(task), prompts });
    expect(instruction.prompt).toContain("loops, sums");
    expect(instruction.row?.instruction).toBe(task);

    const response = await explainStep("responses", instruction.row as WithInstruction, {
      engine: saying(answer),
      prompts,
      index: 1,
    });
    expect(response.prompt).toContain(task);
    expect(response.answer).toBe(answer);
    expect(response.parts).toMatchObject({ reasoning: "Twice.", entryPoint: "double" });
    expect(response.row).toMatchObject({ index: 1, entryPoint: "double", prompt: response.prompt });
    expect(response.row?.response).toContain("return x + x");
    expect(response.row?.key).not.toBe(instruction.row?.key);
  });

  it("keeps an answer that came to nothing, with the reason", async () => {
    const failed = await explainStep("concepts", seed, { engine: saying("This code is nice."), prompts });
    expect(failed).toMatchObject({ row: null, reason: "not-a-list", answer: "This code is nice." });
  });
});
