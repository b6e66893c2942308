// The engine `transformers:REPO-or-FOLDER[@dtype]`: any ONNX model of a causal kind, as onnx-community publishes them, on
// transformers.js, one row at a time. For models that we have no graphs of; where there is a choice, local: is faster.
// The library lives in a thread of its own; importing this file loads nothing of it.
import { readdir, realpath } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { asError, isMissing } from "../core/files.js";
import { unlessAborted } from "../core/interrupt.js";
import { hubFiles } from "../hub/files.js";
import { findRepository, folderOrigin, isFolder, REPOSITORY } from "../model/source.js";
import { sessionError, SessionError } from "../onnx/failures.js";
import { openThread, threadFile } from "../onnx/thread.js";
import type { Completion, Engine, Score, Unanswered } from "./engine.js";
import { answerAll } from "./flight.js";
import type { Answer, Question, TransformersStart } from "./transformers-worker.js";

export interface TransformersOptions {
  /** Threads of an operation. Default: all processors. */
  readonly threads?: number;
  /** Where `HF_TOKEN`, `HF_ENDPOINT` and `HF_HOME` are looked up; default the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onNotice?: (text: string) => void;
}

/** What transformers.js appends to the name of a model's graph for each type. */
const SUFFIXES: Readonly<Record<string, string>> = {
  fp32: "",
  fp16: "_fp16",
  q8: "_quantized",
  int8: "_int8",
  uint8: "_uint8",
  q4: "_q4",
  q4f16: "_q4f16",
  bnb4: "_bnb4",
  q2: "_q2",
  q2f16: "_q2f16",
  q1: "_q1",
  q1f16: "_q1f16",
};

/** Where a model was found, and what its thread is started with. */
interface Found {
  readonly origin: string;
  readonly dtype: string;
  readonly start: Pick<TransformersStart, "model" | "hub">;
}

/** Opens a folder or a repository of the Hub. @throws InputError where it holds no such model. */
export async function openTransformers(name: string, options: TransformersOptions = {}): Promise<Engine> {
  const { threads = availableParallelism() } = options;
  const { origin, dtype, start: where } = await find(name, options);
  const called = `model "${name}"`;
  const start: TransformersStart = { ...where, dtype, threads };
  const thread = openThread<Question, Answer>(
    threadFile("transformers-worker.js", import.meta.url),
    start,
    (cause) => {
      const error = asError(cause);
      return new SessionError(`${called}: the thread of transformers.js ended: ${error.message}`, false, {
        cause,
      });
    },
  );
  const opened = await thread.ready;
  if (opened.kind === "failed") {
    await thread.ended;
    throw openFailure(called, opened.message, where.hub !== null);
  }

  /** Settles when all that was asked for is done. */
  let turn: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | null = null;
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  /** What comes of a question and of the steps after it; a signal ends it between two tokens. */
  async function answered(
    question: Question,
    signal: AbortSignal,
    onText: (piece: string) => void = () => undefined,
  ): Promise<Completion | Score | Unanswered> {
    for (let next = question; ; next = { kind: "step" }) {
      signal.throwIfAborted();
      if (closing !== null) throw new SessionError(`${called} was closed before it had answered`, false);
      const answer = await thread.ask(next);
      if (answer.kind !== "going" && answer.kind !== "done")
        throw sessionError(called, answer.kind === "failed" ? answer.message : "no answer");
      if (answer.piece !== "") onText(answer.piece);
      if (answer.kind === "done") return answer.answer;
    }
  }

  async function end(): Promise<void> {
    await turn;
    // A thread that died has ended, too.
    await thread.ask({ kind: "close" }).catch(() => undefined);
    await thread.ended;
  }

  const one = (): number => 1;
  return {
    identity: `transformers ${origin} ${dtype}`,
    generate(requests, signal) {
      return answerAll(
        requests,
        one,
        ({ onText, ...request }, over) =>
          // A cast because a row that was begun is never answered by a score.
          unlessAborted(
            inTurn(() => answered({ kind: "begin", request }, over, onText)),
            over,
          ) as Promise<Completion | Unanswered>,
        signal,
      );
    },
    score(requests, signal) {
      return answerAll(
        requests,
        one,
        (request, over) =>
          unlessAborted(
            inTurn(() => answered({ kind: "score", request }, over)),
            over,
          ) as Promise<Score | Unanswered>,
        signal,
      );
    },
    close: () => (closing ??= end()),
  };
}

/** A folder goes before a repository of the same name; what stands after the last @ is a type where it is the name of one. */
async function find(name: string, options: TransformersOptions): Promise<Found> {
  const at = name.lastIndexOf("@");
  const named = at > 0 && Object.hasOwn(SUFFIXES, name.slice(at + 1)) && !(await isFolder(name));
  const [model, dtype] = named ? [name.slice(0, at), name.slice(at + 1)] : [name, null];
  if (await isFolder(model)) return findFolder(model, dtype);
  const [, repo, revision = "main"] = REPOSITORY.exec(model) ?? [];
  if (repo === undefined)
    throw new InputError(
      `model "${model}" is no folder here and no repository's name; give either, e.g. onnx-community/Qwen2.5-Coder-0.5B-Instruct@q4`,
    );
  return findOnHub(repo, revision, dtype, options);
}

async function findFolder(folder: string, wanted: string | null): Promise<Found> {
  const files = await readdir(path.join(folder, "onnx")).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw asError(error);
  });
  const dtype = choose(`"${folder}"`, files, wanted);
  for (const needed of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
    if (!(await readdir(folder)).includes(needed))
      throw new InputError(`"${folder}" has no ${needed}: add the model's own`);
  }
  const weights = files.filter((file) => file.startsWith(graphOf(dtype))).map((file) => `onnx/${file}`);
  const origin = await folderOrigin(folder, weights);
  return { origin, dtype, start: { model: await realpath(folder), hub: null } };
}

