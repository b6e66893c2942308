// Whether a model still computes what it did: a fixed prompt's highest logit, kept beside the model when it was first run, is
// looked at each time the model is opened. Another processor or runtime moves it a little, a broken kernel or file by much.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { asError, isMissing, writeWhole } from "../core/files.js";
import { InputError } from "../core/errors.js";
import { isLooped, runDecode, type Decoding } from "./run.js";
import { newSlots } from "./slots.js";

const FILE = "selftest.json";
/** Tokens of the prompt: long enough for every layer to matter, short enough to take no time. */
const LENGTH = 16;
/** What eight-bit activations and half floats may differ by between processors, relative to 1 or to the logit. */
const TOLERANCE = 0.05;

interface Known {
  readonly sha256: string;
  readonly highest: number;
}

/** @throws InputError where the model gives no numbers, or others than it first gave. */
export async function selfTest(decoding: Decoding, folder: string, sha256: string): Promise<void> {
  const { vocabulary, positions } = decoding.model;
  const ids = Array.from({ length: Math.min(LENGTH, positions) }, (_, at) => (at * 7_919 + 13) % vocabulary);
  const highest = await highestAfter(decoding, ids);
  if (!Number.isFinite(highest))
    throw new InputError(`the model in "${folder}" gives no numbers (${highest}): convert it again`);
  const file = path.join(folder, FILE);
  const known = await readKnown(file);
  if (known?.sha256 !== sha256) {
    const first: Known = { sha256, highest };
    await writeWhole(file, `${JSON.stringify(first)}\n`).catch((error: unknown) => {
      if (!isOthers(error)) throw asError(error);
    });
  } else if (Math.abs(known.highest - highest) > TOLERANCE * Math.max(1, Math.abs(known.highest)))
    throw new InputError(
      `the model in "${folder}" gives ${highest} where it first gave ${known.highest}: its files or ONNX Runtime have ` +
        `changed; convert it again, or delete ${FILE} if this is meant`,
    );
}

/** The highest logit after a prompt. */
async function highestAfter(decoding: Decoding, ids: readonly number[]): Promise<number> {
  const row = { ids, cached: 0, temperature: 0, topP: 1, topK: null, uniforms: [0] };
  if (isLooped(decoding)) {
    const none = { stopTokens: [], past: null, joining: null, keep: false, signal: undefined };
    const { highest } = await runDecode(decoding, {
      rows: [{ ...row, from: 0, limit: 1 }],
      steps: 1,
      ...none,
    });
    return highest[0] ?? NaN;
  }
  const slots = newSlots(decoding, 1);
  try {
    await slots.reserve(ids.length, []);
    return (await slots.run([row], 0)).highest[0] ?? NaN;
  } finally {
    slots.release();
  }
}

/** A folder that only others write to, or another process that notes the same at this moment. */
function isOthers(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["EACCES", "EPERM", "EROFS", "ENOENT"].includes(code);
}

/** Null where nothing is known, or what is can't be understood. */
async function readKnown(file: string): Promise<Known | null> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw asError(error);
  });
  try {
    return JSON.parse(text) as Known;
  } catch {
    return null;
  }
}
