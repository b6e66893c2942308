import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import type { Prompt } from "../../src/engine/engine.js";
import { openPrompts, SHIPPED_PROMPTS, type PromptSet } from "../../src/instruct/prompts.js";
import { STEPS, type Step } from "../../src/instruct/stage.js";

const PROMPTS = path.resolve(import.meta.dirname, "../../prompts");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-prompts-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A copy of a set and its examples, as a user would make one. */
function copied(name: string, copy: string): string {
  cpSync(path.join(PROMPTS, name), path.join(base, copy, "mine"), { recursive: true });
  cpSync(path.join(PROMPTS, "examples"), path.join(base, copy, "examples"), { recursive: true });
  return path.join(base, copy, "mine");
}

function change(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, "utf8");
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not hold ${String(from)}`);
  writeFileSync(file, changed);
}

async function refusal(place: string): Promise<string> {
  const found = await openPrompts(place).catch((error: unknown) => error);
  if (found instanceof InputError) return found.message;
  throw new Error("was opened");
}

/** Prompts of a step about two items that have not a letter in common, with what is their own. */
const ITEMS = {
  concepts: [{ snippet: "qqqq" }, { snippet: "zzzz" }],
  instructions: [
    { concepts: ["qqqq", "qq"], difficulty: "easy" },
    { concepts: ["zzzz", "zz"], difficulty: "hard" },
  ],
  responses: [{ instruction: "qqqq" }, { instruction: "zzzz" }],
} as const;

function both(set: PromptSet, step: Step, block: number): Prompt[] {
  if (step === "concepts") return ITEMS.concepts.map((item) => set.render("concepts", item, block));
  if (step === "instructions")
    return ITEMS.instructions.map((item) => set.render("instructions", item, block));
  return ITEMS.responses.map((item) => set.render("responses", item, block));
}

function textOf(prompt: Prompt): string {
  return typeof prompt === "string"
    ? prompt
    : prompt.map(({ role, content }) => `<${role}>\n${content}`).join("\n");
}

/** What two texts begin with alike. */
function sharedPrefix([one = "", other = ""]: readonly string[]): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

describe.each(SHIPPED_PROMPTS)("the set %s", (name) => {
  let set: PromptSet;
  beforeAll(async () => {
    set = await openPrompts(name);
  });

  it("shows 8, 8 and 1 examples, none twice in a prompt, and leaves none out", () => {
    for (const step of STEPS) {
      const blocks = Array.from({ length: set.blocks[step] }, (_, block) => set.shots(step, block));
      const size = step === "responses" ? 1 : 8;
      expect(blocks.map((block) => new Set(block).size)).toEqual(blocks.map(() => size));
      expect(new Set(blocks.flat())).toEqual(new Set(set.examples));
      const orders = blocks.map((block) => block.map((example) => example.name).join());
      expect(new Set(orders).size).toBe(blocks.length);
    }
  });

  it("has the same blocks each time it is opened", async () => {
    const again = await openPrompts(name);
    expect(again.identity).toBe(set.identity);
    for (const step of STEPS) expect(both(again, step, 1)).toEqual(both(set, step, 1));
  });

  it("puts all examples of the block, in order, before the item's own text, which is all that differs", () => {
    for (const step of STEPS) {
      for (let block = 0; block < set.blocks[step]; block++) {
        const texts = both(set, step, block).map(textOf);
        const prefix = sharedPrefix(texts);
        const places = set.shots(step, block).map((shot) => prefix.indexOf(shot.instruction.slice(0, 60)));
        const wanted =
          step === "concepts" ? set.shots(step, block).map((shot) => prefix.indexOf(shot.snippet)) : places;
        expect(wanted.every((at) => at > 0)).toBe(true);
        expect(wanted).toEqual([...wanted].sort((a, b) => a - b));
        const own = texts.map((text) => text.slice(prefix.length));
        const end = name === "starcoder2" ? 30 : 5;
        expect(own[0]?.startsWith(step === "instructions" ? "easy\nconcepts: qqqq, qq" : "qqqq")).toBe(true);
        expect(own[1]?.startsWith(step === "instructions" ? "hard\nconcepts: zzzz, zz" : "zzzz")).toBe(true);
        expect((own[0] ?? "").replace(/^(easy\nconcepts: qqqq, qq|qqqq)/, "").length).toBeLessThan(end);
      }
    }
  });
});

describe("a completion prompt", () => {
  it("ends with the header that the model is to go on under, and counts its examples", async () => {
    const set = await openPrompts("starcoder2");
    const [concepts, instruction, response] = STEPS.map((step) => both(set, step, 0)[0]);
    expect(concepts).toMatch(
      /\n## Example 8\n[^]+\n\n## Example 9\n### Snippet\n```python\nqqqq\n```\n\n### Concepts$/,
    );
    expect(instruction).toMatch(
      /\n\n## Example 9\n### Property\ncategory: code generation \(function implementation\)\nlanguage: Python\ndifficulty: easy\nconcepts: qqqq, qq\n\n### Instruction$/,
    );
    expect(response).toMatch(/\n\n## Example 2\n### Instruction\nqqqq\n\n### Response$/);
    expect(set.stop).toEqual(["## Example"]);
  });

  it("shows answers in four sections, the code in fences", async () => {
    const set = await openPrompts("starcoder2");
    const [shot] = set.shots("responses", 3);
    const prompt = textOf(set.render("responses", { instruction: "qqqq" }, 3));
    expect(prompt).toContain(
      `### Response\n[Reasoning]\n${shot?.reasoning}\n\n[Implementation]\n\`\`\`python\n${shot?.implementation}\n\`\`\`\n\n` +
        `[Explanation]\n${shot?.explanation}\n\n[Tests]\n\`\`\`python\n${shot?.tests}\n\`\`\`\n\n## Example 2`,
    );
  });
});