async function findOnHub(
  repo: string,
  revision: string,
  wanted: string | null,
  { env = process.env, onNotice }: TransformersOptions,
): Promise<Found> {
  const { hub, at } = await findRepository(repo, revision, {
    env,
    ...(onNotice === undefined ? {} : { onNotice }),
  });
  const files: string[] = [];
  for await (const { path: file } of hubFiles(hub, at, null))
    if (file.startsWith("onnx/")) files.push(file.slice("onnx/".length));
  const dtype = choose(repo, files, wanted);
  const cache = path.join(env["HF_HOME"] ?? path.join(homedir(), ".cache/huggingface"), "transformers.js");
  const origin = `${repo}@${at.revision}`;
  onNotice?.(`${origin} as ${dtype}: what is missing of it is fetched into ${cache}`);
  const { endpoint } = hub;
  const place = { commit: at.revision, endpoint, token: env["HF_TOKEN"] ?? null, cache };
  return { origin, dtype, start: { model: repo, hub: place } };
}

/** The type that was asked for, or the one that there is; of several fp32, the library's own choice. */
function choose(where: string, files: readonly string[], wanted: string | null): string {
  const there = Object.keys(SUFFIXES).filter((dtype) => files.includes(graphOf(dtype)));
  const [first] = there;
  if (first === undefined)
    throw new InputError(
      `${where} has no onnx/model*.onnx: name a model in transformers.js's layout, or make one with selfalign convert`,
    );
  if (wanted !== null && !there.includes(wanted))
    throw new InputError(
      `${where} has no onnx/${graphOf(wanted)}: choose @${there.join(", @")}, which it has`,
    );
  return wanted ?? first;
}

function graphOf(dtype: string): string {
  return `model${SUFFIXES[dtype] ?? ""}.onnx`;
}

/** The error for a model that did not load, by the library's message. */
function openFailure(called: string, message: string, isFetched: boolean): Error {
  const [said = ""] = message.trim().split("\n");
  if (/Unsupported model type/i.test(said))
    return new InputError(`${called} is of a kind that transformers.js can't run: ${said}`);
  if (/not found locally/.test(said)) return new InputError(`${called} lacks a file: ${said}`);
  if (isFetched && /fetch failed|trying to load file|locate file|Unauthorized|Forbidden/i.test(said))
    return new InputError(
      `${called} could not be fetched: ${said} Check HF_TOKEN and the network, then try again`,
    );
  return sessionError(`${called} can't be opened`, said);
}
