import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unreadAnswers } from "../../src/instruct/proof.js";
import { openPrompts, SHIPPED_PROMPTS } from "../../src/instruct/prompts.js";
import { loadGrammar } from "../../src/python/syntax.js";

const PROMPTS = path.resolve(import.meta.dirname, "../../prompts");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-unread-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(() => loadGrammar());

/** A copy of all sets in which one file is written otherwise; gives the folder of a set. */
function changed(name: string, file: string, from: string, to: string): string {
  const folder = mkdtempSync(path.join(base, "set-"));
  cpSync(PROMPTS, folder, { recursive: true });
  const text = readFileSync(path.join(folder, file), "utf8");
  expect(text).toContain(from);
  writeFileSync(path.join(folder, file), text.replaceAll(from, to));
  return path.join(folder, name);
}

it.each(SHIPPED_PROMPTS)("each answer that %s shows is read as what the example says", async (name) => {
  expect(unreadAnswers(await openPrompts(name))).toEqual([]);
});

it("a layout that shows answers which can't be read is told, by step, example and reason", async () => {
  const sections = await openPrompts(
    changed("chat", "chat/responses.assistant.jinja", "[Explanation]", "[Why]"),
  );
  const unread = unreadAnswers(sections);
  expect(unread).toHaveLength(sections.examples.length);
  expect(unread[0]).toMatchObject({ step: "responses", problem: "missing-section: [Explanation]" });

  const fences = "starcoder2/responses.jinja";
  const open = unreadAnswers(await openPrompts(changed("starcoder2", fences, "```python", "```text")));
  expect(open[0]).toMatchObject({
    step: "responses",
    problem: expect.stringMatching(/^no-code: /) as unknown,
  });

  const lines = changed("starcoder2", "starcoder2/concepts.jinja", "{{ shot.concepts }}", "Here: see above.");
  expect(unreadAnswers(await openPrompts(lines))[0]?.step).toBe("concepts");
});

it("an example whose answer reads as something else is told alone", async () => {
  const from = "  Draw a bar chart in text.";
  const folder = changed(
    "chat",
    "examples/bar-chart.yaml",
    from,
    `${from} Instruction:\n\n\n  ## Details\n\n\n `,
  );
  expect(unreadAnswers(await openPrompts(folder))).toEqual([
    {
      step: "instructions",
      example: "bar-chart",
      problem: 'its instruction is read as "Draw a bar chart in text. Instruction:"',
    },
  ]);
});
