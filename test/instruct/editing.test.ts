import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { editPrompts } from "../../src/instruct/editing.js";
import { openPrompts, SHIPPED_PROMPTS } from "../../src/instruct/prompts.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-editing-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const item = { instruction: "Write a function." };

describe("a copy of a prompt set", () => {
  it.each(SHIPPED_PROMPTS)("of %s says the same, and is another set", async (name) => {
    const [set, copy] = [
      await openPrompts(name),
      await openPrompts(await editPrompts(name, path.join(base, name), {})),
    ];
    expect(copy.examples).toEqual(set.examples);
    expect(copy.render("responses", item, 3)).toEqual(set.render("responses", item, 3));
    expect(copy.identity).not.toBe(set.identity);
  });

  it("is changed where it was asked for, by a text or by a function of the old one", async () => {
    const folder = await editPrompts("starcoder2", path.join(base, "edited"), {
      "responses.jinja": (text) => text.replace("experienced", "patient"),
      "concepts.jinja": "Name its concepts.\n{{ snippet }}\n### Concepts\n",
    });
    const [old, edited] = [await openPrompts("starcoder2"), await openPrompts(folder)];
    const [was, is] = [old.render("responses", item, 0), edited.render("responses", item, 0)];
    expect(is).toBe(typeof was === "string" ? was.replace("experienced", "patient") : "a text");
    expect(edited.render("concepts", { snippet: "x = 1" }, 0)).toBe(
      "Name its concepts.\nx = 1\n### Concepts",
    );
    const again = await openPrompts(await editPrompts(folder, path.join(base, "again"), {}));
    expect(again.render("concepts", { snippet: "x" }, 0)).toBe(
      edited.render("concepts", { snippet: "x" }, 0),
    );
  });

  it.each([
    [{ "reponses.jinja": "x" }, /has no file "reponses\.jinja": choose from set\.yaml, .*responses\.jinja/],
    [
      { "responses.jinja": (text: string) => text.replace("nowhere", "") },
      /change to "responses\.jinja".* changes nothing/,
    ],
    [{ "responses.jinja": "Answer." }, /responses\.jinja": the item's own instruction is nowhere shown/],
  ])("is refused with %j", async (edits, reason) => {
    await expect(editPrompts("starcoder2", path.join(base, "refused"), edits)).rejects.toThrow(reason);
  });
});
