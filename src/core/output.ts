// What lies at the output of a job on a file: nothing, a part of it, or all; and whether it was made from the same input in
// the same way. A note beside it (`<output>.<job>.json`) says so, written before the first row.
import { access, readFile } from "node:fs/promises";
import { InputError } from "./errors.js";
import { isMissing, writeWhole } from "./files.js";
import { changesOf, type ContentOptions } from "./run.js";

/** The journal of an output that is under way. */
export function partOf(output: string): string {
  return `${output}.part`;
}

function noteOf(output: string, job: string): string {
  return `${output}.${job}.json`;
}

export interface Standing {
  readonly state: "absent" | "partial" | "finished";
  /** Options that it was made with; none where it is absent. */
  readonly madeWith: ContentOptions;
}

/**
 * Looks at an output.
 * @throws InputError where something lies there that no such job is known to have made.
 */
export async function lookAt(output: string, job: string): Promise<Standing> {
  const state = (await exists(output)) ? "finished" : (await exists(partOf(output))) ? "partial" : "absent";
  if (state === "absent") return { state, madeWith: {} };
  const there = state === "finished" ? output : partOf(output);
  const text = await readFile(noteOf(output, job), "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw error;
  });
  const madeWith = optionsIn(text);
  if (madeWith !== null) return { state, madeWith };
  throw new InputError(
    `"${there}" is there, and ${noteOf(output, job)} does not say how it was made: choose another --out, or remove it`,
  );
}

/** @throws InputError naming what differs from the options that the output was made with. */
export function refuseOthers(output: string, before: ContentOptions, now: ContentOptions): void {
  const changes = changesOf(before, now);
  if (changes === null) return;
  throw new InputError(
    `output "${output}" was made with other options (${changes}): ` +
      `repeat those, choose another --out, or remove ${output} and ${partOf(output)}`,
  );
}

/** Notes how an output is about to be made. */
export async function writeNote(output: string, job: string, madeWith: ContentOptions): Promise<void> {
  await writeWhole(noteOf(output, job), `${JSON.stringify({ format: 1, madeWith }, null, 2)}\n`);
}

function optionsIn(text: string): ContentOptions | null {
  try {
    const { format, madeWith } = JSON.parse(text) as { format?: unknown; madeWith?: ContentOptions };
    return format === 1 && madeWith !== undefined ? madeWith : null;
  } catch {
    return null;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
