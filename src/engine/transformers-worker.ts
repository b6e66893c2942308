// The thread that owns transformers.js: started by transformers.ts with one model, it draws one row at a time, a token for
// each question, and scores pairs. Of the library it uses the loading of models of any kind, the forward pass and the tokenizer;
// not its generate(), which knows no top-p, no stop strings and one stream of chance for all rows.
import { parentPort, workerData } from "node:worker_threads";
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  LogLevel,
  Tensor,
  type PreTrainedModel,
  type PreTrainedTokenizer,
} from "@huggingface/transformers";
import { asError } from "../core/files.js";
import { newRow, take, type Row } from "../model/rows.js";
import { fromHalf } from "../onnx/floats.js";
import { settle, type ThreadStart } from "../onnx/thread.js";
import { drawnFrom, likeliest, surprise } from "./candidates.js";
import type { Completion, GenerateRequest, Score, ScoreRequest, Unanswered } from "./engine.js";
import { streamDecoder, watchText, type Watched } from "./stops.js";

/** What the thread is started with. */
export interface TransformersStart {
  /** A folder's path, whole, or a repository. */
  readonly model: string;
  /** Of a repository; null for a folder. */
  readonly hub: {
    readonly commit: string;
    readonly endpoint: string;
    readonly token: string | null;
    readonly cache: string;
  } | null;
  readonly dtype: string;
  readonly threads: number;
}

export type Question =
  /** Begins a row; the one before is forgotten. */
  | { readonly kind: "begin"; readonly request: Omit<GenerateRequest, "onText"> }
  /** Draws the row's next token. */
  | { readonly kind: "step" }
  | { readonly kind: "score"; readonly request: ScoreRequest }
  | { readonly kind: "close" };

export type Answer =
  | { readonly kind: "opened" | "closed" }
  /** The row goes on; `piece` is what there is more of its text. */
  | { readonly kind: "going"; readonly piece: string }
  | { readonly kind: "done"; readonly piece: string; readonly answer: Completion | Score | Unanswered }
  | { readonly kind: "failed"; readonly message: string };

interface Opened {
  readonly model: PreTrainedModel;
  readonly tokenizer: PreTrainedTokenizer;
  readonly stopTokens: readonly number[];
  /** Null where the configuration does not tell. */
  readonly positions: number | null;
  readonly vocabulary: number | null;
}

/** Keys and values of a row, by the names of the model's inputs. */
type Cache = Readonly<Record<string, Tensor>>;

interface Passed {
  /** Of the places asked for, one row after the other. */
  readonly logits: Float32Array;
  readonly width: number;
  readonly cache: Cache;
}

interface Current {
  readonly row: Row;
  readonly watched: Watched;
  cache: Cache;
}

// A cast because what a thread is given has no type; transformers.ts gives it this.
const { start, owing } = workerData as ThreadStart<TransformersStart>;
const opening = openModel(start);
let current: Current | null = null;
/** The last prompt as it left the model: samples of one prompt come one after the other. */
let prompted: { readonly ids: readonly number[]; readonly passed: Passed } | null = null;
/** Text since the last answer. */
let heard = "";

// A file of weights that can't be had is a rejection that the library leaves to nobody, and then it waits for ever.
let forgotten: (reason: unknown) => void = () => undefined;
const failing = new Promise<never>((_, reject) => (forgotten = reject));
process.on("unhandledRejection", forgotten);
void answer(async () => {
  await Promise.race([opening, failing]);
  process.off("unhandledRejection", forgotten);
  return { kind: "opened" };
}).then((opened) => opened.kind === "failed" && parentPort?.close());

parentPort?.on("message", (question: Question) => {
  if (question.kind === "begin") void answer(() => begin(question.request));
  else if (question.kind === "step") void answer(step);
  else if (question.kind === "score") void answer(() => score(question.request));
  else void answer(close).then(() => parentPort?.close());
});

async function answer(question: () => Promise<Answer>): Promise<Answer> {
  const given = await question().catch((error: unknown): Answer => ({
    kind: "failed",
    message: asError(error).message,
  }));
  settle(owing);
  parentPort?.postMessage(given);
  return given;
}

