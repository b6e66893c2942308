// What an evaluation's folder was made with: `evaluation.json`. A second start with other options, tasks or samples is refused by
// name, since half of the one and half of the other would be neither.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { isMissing, writeWhole } from "../core/files.js";
import { isRecord } from "../core/json.js";
import { sha1Of } from "../core/record.js";
import { changesOf, type ContentOptions } from "../core/run.js";
import { settingsOf, type VerifyOptions } from "../validate/options.js";
import type { EvaluationSettings } from "./options.js";
import type { GivenSamples } from "./samples.js";
import type { Tasks } from "./tasks.js";

/** Bumped by hand when the same options give other samples. */
const EVALUATE_VERSION = 1;

/** All that samples and verdicts depend on, but the machine. The ks are left out: they only read the results. */
export function factsOf(
  settings: EvaluationSettings,
  judging: VerifyOptions,
  { tasks }: Tasks,
  given: GivenSamples | null,
): ContentOptions {
  const { model, numSamples, temperature, topP, maxTokens, seed } = settings;
  const { sandbox, mode, timeoutMs, allowImports } = settingsOf(judging);
  const source =
    model === null
      ? { samples: sha1Of(JSON.stringify(given?.samples)) }
      : { model, "num-samples": numSamples, temperature, "top-p": topP, "max-tokens": maxTokens, seed };
  return {
    evaluate: EVALUATE_VERSION,
    tasks: sha1Of(JSON.stringify(tasks)),
    ...source,
    sandbox,
    mode,
    timeout: timeoutMs / 1_000,
    "allow-imports": allowImports.join(","),
  };
}

/** Notes what is about to be made. @throws InputError where something else was made there, naming what differs. */
export async function noteOnce(folder: string, now: ContentOptions): Promise<void> {
  const file = path.join(folder, "evaluation.json");
  const before = await noted(file);
  if (before === null) {
    await writeWhole(file, `${JSON.stringify({ format: 1, madeWith: now }, null, 2)}\n`);
    return;
  }
  const changes = changesOf(before, now);
  if (changes === null) return;
  throw new InputError(
    `evaluation ${folder} was made with other options (${changes}): repeat those, or choose another --output-dir`,
  );
}

async function noted(file: string): Promise<ContentOptions | null> {
  try {
    const note: unknown = JSON.parse(await readFile(file, "utf8"));
    if (isRecord(note) && note["format"] === 1 && isRecord(note["madeWith"]))
      return note["madeWith"] as ContentOptions; // written by `noteOnce`
  } catch (error) {
    if (isMissing(error)) return null;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InputError(`${file} is not an evaluation's note: choose another --output-dir`);
}