describe("a chat prompt", () => {
  it("is a system message, a turn and its answer for each example, and the item as the last turn", async () => {
    const set = await openPrompts("chat");
    const prompt = set.render("concepts", { snippet: "qqqq" }, 0);
    if (typeof prompt === "string") throw new Error("is a text");
    const shots = set.shots("concepts", 0);
    expect(prompt.slice(1)).toEqual([
      ...shots.flatMap(({ snippet, concepts }) => [
        { role: "user", content: `\`\`\`python\n${snippet}\n\`\`\`` },
        { role: "assistant", content: concepts.join(", ") },
      ]),
      { role: "user", content: "```python\nqqqq\n```" },
    ]);
    expect(prompt[0]?.role).toBe("system");
  });

  it("has no system message where its template is empty", async () => {
    const folder = copied("chat", "no-system");
    writeFileSync(path.join(folder, "concepts.system.jinja"), "\n");
    const prompt = (await openPrompts(folder)).render("concepts", { snippet: "qqqq" }, 0);
    expect(typeof prompt === "string" ? prompt : prompt.map(({ role }) => role).slice(0, 2)).toEqual([
      "user",
      "assistant",
    ]);
  });
});

describe("a user's own set", () => {
  it("is the same as ours until it is changed, wherever it lies", async () => {
    const folder = copied("starcoder2", "same");
    const ours = await openPrompts("starcoder2");
    const own = await openPrompts(folder);
    expect({ name: own.name, identity: own.identity }).toEqual({ name: "mine", identity: ours.identity });
    change(path.join(folder, "concepts.jinja"), "### Concepts\n{{ shot", "### Ideas\n{{ shot");
    const changed = await openPrompts(folder);
    expect(changed.identity).not.toBe(ours.identity);
    expect(textOf(changed.render("concepts", { snippet: "x" }, 0))).toContain("### Ideas\n");
  });

  it("may show another number of examples, in other files", async () => {
    const folder = copied("starcoder2", "fewer");
    cpSync(path.join(base, "fewer/examples"), path.join(folder, "own"), { recursive: true });
    rmSync(path.join(folder, "own/tills.yaml"));
    const settings = path.join(folder, "set.yaml");
    change(settings, "../examples", "own");
    change(settings, "concepts: 8", "concepts: 3");
    change(settings, "concepts: 4", "concepts: 6");
    const set = await openPrompts(folder);
    expect(set.examples.map(({ name }) => name)).not.toContain("tills");
    expect(set.shots("concepts", 5)).toHaveLength(3);
    expect(textOf(set.render("concepts", { snippet: "x" }, 5))).toContain(
      "## Example 4\n### Snippet\n```python\nx\n",
    );
  });

  it.each([
    [
      "an unknown kind",
      "set.yaml",
      /kind: .*/,
      "kind: poem",
      'set.yaml" kind: "poem" does not exist; choose from completion, chat',
    ],
    [
      "no stop list",
      "set.yaml",
      /stop: .*/,
      'stop: "## Example"',
      'set.yaml" stop: expected a list of texts',
    ],
    [
      "half an example",
      "set.yaml",
      /responses: 1 /,
      "responses: 0.5 ",
      'set.yaml" shots.responses: 0.5 is not a whole number from 1',
    ],
    ["a step too few", "set.yaml", /concepts: 8, /, "", 'set.yaml" shots.concepts: missing'],
    [
      "more examples than there are",
      "set.yaml",
      "instructions: 8",
      "instructions: 19",
      'set.yaml" shots.instructions: 19 examples are to be shown, but there are 18',
    ],
    [
      "too few blocks",
      "set.yaml",
      "concepts: 4",
      "concepts: 2",
      'set.yaml" blocks.concepts: 2 blocks leave some of 18 examples out; write 3',
    ],
    [
      "a stop string in an example",
      "set.yaml",
      '"## Example"',
      '"heapq"',
      'set.yaml" stop: "heapq" stands in snippet of the example tills',
    ],
    ["examples that are not there", "set.yaml", "../examples", "./none", "none\" can't be read"],
    ["broken YAML", "set.yaml", "kind: completion", "kind: [", 'set.yaml" line '],
    [
      "a wrong name in a template",
      "concepts.jinja",
      "{{ snippet }}",
      "{{ code }}",
      'concepts.jinja" line 17: a name has no value here; the names are: snippet, shots',
    ],
    [
      "an item that is not shown",
      "responses.jinja",
      "{{ instruction }}",
      "",
      "responses.jinja\": the item's own instruction is nowhere shown",
    ],
  ] as const)("with %s is refused by file and place", async (what, file, from, to, message) => {
    const folder = copied("starcoder2", what.replaceAll(" ", "-"));
    change(path.join(folder, file), from, to);
    expect(await refusal(folder)).toContain(message);
  });

  it("without a template, or of a name that nobody knows, is refused by name", async () => {
    const folder = copied("chat", "lacking");
    rmSync(path.join(folder, "concepts.user.jinja"));
    expect(await refusal(folder)).toContain("concepts.user.jinja\" can't be read");
    expect(await refusal("starcoder3")).toBe(
      'prompt set "starcoder3" does not exist: choose from starcoder2, chat, or name a folder',
    );
  });
});