async function openModel({ model: name, hub, dtype, threads }: TransformersStart): Promise<Opened> {
  // Failures arrive as errors; the library's log would say them twice.
  env.logLevel = LogLevel.NONE;
  env.useFSCache = hub !== null;
  env.allowRemoteModels = hub !== null;
  env.allowLocalModels = hub === null;
  if (hub !== null) {
    const { endpoint, token, cache } = hub;
    env.cacheDir = cache;
    env.remoteHost = `${endpoint}/`;
    // The library knows its token from the process and sends it to huggingface.co only: here, to the endpoint and nowhere else.
    env.fetch = (input: string | URL, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.delete("authorization");
      if (token !== null && String(input).startsWith(`${endpoint}/`))
        headers.set("authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers });
    };
  }
  const where = { revision: hub?.commit ?? "main", local_files_only: hub === null };
  const tokenizer = await AutoTokenizer.from_pretrained(name, where);
  const model = await AutoModelForCausalLM.from_pretrained(name, {
    ...where,
    // A cast because the library's list of types is none that can be named here; transformers.ts looked for the file.
    dtype: dtype as "fp32",
    device: "cpu",
    session_options: { intraOpNumThreads: threads },
  });
  // What a model may have in its configuration; the library's type has no names for it.
  const config = model.config as unknown as Readonly<Record<string, unknown>>;
  const text = (config["text_config"] ?? {}) as Readonly<Record<string, unknown>>;
  const told = (...names: string[]): number | null =>
    names.flatMap((key) => [config[key], text[key]]).find((value) => typeof value === "number") ?? null;
  const generation = model.generation_config as { readonly eos_token_id?: unknown } | null;
  const ends = [generation?.eos_token_id, config["eos_token_id"], tokenizer.eos_token_id].flat();
  return {
    model,
    tokenizer,
    stopTokens: [...new Set(ends.filter((id) => typeof id === "number"))],
    positions: told("max_position_embeddings", "n_positions", "n_ctx"),
    vocabulary: told("vocab_size"),
  };
}

/** A text's tokens as the model wants them: a prompt with what its tokenizer puts before it, never nothing. */
function idsOf(
  { tokenizer, stopTokens }: Opened,
  text: string | readonly number[],
  isPrompt: boolean,
): number[] {
  const ids = typeof text === "string" ? tokenizer.encode(text, { add_special_tokens: isPrompt }) : [...text];
  if (ids.length > 0 || !isPrompt) return ids;
  // Many tokenizers have no token to begin with, whatever the library's type says.
  return [[tokenizer.bos_token_id, ...stopTokens].find((id) => typeof id === "number") ?? 0];
}

/** Why the model can't take these tokens and `more` of its own. */
function refusal(
  { positions, vocabulary }: Opened,
  key: string,
  ids: readonly number[],
  more: number,
): Unanswered | null {
  const wrong = ids.find((id) => id < 0 || (vocabulary !== null && id >= vocabulary));
  if (wrong !== undefined) {
    const detail = `${wrong} is no token of the model${vocabulary === null ? "" : `, which has ${vocabulary}`}`;
    return { key, reason: "unknown-token", detail };
  }
  if (positions === null || ids.length + more <= positions) return null;
  const detail = `${ids.length} tokens; the model has ${positions} positions`;
  return { key, reason: more > 0 ? "prompt-too-long" : "text-too-long", detail };
}

async function begin({ key, prompt, stop, ...asked }: Omit<GenerateRequest, "onText">): Promise<Answer> {
  const opened = await opening;
  const ids = idsOf(opened, prompt, true);
  const refused = refusal(opened, key, ids, 1);
  if (refused !== null) return done(refused);
  const room = (opened.positions ?? Infinity) - ids.length;
  heard = "";
  const decode = (some: readonly number[]): string =>
    opened.tokenizer.decode([...some], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  const watched = watchText({ streamDecoder: () => streamDecoder(decode) }, stop, (piece) => {
    heard += piece;
  });
  const { temperature, topP, topK = null, seed } = asked;
  const maxTokens = Math.min(asked.maxTokens, room);
  const limits = { key, prompt: ids, maxTokens, temperature, topP, topK, seed, watch: watched.begin };
  current = { row: newRow(limits), watched, cache: {} };
  return { kind: "going", piece: "" };
}

async function step(): Promise<Answer> {
  const opened = await opening;
  if (current === null) throw new Error("internal: no row has begun");
  const { row, watched, cache } = current;
  const { prompt } = row.request;
  const last = row.drawn.at(-1);
  const passed =
    last === undefined
      ? await promptPass(opened, prompt)
      : await pass(opened, [last], prompt.length + row.drawn.length, cache, 1);
  current.cache = passed.cache;
  const candidates = likeliest(passed.logits.subarray(0, passed.width));
  const ended = take(row, [drawnFrom(candidates, row.request, row.next())], opened.stopTokens);
  if (ended === null) return { kind: "going", piece: takeHeard() };
  current = null;
  const { key } = row.request;
  const counts = { promptTokens: prompt.length, newTokens: row.drawn.length };
  return done({ key, text: watched.text(), tokens: row.drawn, finish: ended, ...counts });
}

async function score({ key, prompt, text }: ScoreRequest): Promise<Answer> {
  const opened = await opening;
  const [before, own] = [idsOf(opened, prompt, true), idsOf(opened, text, false)];
  if (own.length === 0) return done({ key, reason: "empty-text", detail: "no token to score" });
  const ids = [...before, ...own];
  const refused = refusal(opened, key, ids, 0);
  if (refused !== null) return done(refused);
  const { logits, width } = await pass(opened, ids, ids.length, null, own.length + 1);
  const nlls = own.map((token, at) => surprise(logits.subarray(at * width, (at + 1) * width), token));
  return done({ key, nll: nlls.reduce((sum, nll) => sum + nll, 0) / own.length, tokens: own.length });
}

async function close(): Promise<Answer> {
  await (await opening).model.dispose();
  return { kind: "closed" };
}

function done(answered: Completion | Score | Unanswered): Answer {
  return { kind: "done", piece: takeHeard(), answer: answered };
}

function takeHeard(): string {
  const piece = heard;
  heard = "";
  return piece;
}

async function promptPass(opened: Opened, ids: readonly number[]): Promise<Passed> {
  if (prompted === null || prompted.ids.join() !== ids.join())
    prompted = { ids, passed: await pass(opened, ids, ids.length, null, 1) };
  return prompted.passed;
}

/** One run of the model on tokens that are new to the cache; `keep` is how many of the last places' logits are wanted. */
async function pass(
  { model }: Opened,
  ids: readonly number[],
  length: number,
  cache: Cache | null,
  keep: number,
): Promise<Passed> {
  // A cast because the library types a model's outputs as anything.
  const outputs = (await model.forward({
    input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
    attention_mask: new Tensor("int64", new BigInt64Array(length).fill(1n), [1, length]),
    num_logits_to_keep: new Tensor("int64", BigInt64Array.of(BigInt(keep)), []),
    past_key_values: cache,
  })) as Readonly<Record<string, Tensor>>;
  const logits = outputs["logits"];
  if (logits === undefined) throw new Error("the model gives no logits");
  const width = logits.dims.at(-1) ?? 0;
  const data = logits.data as Float32Array | Uint16Array;
  return {
    // Models that know no limit give the logits of all places.
    logits: singles(data.slice(-keep * width)),
    width,
    cache: Object.fromEntries(
      Object.entries(outputs)
        .filter(([name]) => name.startsWith("present"))
        .map(([name, tensor]) => [inputOf(name), tensor]),
    ),
  };
}

/** Half floats are bits, or, where Node has an array for them, numbers. */
function singles(data: Float32Array | Uint16Array): Float32Array {
  if (data instanceof Float32Array) return data;
  return data instanceof Uint16Array ? fromHalf(data) : Float32Array.from(data);
}

/** `present.0.key` is fed as `past_key_values.0.key`, `present_conv.0` as `past_conv.0`. */
function inputOf(output: string): string {
  return output.replace(/^present_/, "past_").replace(/^present/, "past_key_values");
}
