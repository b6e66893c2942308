// Files of transcripts, what engines answered or people wrote, as an index: which request is answered where. In: JSON lines. Out:
// the place of each answer, to be read when it is asked for; the texts themselves are not held, however many there are.
// A row answers either the request whose key is `of`, or the one that is about `step`, `path`, `function` and `index`.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { linesOf } from "../core/files.js";
import type { FinishReason } from "./engine.js";
import { parsed, type Fields } from "./lines.js";
import { countOf } from "./wire.js";

/** The steps that transcripts are of; also the names of their files in a run. */
export const TRANSCRIPT_STEPS: readonly string[] = ["concepts", "instructions", "responses"];

/** What a row holds of an answer: a text, or why there was none. */
export type Told =
  | {
      readonly text: string;
      readonly finish: FinishReason;
      readonly promptTokens: number | null;
      readonly newTokens: number | null;
    }
  | { readonly reason: string; readonly detail: string };

/** Where a row stands. */
interface Place {
  /** Which of the files, from 0. */
  readonly file: number;
  /** From 1. */
  readonly line: number;
  readonly offset: number;
  readonly length: number;
}

export interface TranscriptIndex {
  readonly files: readonly string[];
  /** By what they answer: see `byKey` and `byAbout`. */
  readonly places: ReadonlyMap<string, Place>;
  /** Of the lines of all files, one after the other. */
  readonly sha256: string;
}

/** Names of answers in an index: a request's key and what it is about can't be taken for one another. */
export const byKey = (key: string): string => `of ${key}`;
export const byAbout = (about: string): string => `about ${about}`;

/**
 * Reads files once, from beginning to end, and notes where their rows are. Blank lines and a missing last newline are no matter.
 * @throws InputError naming file and line where a line is no transcript, or answers what another one answered.
 */
export async function indexTranscripts(files: readonly string[]): Promise<TranscriptIndex> {
  const hash = createHash("sha256");
  const places = new Map<string, Place>();
  for (const [file, name] of files.entries()) {
    let line = 0;
    let offset = 0;
    for await (const { bytes } of linesOf(name)) {
      line++;
      hash.update(bytes).update("\n");
      const place: Place = { file, line, offset, length: bytes.length };
      offset += bytes.length + 1;
      const text = bytes.toString("utf8");
      if (text.trim() === "") continue;
      const read = rowOf(text);
      if (typeof read === "string") throw new InputError(`${name} line ${line} ${read}`);
      const before = places.get(read.answers);
      if (before !== undefined) {
        const there =
          before.file === file ? `line ${before.line}` : `${files[before.file]} line ${before.line}`;
        throw new InputError(`${name} line ${line} answers the same request as ${there}: keep one of them`);
      }
      places.set(read.answers, place);
    }
  }
  return { files, places, sha256: hash.digest("hex") };
}

/**
 * What the row at a place holds.
 * @throws InputError where another row, or none, stands there by now.
 */
export async function readTold(
  { files }: TranscriptIndex,
  handles: readonly FileHandle[],
  answers: string,
  { file, line, offset, length }: Place,
): Promise<Told> {
  const buffer = Buffer.alloc(length);
  await handles[file]?.read(buffer, 0, length, offset);
  const read = rowOf(buffer.toString("utf8"));
  if (typeof read === "string" || read.answers !== answers)
    throw new InputError(
      `${files[file]} line ${line} was changed while it was replayed: run the same command again`,
    );
  return read.told;
}

const KINDS = "{of, text, finish} of a run, or {step, path, function, index, text}";

/** What a line answers and with what, or what is wrong with it. */
function rowOf(text: string): { readonly answers: string; readonly told: Told } | string {
  const row = parsed(text);
  if (row === null) return "is not a JSON object: restore the file, or remove the line";
  const answers = answeredBy(row);
  if (answers === null) return `does not say what it answers: it must be ${KINDS}`;
  const told = toldBy(row);
  return told === null
    ? `holds no answer: it must be ${KINDS}, or have reason and detail for the text`
    : { answers, told };
}

function answeredBy({ of, step, path, function: name, index }: Fields): string | null {
  if (typeof of === "string") return byKey(of);
  const isStep = typeof step === "string" && TRANSCRIPT_STEPS.includes(step);
  const isNamed = typeof path === "string" && typeof name === "string";
  const count = countOf(index);
  return isStep && isNamed && count !== null ? byAbout(`${step} ${path} ${name} ${count}`) : null;
}

function toldBy({ text, finish = "stop", reason, detail, promptTokens, newTokens }: Fields): Told | null {
  if (typeof text === "string") {
    if (finish !== "stop" && finish !== "length") return null;
    return { text, finish, promptTokens: countOf(promptTokens), newTokens: countOf(newTokens) };
  }
  return typeof reason === "string" && typeof detail === "string" ? { reason, detail } : null;
}
