// Two prompt sets at work with a server that looks at its prompts: what the lab says of them is what the server did.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { editPrompts } from "../../src/instruct/editing.js";
import { comparePrompts, costOfRun } from "../../src/lab.js";
import { serveModel } from "../engine/modelserver.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-lab-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const RESPONSE = `[Reasoning]
Add.

[Implementation]
\`\`\`python
def double(x: int) -> int:
    """Return twice a number."""
    return x + x
\`\`\`

[Explanation]
Adds.

[Tests]
\`\`\`python
assert double(2) == 4
assert double(-1) == -2
\`\`\``;

/** Answers each step; where it is asked to be brief it leaves the tests out. */
function answerTo(prompt: string): string {
  if (prompt.endsWith("### Concepts")) return "addition, integers";
  if (prompt.endsWith("### Instruction")) return "Write a function `double(x)` that gives twice a number.";
  return prompt.includes("Be brief.") ? RESPONSE.slice(0, RESPONSE.indexOf("[Tests]")) : RESPONSE;
}

it("shows what a change of the prompt does, and asks nothing twice", async () => {
  const server = await serveModel({
    answer: ({ prompt }) => ({
      choices: [{ index: 0, finish_reason: "stop", text: `\n${answerTo(prompt)}\n\n` }],
      usage: { prompt_tokens: 1_000, completion_tokens: 100 },
    }),
  });
  try {
    const brief = await editPrompts("starcoder2", path.join(base, "brief"), {
      "responses.jinja": (text) => `Be brief. ${text}`,
    });
    const options = {
      outputDir: path.join(base, "sides"),
      model: "openai:tiny",
      baseUrl: server.url,
      numSamples: 2,
      samples: 4,
      delay: 0,
    };
    const compared = await comparePrompts("starcoder2", brief, options);
    expect(compared.shares).toEqual([
      { name: "concepts read", old: 1, new: 1 },
      { name: "instructions read", old: 1, new: 1 },
      { name: "responses read", old: 1, new: 0 },
      { name: "seeds with a verified pair", old: 1, new: 0 },
    ]);
    expect(compared.pairs).toHaveLength(2);
    for (const pair of compared.pairs) {
      expect(pair.old).toMatchObject({ concepts: ["addition", "integers"], verdict: "verified" });
      expect(pair.old.response).toContain("return x + x");
      expect(pair.new).toMatchObject({ concepts: ["addition", "integers"], response: null, verdict: null });
    }
    // Two seeds: a round of two responses is enough, or all four are drawn in vain.
    expect(compared.old.figures.requests).toBe(2 + 2 + 2 * 2);
    expect(compared.new.figures.requests).toBe(2 + 2 + 2 * 4);
    expect(server.asked).toHaveLength(8 + 12);
    const published = compared.old.figures["rows published"] ?? 0;
    expect(costOfRun(compared.old.tokens, 100 * published, [1, 10])).toEqual({
      requests: 800,
      prompt: 800_000,
      completion: 80_000,
      cost: 0.8 + 0.8,
    });
    expect(costOfRun(compared.new.tokens, 100)).toBeNull();

    expect(await comparePrompts("starcoder2", brief, options)).toEqual(compared);
    expect(server.asked).toHaveLength(8 + 12);
    // Another way to draw is another run; the old one stays.
    const colder = await comparePrompts("starcoder2", brief, { ...options, temperature: 0.2 });
    expect(colder.old.dir).not.toBe(compared.old.dir);
    expect(server.asked).toHaveLength(2 * (8 + 12));
  } finally {
    await server.close();
  }
});
