// `replay:` what was answered before: the transcripts of an earlier run, or examples that people wrote. No model runs, and no
// prompt is looked at: a request is answered by its key, or else by what it is about (`transcripts.ts`). What stands in
// neither has no answer, for this engine makes nothing up.
import { open, stat, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { isMissing } from "../core/files.js";
import type { Completion, Engine, GenerateRequest, ScoreRequest, Unanswered } from "./engine.js";
import { answerAll } from "./flight.js";
import { byAbout, byKey, indexTranscripts, readTold, TRANSCRIPT_STEPS } from "./transcripts.js";

/** Why a request has no answer here. */
export const NO_TRANSCRIPT = "no-transcript";

/** Rows that are read at the same time. */
const ROOM = 16;

/** Where a run keeps what engines answered. */
const RUN_FOLDER = "self_oss_output";

/**
 * Opens a JSONL file of transcripts, or the directory of a run whose steps are finished.
 * @throws InputError when it is not there, is empty, or holds what is no transcript.
 */
export async function openReplay(name: string): Promise<Engine> {
  const files = await transcriptFiles(name);
  const index = await indexTranscripts(files);
  if (index.places.size === 0)
    throw new InputError(`replay: "${name}" holds no transcripts: give a run that was made by a model`);
  const handles = await openAll(files);
  const closing = new AbortController();

  async function complete({ key, about, onText }: GenerateRequest): Promise<Completion | Unanswered> {
    const names = about === undefined ? [byKey(key)] : [byKey(key), byAbout(about)];
    for (const wanted of names) {
      const place = index.places.get(wanted);
      if (place === undefined) continue;
      const told = await readTold(index, handles, wanted, place);
      if (!("text" in told)) return { key, ...told };
      onText?.(told.text);
      return { key, tokens: null, ...told };
    }
    return { key, reason: NO_TRANSCRIPT, detail: `no transcript answers ${about ?? `the request ${key}`}` };
  }

  const score = ({ key }: ScoreRequest): Promise<Unanswered> =>
    Promise.resolve({ key, reason: "cannot-score", detail: "transcripts tell no likelihoods: a model does" });
  const until = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
  return {
    identity: `replay:${index.sha256}`,
    generate: (requests, signal) => answerAll(requests, () => ROOM, complete, until(signal)),
    score: (requests, signal) => answerAll(requests, () => ROOM, score, until(signal)),
    async close() {
      closing.abort(new Error("the engine was closed"));
      await Promise.all(handles.map((handle) => handle.close()));
    },
  };
}

/** The file itself, or those of a run. */
async function transcriptFiles(name: string): Promise<readonly string[]> {
  if (name === "") throw new InputError("replay: names nothing; write replay:FILE.jsonl or replay:RUN");
  if (!(await infoOf(name)).isDirectory()) return [name];
  const files = TRANSCRIPT_STEPS.map((step) => path.join(name, RUN_FOLDER, `${step}.completions.jsonl`));
  for (const file of files) await infoOf(file);
  return files;
}

async function infoOf(name: string): Promise<Awaited<ReturnType<typeof stat>>> {
  try {
    return await stat(name);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new InputError(
      `replay: "${name}" is not there: give a file of transcripts, or the directory of a finished run by a model`,
      { cause: error },
    );
  }
}

async function openAll(files: readonly string[]): Promise<FileHandle[]> {
  const handles: FileHandle[] = [];
  try {
    for (const file of files) handles.push(await open(file, "r"));
    return handles;
  } catch (error) {
    await Promise.all(handles.map((handle) => handle.close()));
    throw error;
  }
}
