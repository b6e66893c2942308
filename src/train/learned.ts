// The tokenizer of a training run: one that is named, or one that is learned from the run's files, once. What it was learned
// from is noted beside it, so that another run in the same folder is not given it unawares.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Corpus } from "../corpus/corpus.js";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import { changesOf, type ContentOptions } from "../core/run.js";
import { contentOf } from "./sources.js";
import { learnTokenizer } from "./tokenizer.js";

/** Written when the tokenizer is there. */
const NOTE = "learned-from.json";

/**
 * Learns a tokenizer from a corpus into a folder, unless it is there.
 * @throws InputError where the one that is there was learned from something else.
 */
export async function learnOnce(
  corpus: Corpus,
  folder: string,
  options: Parameters<typeof learnTokenizer>[2],
): Promise<void> {
  const content = { ...contentOf(corpus, options), vocabSize: options.vocabSize ?? "default" };
  await madeOnce(folder, content, () => learnTokenizer(corpus, folder, options));
}

/**
 * Lets a tokenizer be made into a folder, unless it is there.
 * @throws InputError where the one that is there was made of something else.
 */
export async function madeOnce(
  folder: string,
  content: ContentOptions,
  make: () => Promise<unknown>,
): Promise<void> {
  const note = path.join(folder, NOTE);
  const text = await readFile(note, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (text === null) {
    await make();
    await writeWhole(note, `${JSON.stringify(content, null, 2)}\n`);
    return;
  }
  // A cast because the note is written above alone.
  const changes = changesOf(JSON.parse(text) as ContentOptions, content);
  if (changes !== null)
    throw new InputError(
      `tokenizer ${folder} was learned from something else (${changes}): choose another folder, or remove this one`,
    );
}

/** The folder of a tokenizer that is named by it or by its tokenizer.json. */
export async function tokenizerFolder(place: string): Promise<string> {
  const isFolder = (await stat(place).catch(() => null))?.isDirectory() === true;
  return isFolder || path.basename(place) !== "tokenizer.json" ? place : path.dirname(place);
}
