// A copy of a prompt set with some of its files changed: how an idea for a prompt is tried without touching the set.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { openPrompts } from "./prompts.js";

/** By a file's name, as `responses.jinja` or `examples/tills.yaml`: its new text, or what makes the new text of the old. */
export type PromptEdits = Readonly<Record<string, string | ((text: string) => string)>>;

/**
 * Writes a set, one that comes with this package or a folder, into another folder with these changes, its worked examples
 * too, and gives that folder as `--prompts` takes it.
 * @throws InputError for a file that the set does not have, a change that changes nothing, and a set that can't be opened.
 */
export async function editPrompts(nameOrFolder: string, folder: string, edits: PromptEdits): Promise<string> {
  const { files } = await openPrompts(nameOrFolder);
  const unknown = Object.keys(edits).find((name) => !files.some((file) => file.name === name));
  if (unknown !== undefined)
    throw new InputError(
      `prompt set "${nameOrFolder}" has no file "${unknown}": choose from ${files.map(({ name }) => name).join(", ")}`,
    );
  await mkdir(path.join(folder, "examples"), { recursive: true });
  for (const { name, text: written } of files) {
    const text = name === "set.yaml" ? written.replace(/^examples:.*$/m, "examples: examples") : written;
    const edit = edits[name];
    const edited = edit === undefined ? text : typeof edit === "string" ? edit : edit(text);
    if (edit !== undefined && edited === text)
      throw new InputError(
        `the change to "${name}" of "${nameOrFolder}" changes nothing: look for what stands there`,
      );
    await writeFile(path.join(folder, name), edited);
  }
  await openPrompts(folder);
  return folder;
}
